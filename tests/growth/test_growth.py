"""However many rows the tables have, a page or a count looks at a bounded number of them, each found by an index."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH
from tests.databases import POSTGRES_URL
from tests.growth.filling import LISTENERS, Size, fill, look
from tests.growth.lists import LISTS, OF_MANY, lists_of
from tests.growth.plans import work_of
from tests.held import HeldClock
from tests.installed_apps.world import World, make_world, schema
from tests.journeys.soaking import full, say

MOST_READ = 5 * MOST_LOOKED_THROUGH // 2
"""Rows for a page. Of a list by several kinds, providers and statuses it reads one more of each than it shows. A server may
rather go through some thousand rows of one app than through so many of the list."""

MOST_READ_TO_COUNT = 4 * MOST_COUNTED
"""A server goes rather through all of a table that has so few more."""

FEW = 3 * LISTENERS
"""So many rows a server may rather go through than look up: of a table that has no more than hear of one monitor."""

UNLISTED = {
    "DeleteInstalledAppPayload.stoppedIntegrations",  # as InstalledApp.integrations, of one that was deleted: all of its stopped
    "AddInstalledAppPayload.couldBringBack",  # looked through as a search of Query.integrations is
    "AddIntegrationPayload.couldBringBack",  # as above
    "ReauthenticateIntegrationsPayload.integrations",  # of 2,000 at most, by their ids
    "ReauthenticateIntegrationsPayload.refused",  # as above
}
"""Lists that are found in the way of another one."""


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


def test_every_list_of_the_schema_is_asked_for_here_in_each_of_its_ways() -> None:
    asked = {each.name: " ".join((*each.filters, *each.arguments)) for each in LISTS}

    found = lists_of(schema()._schema)  # noqa: SLF001 - its lists say what they are, which no text of it does

    assert found.keys() - UNLISTED == asked.keys()
    assert [f"{name}: {one}" for name in asked for one in found[name] if f"{one}:" not in asked[name]] == []


@pytest.mark.endurance
@pytest.mark.parametrize(("size", "looked_at"), [(Size(1_000, 1_000), True), (Size(20_000, 20_000), False)])
async def test_pages_and_counts_look_at_few_of_many_rows(
    size: Size, looked_at: bool, world: World, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(database, size, team_id=world.people.team_id, member_id=world.people.ada.member_id)
    if looked_at or POSTGRES_URL:  # a server looks by itself, sooner or later
        await look(database)

    found = await findings(world, database, caplog)

    assert found == []


@pytest.mark.endurance
async def test_pages_and_counts_look_at_as_few_of_a_million_rows(
    world: World, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    size = Size(rows=full(1_000_000, ci=100_000), things=full(50_000, ci=20_000))
    await fill(database, size, team_id=world.people.team_id, member_id=world.people.ada.member_id)

    before = await findings(world, database, caplog)
    await look(database)
    behind = await findings(world, database, caplog)

    assert (before, behind) == ([], [])


async def findings(world: World, url: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the statements that looked at more rows than they may, of whatever can be asked."""
    documents = [*OF_MANY]
    for each in LISTS:
        start, end = [
            await ask(world, each.asking(part, "pageInfo { startCursor endCursor }")) for part in ("first: 30", "last: 30")
        ]
        documents += each.operations(after=cursors(end)["startCursor"], before=cursors(start)["endCursor"])
    found: list[str] = []
    most = statements = 0
    for document in documents:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            await ask(world, document)
        bound = MOST_READ_TO_COUNT if "totalCount" in document else MOST_READ
        for sql, values in [record.args for record in caplog.records if isinstance(record.args, tuple)]:
            work = await work_of(url, str(sql), list(values))  # type: ignore[call-overload]  # a record's arguments are objects
            most, statements = max(most, work.read), statements + 1
            # To count the first 10,000 of a list, a server may rather go through all of a table that has few more.
            if work.read > bound or (work.scanned and bound == MOST_READ and work.read > FEW):
                found.append(f"{work}: {document}: {sql}"[:600])
    say(f"{statements} statements, of which none looked at more than {most} rows")
    return found


async def ask(world: World, document: str) -> Any:
    return await world.ask(document, world.people.ada)


def cursors(found: Any) -> Any:
    """Return the `pageInfo` of the list, wherever it stands."""
    while "pageInfo" not in found:
        [found] = found.values()
    return found["pageInfo"]
