from hypothesis import given, strategies as st

from app.providers._git.pages import Position, cut, read_position
from app.providers.contract import Failure, Fault

NAMES = ("page", "page_token")


@given(
    count=st.integers(0, 120),
    limits=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    first=st.integers(1, 40),
)
def test_pages_of_any_size_give_everything_once_and_in_order(count: int, limits: list[int], first: int) -> None:
    everything, found = list(range(count)), list[int]()
    cursor: str | None = None
    for turn in range(count + 2):
        limit = first if turn == 0 else limits[turn % len(limits)]

        at = read_position(cursor, limit=limit, names=NAMES, server="It")
        assert isinstance(at, Position)
        page = int(at.query.get("page", "1"))
        start, end = (page - 1) * at.size, page * at.size
        items, cursor = cut(everything[start:end], at, limit=limit, following={"page": str(page + 1)} if end < count else None)

        assert len(items) <= limit
        found.extend(items)
        if cursor is None:
            break

    assert (found, cursor) == (everything, None)


@given(st.text(max_size=80))
def test_a_cursor_that_anybody_wrote_names_a_page_or_is_refused(cursor: str) -> None:
    at = read_position(cursor, limit=20, names=NAMES, server="It")

    if isinstance(at, Failure):
        assert at.fault is Fault.REFUSED
    else:
        assert set(at.query) <= set(NAMES)
        assert 1 <= at.size <= 100


def test_a_link_that_leads_to_itself_is_the_end() -> None:
    assert cut([1, 2], Position({"page": "2"}, size=2), limit=2, following={"page": "2"}) == ((1, 2), None)


def test_a_cursor_of_another_list_is_refused() -> None:
    for cursor in ("", "page=2", "id_after=7&size=20&skip=0", "page=2&size=0&skip=0", "page=2&size=101&skip=0", "size=x&skip=0"):
        assert isinstance(read_position(cursor, limit=20, names=NAMES, server="It"), Failure)
