"""What is kept of rows is forgotten with the first news of their team, and after a second in any case."""

from uuid import UUID

from app.log.kept_rows import KEPT_SECONDS, KeptRows
from tests.held import HeldSeconds

TEAM, OTHER = UUID(int=1), UUID(int=2)


def rows(seconds: HeldSeconds | None = None) -> KeptRows[str, int]:
    return KeptRows(now=seconds or HeldSeconds())


def read(kept: KeptRows[str, int], key: str, value: int, *, team: UUID = TEAM) -> None:
    kept.keep(key, value, team_id=team, begun=kept.begin())


def test_what_was_read_is_found_for_a_second_from_when_its_reading_began() -> None:
    seconds = HeldSeconds()
    kept = rows(seconds)
    begun = kept.begin()
    seconds.now += KEPT_SECONDS / 2
    kept.keep("a", 1, team_id=TEAM, begun=begun)

    soon = kept.find("a")
    seconds.now += KEPT_SECONDS / 2
    late = kept.find("a")

    assert (soon, late) == (1, None)


def test_news_of_a_team_takes_what_is_of_that_team() -> None:
    kept = rows()
    read(kept, "a", 1)
    read(kept, "b", 2)
    read(kept, "c", 3, team=OTHER)

    kept.forget(TEAM)

    assert [kept.find(key) for key in "abc"] == [None, None, 3]


def test_where_any_team_may_have_news_nothing_is_kept() -> None:
    kept = rows()
    read(kept, "a", 1)
    read(kept, "c", 3, team=OTHER)

    kept.forget(None)

    assert [kept.find(key) for key in "ac"] == [None, None]


def test_what_was_being_read_when_news_came_is_not_kept() -> None:
    kept = rows()
    begun = kept.begin()

    kept.forget(TEAM)
    kept.keep("a", 1, team_id=TEAM, begun=begun)

    assert kept.find("a") is None


def test_what_is_read_anew_takes_the_place_of_what_was_read_before() -> None:
    kept = rows()
    read(kept, "a", 1)
    read(kept, "a", 2)

    found = kept.find("a")
    kept.forget(TEAM)

    assert (found, kept.find("a")) == (2, None)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    kept = rows()
    for number in range(10_000):
        read(kept, str(number), number, team=UUID(int=number))

    found = sum(kept.find(str(number)) is not None for number in range(10_000))

    assert 0 < found <= 2_000
    assert kept.find("9999") == 9_999
