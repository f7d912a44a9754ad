"""What a run costs in the database, from its being reported until it stands in the channel."""

import logging

import pytest

from app.integrations.kinds.table import ALL
from tests.databases import POSTGRES_URL
from tests.deliveries.world import SECOND, World, statuses

OUTCOMES = 3 if POSTGRES_URL else 0
"""On a server each transaction asks by which number its commit could be looked up."""

LISTENING = sum(kind.deliveries is not None for kind in ALL)
"""Each kind that hands runs over is asked once who hears of the run."""

RECORDED, CLAIMED, POSTED, SETTLED = 8 + LISTENING, 5, 2, 6


async def test_a_run_takes_so_many_statements_until_it_is_delivered(world: World, caplog: pytest.LogCaptureFixture) -> None:
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
    assert (recorded, len(said)) == (
        RECORDED + OUTCOMES // 3,
        RECORDED + CLAIMED + POSTED + SETTLED + OUTCOMES,
    ), "\n".join(said)
