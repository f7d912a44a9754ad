"""What a run costs in the database, from its being reported until it stands in the channel."""

import logging
from dataclasses import replace
from functools import partial

import pytest

from app.deliveries import reactions as deliveries
from app.deliveries.at_once import AtOnce
from app.deliveries.jobs import POSTS, deliver_due
from app.log.events import Events
from app.monitors.events import RunRecorded
from app.storage.slots import Slots
from tests.deliveries.world import REACTIONS, SECOND, World, statuses

RECORDED, CLAIMED, POSTED, SETTLED = 4, 4, 1, 3
"""Trips to the database, besides the beginning and the end of each transaction: to a server each is one statement."""

PACED = 1
"""What a run costs more in the transaction that records it, where its delivery is leased there. It is not POSTED then: nobody
reads it again."""


LOOKED = 1
"""What a look costs there that finds nothing, as most then do."""


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


async def test_a_run_that_its_own_process_delivers_is_claimed_where_it_is_recorded(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    integration = await world.add_integration()
    at_once, slots = AtOnce(), Slots(POSTS)
    reactions = {**REACTIONS, RunRecorded: (partial(deliveries.make, at_once=at_once),)}
    world.services = replace(world.services, events=Events(clock=world.clock, reactions=reactions, wake=lambda _: None))
    await deliver_due(services=world.services, slots=slots, at_once=at_once)
    await world.report()
    await slots.emptied()
    world.clock.advance(SECOND)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await world.report()
        await slots.emptied()
        delivered = len(caplog.records)
        await deliver_due(services=world.services, slots=slots, at_once=at_once)

    assert await statuses(integration) == ["DELIVERED"] * 2
    said = [record.getMessage() for record in caplog.records]
    assert (delivered, len(said)) == (RECORDED + PACED + SETTLED, delivered + LOOKED), "\n".join(said)
