"""`eventCursor`: whatever is read beside it is no older."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.held import HeldClock
from tests.installed_apps.world import World, make_world


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


@pytest.mark.parametrize(
    "document", ["{ %s eventCursor }", "{ %s later: eventCursor }", "{ %s ...End } fragment End on Query { eventCursor }"]
)
async def test_the_end_of_the_log_is_read_before_any_list_beside_it(
    world: World, caplog: pytest.LogCaptureFixture, document: str
) -> None:
    lists = "monitors { nodes { id } } integrations { nodes { id } } installedApps { nodes { id } }"

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        for _ in range(2):  # the second time the document is known
            await world.ask(document % lists, world.people.ada)

    of_counter = ['"counter"' in record.getMessage() for record in caplog.records]
    assert of_counter == [True, False, False, False] * 2
