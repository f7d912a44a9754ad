"""What a run costs in the database, from its being reported until it stands in the channel."""

import logging

import pytest

from tests.deliveries.world import SECOND, World, statuses

RECORDED, CLAIMED, POSTED, SETTLED = 4, 4, 1, 3
"""Trips to the database, besides the beginning and the end of each transaction: to a server each is one statement."""


async def test_a_run_takes_so_many_trips_until_it_is_delivered(world: World, caplog: pytest.LogCaptureFixture) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.deliver()
    world.clock.advance(SECOND)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await world.report()
        recorded = len(caplog.records)
        await world.deliver()

    assert await statuses(integration) == ["DELIVERED"] * 2
    said = [record.getMessage() for record in caplog.records]
    assert (recorded, len(said)) == (RECORDED, RECORDED + CLAIMED + POSTED + SETTLED), "\n".join(said)
