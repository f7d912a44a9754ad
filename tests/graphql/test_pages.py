"""Pages of rows, against what slicing a whole list gives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tortoise.expressions import Q

from app.errors import BadUserInput, Refusal, UserErrorCode
from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH, Arguments, ForwardArguments
from app.graphql.cursors import ColumnCursors, write_position
from app.graphql.groups import Groups
from app.graphql.pages import look_through, paginate, paginate_each
from app.graphql.provider_pages import PROVIDER_PAGE, from_provider_pages
from app.log.events import Event
from app.storage import database as app_database

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ORDER = ("-occurred_at", "-id")
ON_A_REAL_DATABASE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def store(team_id: UUID, milliseconds: Sequence[int], *, parents: Sequence[UUID] = (), types: str = "A") -> None:
    """Give the team an event at each of these moments, the n-th with the n-th parent and the n-th type in turn."""
    rows = [
        Event(
            id=uuid4(),
            team_id=team_id,
            sequence=number,
            type=types[number % len(types)],
            occurred_at=START + timedelta(milliseconds=moment),
            subject_id=parents[number % len(parents)] if parents else uuid4(),
            summary="",
        )
        for number, moment in enumerate(milliseconds)
    ]
    await app_database.write(lambda connection: Event.bulk_create(rows, using_db=connection))


moments = st.lists(st.sampled_from([0, 1, 500, 999, 1_000, 1_001]), max_size=12)
sizes = st.integers(1, 5)


@given(moments, sizes, st.sampled_from([ORDER, ("occurred_at", "id"), ("-type", "-occurred_at", "-id"), ("sequence",)]))
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_paging_forward_visits_every_row_once_and_in_order(
    milliseconds: list[int], size: int, order: tuple[str, ...]
) -> None:
    team_id = uuid4()
    await store(team_id, milliseconds)
    everything = await Event.filter(team_id=team_id).order_by(*order)

    seen: list[UUID] = []
    after: str | None = None
    while True:
        page = await paginate(Event.filter(team_id=team_id), Arguments.check(first=size, after=after), order=order)
        seen += [row.id for row in page.rows]
        assert page.has_previous is (after is not None)
        assert page.has_next is (len(seen) < len(everything))
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert seen == [row.id for row in everything]
    assert await page.count() == len(everything)


@given(moments, sizes)
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_paging_backward_visits_every_row_once_and_in_order(milliseconds: list[int], size: int) -> None:
    team_id = uuid4()
    await store(team_id, milliseconds)
    everything = await Event.filter(team_id=team_id).order_by(*ORDER)

    seen: list[UUID] = []
    before: str | None = None
    while True:
        page = await paginate(Event.filter(team_id=team_id), Arguments.check(last=size, before=before), order=ORDER)
        seen = [*(row.id for row in page.rows), *seen]
        assert page.has_next is (before is not None)
        assert page.has_previous is (len(seen) < len(everything))
        if not page.has_previous:
            break
        before = page.cursors[0]

    assert seen == [row.id for row in everything]


@given(moments, st.data())
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_any_part_is_the_part_that_slicing_gives(milliseconds: list[int], data: st.DataObject) -> None:
    team_id = uuid4()
    await store(team_id, milliseconds)
    everything = await Event.filter(team_id=team_id).order_by(*ORDER)
    whole = await paginate(Event.filter(team_id=team_id), Arguments.check(first=100), order=ORDER)
    places = st.none() if not everything else st.none() | st.integers(0, len(everything) - 1)
    after, before, size = data.draw(places), data.draw(places), data.draw(sizes)
    backward = data.draw(st.booleans())

    arguments = Arguments.check(
        first=None if backward else size,
        last=size if backward else None,
        after=None if after is None else whole.cursors[after],
        before=None if before is None else whole.cursors[before],
    )
    page = await paginate(Event.filter(team_id=team_id), arguments, order=ORDER)

    within = everything[0 if after is None else after + 1 : len(everything) if before is None else before]
    expected = within[-size:] if backward else within[:size]
    more = len(within) > size
    assert [row.id for row in page.rows] == [row.id for row in expected]
    assert (page.has_next, page.has_previous) == ((before is not None, more) if backward else (more, after is not None))


@given(moments, st.lists(st.tuples(st.integers(0, 3), sizes, st.booleans()), min_size=1, max_size=6))
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_many_parents_get_the_pages_that_each_would_get_alone(
    milliseconds: list[int], asked: list[tuple[int, int, bool]]
) -> None:
    team_id = uuid4()
    parents = [uuid4() for _ in range(3)]
    await store(team_id, milliseconds, parents=parents)
    await store(uuid4(), milliseconds, parents=parents)
    parents.append(uuid4())
    rows = Event.filter(team_id=team_id)
    keys = [
        (parents[at], Arguments.check(last=size) if backward else Arguments.check(first=size)) for at, size, backward in asked
    ]

    pages = await paginate_each(rows, keys, by="subject_id", order=ORDER)

    for (parent, arguments), page in zip(keys, pages, strict=True):
        alone = await paginate(rows.filter(subject_id=parent), arguments, order=ORDER)
        assert [row.id for row in page.rows] == [row.id for row in alone.rows]
        assert (page.cursors, page.has_next, page.has_previous) == (alone.cursors, alone.has_next, alone.has_previous)
        assert await page.count() == await alone.count()


@pytest.mark.usefixtures("database")
async def test_many_parents_go_on_from_a_cursor() -> None:
    team_id, parent = uuid4(), uuid4()
    await store(team_id, [1, 2, 3, 4], parents=[parent])
    rows = Event.filter(team_id=team_id)

    [first] = await paginate_each(rows, [(parent, Arguments.check(first=3))], by="subject_id", order=ORDER)
    [second] = await paginate_each(
        rows, [(parent, Arguments.check(first=3, after=first.cursors[-1]))], by="subject_id", order=ORDER
    )

    assert [row.sequence for row in (*first.rows, *second.rows)] == [3, 2, 1, 0]
    assert (first.has_next, second.has_next) == (True, False)


@given(moments, sizes, st.sets(st.sampled_from("ABC")), st.booleans())
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_groups_make_one_list_of_their_rows(milliseconds: list[int], size: int, types: set[str], backward: bool) -> None:
    team_id, groups = uuid4(), Groups(("type",), [(each,) for each in types])
    await store(team_id, milliseconds, types="ABD")
    rows = Event.filter(team_id=team_id)
    expected = await rows.filter(type__in=list(types)).order_by(*ORDER)

    seen: list[UUID] = []
    cursor: str | None = None
    while True:
        arguments = Arguments.check(last=size, before=cursor) if backward else Arguments.check(first=size, after=cursor)
        page = await paginate(rows, arguments, order=ORDER, groups=groups)
        seen = [*(row.id for row in page.rows), *seen] if backward else [*seen, *(row.id for row in page.rows)]
        if not (page.has_previous if backward else page.has_next):
            break
        cursor = page.cursors[0 if backward else -1]

    assert seen == [row.id for row in expected]
    assert await page.count() == len(expected)


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.usefixtures("database")
async def test_what_is_looked_for_is_found_though_a_page_goes_only_so_far(backward: bool) -> None:
    team_id = uuid4()
    await store(team_id, range(2 * MOST_LOOKED_THROUGH + 2))
    rows = Event.filter(team_id=team_id)
    sought = Q(sequence__in=[0, 1, MOST_LOOKED_THROUGH + 5, 2 * MOST_LOOKED_THROUGH + 1])

    found: list[list[int]] = []
    cursor: str | None = None
    while True:
        arguments = Arguments.check(last=2, before=cursor) if backward else Arguments.check(first=2, after=cursor)
        page = await look_through(rows, arguments, sought, order=("sequence",))
        found.append([row.sequence for row in page.rows])
        if not (page.has_previous if backward else page.has_next):
            break
        cursor = page.cursors[0 if backward else -1] if page.rows else page.resume

    forward = [[0, 1], [], [MOST_LOOKED_THROUGH + 5, 2 * MOST_LOOKED_THROUGH + 1]]
    assert found == (forward[::-1] if backward else forward)
    assert await page.count() == 4


@pytest.mark.usefixtures("database")
async def test_a_total_ends_where_it_is_said_to() -> None:
    team_id, parents = uuid4(), [uuid4()]
    await store(team_id, range(MOST_COUNTED + 1), parents=parents)
    rows = Event.filter(team_id=team_id)
    first, last = Arguments.check(first=1), Q(sequence__in=[MOST_COUNTED - 1, MOST_COUNTED])

    of_parent, of_another = await paginate_each(
        rows, [(parents[0], first), (uuid4(), first)], by="subject_id", order=("sequence",)
    )
    pages = [
        await paginate(rows, first, order=("sequence",)),
        await paginate(rows, first, order=("sequence",), groups=Groups(("type",), [("A",), ("B",)])),
        await look_through(rows, first, last, order=("sequence",)),
        of_parent,
        of_another,
    ]

    assert [await page.count() for page in pages] == [MOST_COUNTED, MOST_COUNTED, 1, MOST_COUNTED, 0]


@pytest.mark.usefixtures("database")
async def test_what_is_added_or_deleted_meanwhile_shifts_nothing() -> None:
    team_id = uuid4()
    await store(team_id, [10, 20, 30, 40])
    rows = Event.filter(team_id=team_id)
    first = await paginate(rows, Arguments.check(first=2), order=ORDER)

    gone = Event.filter(id=first.rows[-1].id)
    await app_database.write(lambda connection: gone.using_db(connection).delete())
    second = await paginate(rows, Arguments.check(first=2, after=first.cursors[-1]), order=ORDER)

    assert [row.sequence for row in (*first.rows, *second.rows)] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("first", "last"), [(0, None), (-1, None), (101, None), (2**31 - 1, None), (None, 0), (None, -1), (None, 101), (1, 1)]
)
def test_sizes_that_make_no_sense_are_refused(first: int | None, last: int | None) -> None:
    with pytest.raises(BadUserInput):
        Arguments.check(first=first, last=last)


def test_without_a_size_a_page_has_twenty() -> None:
    assert Arguments.check() == Arguments(first=20)
    assert ForwardArguments.check() == ForwardArguments(first=20)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda content: write_position([content.hex()])))
@ON_A_REAL_DATABASE
@pytest.mark.usefixtures("database")
async def test_a_cursor_that_the_list_did_not_give_out_is_refused(cursor: str) -> None:
    with pytest.raises(BadUserInput):
        await paginate(Event.filter(team_id=uuid4()), Arguments.check(after=cursor), order=ORDER)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("order", [("-sequence",), ("occurred_at", "id"), ("-type", "-id")])
async def test_a_cursor_of_another_order_is_refused(order: tuple[str, ...]) -> None:
    team_id = uuid4()
    await store(team_id, [1])
    page = await paginate(Event.filter(team_id=team_id), Arguments.check(), order=order)

    with pytest.raises(BadUserInput):
        await paginate(Event.filter(team_id=team_id), Arguments.check(before=page.cursors[0]), order=ORDER)


@pytest.mark.usefixtures("database")
async def test_a_list_that_goes_two_ways_has_no_cursors() -> None:
    order = ("-occurred_at", "id")
    cursor = ColumnCursors(Event, order).write([START, uuid4()])

    with pytest.raises(ValueError, match="one way in all of its columns"):
        await paginate(Event.filter(team_id=uuid4()), Arguments.check(after=cursor), order=order)


@given(st.integers(0, 230), st.integers(1, 100), st.sampled_from([1, 7, 100]))
@settings(deadline=None, max_examples=50)
async def test_a_providers_pages_become_ours(length: int, size: int, given_out: int) -> None:
    asked: list[int] = []

    async def fetch(cursor: str | None, limit: int) -> tuple[list[int], str | None]:
        asked.append(limit)
        start = int(cursor or 0)
        end = min(start + max(limit * given_out // 100, 1), length)
        return list(range(start, end)), str(end) if end < length else None

    seen: list[int] = []
    after: str | None = None
    for _ in range(length + 2):
        page = await from_provider_pages(fetch, ForwardArguments.check(first=size, after=after))
        seen += page.rows
        assert len(page.rows) == len(page.cursors) <= size
        if not page.has_next:
            break
        after = page.cursors[-1] if page.cursors else page.resume

    assert seen == list(range(length))
    assert set(asked) == {PROVIDER_PAGE}


@pytest.mark.parametrize("code", [UserErrorCode.PROVIDER_BUSY, UserErrorCode.PROVIDER_UNREACHABLE])
@pytest.mark.parametrize("first", [["a", "b"], []])
async def test_a_provider_that_gives_out_in_the_middle_leaves_what_it_gave_and_where_to_go_on(
    code: UserErrorCode, first: list[str]
) -> None:
    async def give_out(cursor: str | None, _: int) -> tuple[list[str], str | None]:
        if cursor is not None:
            raise Refusal(code, "Not now.")
        return first, "more"

    async def go_on(cursor: str | None, _: int) -> tuple[list[str], str | None]:
        return ([f"behind {cursor}"], None)

    page = await from_provider_pages(give_out, ForwardArguments.check())
    rest = await from_provider_pages(go_on, ForwardArguments.check(after=page.cursors[-1] if page.cursors else page.resume))
    with pytest.raises(Refusal):
        await from_provider_pages(give_out, ForwardArguments.check(after=page.resume))

    assert (page.rows, page.has_next) == (first, True)
    assert (rest.rows, rest.has_next) == (["behind more"], False)


async def test_what_a_provider_refuses_for_good_is_said_also_in_the_middle() -> None:
    async def refuse(cursor: str | None, _: int) -> tuple[list[str], str | None]:
        if cursor is not None:
            raise Refusal(UserErrorCode.PROVIDER_REFUSED, "No.")
        return [], "more"

    with pytest.raises(Refusal, match="No"):
        await from_provider_pages(refuse, ForwardArguments.check())


async def test_a_search_that_finds_nothing_for_long_can_be_gone_on_with() -> None:
    async def fetch(cursor: str | None, _: int) -> tuple[list[str], str | None]:
        page = int(cursor or 0)
        return (["found"], None) if page == 25 else ([], str(page + 1))

    after: str | None = None
    pages = 0
    found: list[str] = []
    while not found:
        page = await from_provider_pages(fetch, ForwardArguments.check(after=after))
        found += page.rows
        after = page.cursors[-1] if page.cursors else page.resume
        pages += 1

    assert (found, pages) == (["found"], 3)


@pytest.mark.parametrize(
    "after", ["", "x", write_position([1, 1]), write_position(["x", -1]), write_position(["x", 101]), write_position(["x"])]
)
async def test_a_cursor_that_no_provider_page_gave_out_is_refused(after: str) -> None:
    async def fetch(*_: object) -> tuple[list[str], str | None]:
        raise AssertionError("nothing is asked")

    with pytest.raises(BadUserInput):
        await from_provider_pages(fetch, ForwardArguments.check(after=after))
