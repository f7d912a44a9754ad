"""A statement that is written once finds what its query would find, whatever it is asked with."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from tortoise.queryset import QuerySet

from app.monitors.models import Monitor
from app.storage.written import Written
from tests.sign_ins.world import write

pytestmark = pytest.mark.usefixtures("database")

NOON, HOUR = datetime(2026, 11, 21, 12, tzinfo=UTC), timedelta(hours=1)
ONE, ANOTHER = UUID(int=1), UUID(int=2)


async def add(team_id: UUID, key: str, at: datetime) -> None:
    await write(lambda: Monitor.create(id=uuid4(), team_id=team_id, key=key, name=key, created_at=at))


async def test_it_is_written_once_and_finds_with_each_value_what_its_query_finds() -> None:
    made = []

    def since(team_id: UUID, key: str, moment: datetime, most: int) -> QuerySet[Monitor]:
        made.append(moment)
        named = Monitor.filter(team_id=team_id, created_at__gte=moment - HOUR, key__not=key)
        return named.order_by("-created_at").limit(most)

    for team_id in (ONE, ANOTHER):
        for number in range(4):
            await add(team_id, f"at {number}", NOON + number * HOUR)
    written = Written(since)

    asked = [(ONE, "at 3", NOON + 2 * HOUR, 9), (ANOTHER, "", NOON + 4 * HOUR, 9), (ANOTHER, "at 1", NOON, 2)]
    found = [await written.ask(*values) for values in asked]
    made_for_it = len(made)

    assert [[(row.team_id, row.key) for row in rows] for rows in found] == [
        [(row.team_id, row.key) for row in await since(*values)] for values in asked
    ]
    assert [len(rows) for rows in found] == [2, 1, 2]
    assert made_for_it == 1


async def test_one_of_nothing_is_none() -> None:
    written = Written(lambda key: Monitor.filter(key=key))

    before = await written.ask_one("here")
    await add(ONE, "here", NOON)
    after = await written.ask_one("here")

    assert (before, after is not None and after.key) == (None, "here")


async def test_a_query_that_makes_something_else_of_a_value_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no place for some of its values: \[1\]"):
        await Written(lambda key, name: Monitor.filter(key=key, name__startswith=name)).ask("here", "h")
