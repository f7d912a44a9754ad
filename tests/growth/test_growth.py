"""However many rows the tables have, a page or a count looks at a bounded number of them, each found by an index."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH
from tests.growth.filling import Size, fill
from tests.growth.lists import LISTS, OF_MANY, lists_of
from tests.growth.plans import work_of
from tests.held import HeldClock
from tests.installed_apps.world import World, make_world, schema
from tests.journeys.soaking import full, say

MOST_READ = MOST_LOOKED_THROUGH + 500
"""Rows for a page. Of a list by several kinds, providers and statuses it reads one more of each than it shows."""

MOST_READ_TO_COUNT = 2 * MOST_COUNTED

UNLISTED = {"DeleteInstalledAppPayload.stoppedIntegrations"}
"""As `InstalledApp.integrations`, of one that was deleted: all of its integrations have stopped then."""


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


def test_every_list_of_the_schema_is_asked_for_here_by_each_of_its_filters() -> None:
    asked = {each.name: " ".join(each.filters) for each in LISTS}

    found = lists_of(schema()._schema)  # noqa: SLF001 - its lists say what they are, which no text of it does

    assert found.keys() - UNLISTED == asked.keys()
    assert [f"{name}: {one}" for name in asked for one in found[name] if f"{one}:" not in asked[name]] == []


async def test_pages_and_counts_look_at_few_of_many_rows(world: World, database: str, caplog: pytest.LogCaptureFixture) -> None:
    await assert_bounded(world, database, Size(rows=20_000, things=20_000), caplog)


@pytest.mark.endurance
async def test_pages_and_counts_look_at_as_few_of_a_million_rows(
    world: World, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    size = Size(rows=full(1_000_000, ci=100_000), things=full(50_000, ci=12_000))
    most, statements = await assert_bounded(world, database, size, caplog)
    say(f"{size}: {statements} statements, of which none looked at more than {most} rows")


async def assert_bounded(world: World, url: str, size: Size, caplog: pytest.LogCaptureFixture) -> tuple[int, int]:
    """Return the most rows that a statement looked at, and how many statements there were."""
    viewer = world.people.ada
    await fill(url, size, team_id=viewer.team_id, member_id=viewer.member_id)
    documents = [*OF_MANY]
    for each in LISTS:
        start, end = [
            await ask(world, each.asking(part, "pageInfo { startCursor endCursor }")) for part in ("first: 30", "last: 30")
        ]
        documents += each.operations(after=cursors(end)["startCursor"], before=cursors(start)["endCursor"])

    wrong: list[str] = []
    most = statements = 0
    for document in documents:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            await ask(world, document)
        bound = MOST_READ_TO_COUNT if "totalCount" in document else MOST_READ
        for sql, values in [record.args for record in caplog.records if isinstance(record.args, tuple)]:
            work = await work_of(url, str(sql), list(values))  # type: ignore[call-overload]  # a record's arguments are objects
            most, statements = max(most, work.read), statements + 1
            if work.scanned or work.read > bound:
                wrong.append(f"{work}: {document}: {sql}")

    assert "\n".join(each[:400] for each in wrong) == ""
    return most, statements


async def ask(world: World, document: str) -> Any:
    return await world.ask(document, world.people.ada)


def cursors(found: Any) -> Any:
    """Return the `pageInfo` of the list, wherever it stands."""
    while "pageInfo" not in found:
        [found] = found.values()
    return found["pageInfo"]
