from uuid import uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.deliveries.loaders import MOST_TOLD, attempts, deliveries_in
from app.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus
from app.graphql.connections import Arguments
from app.graphql.context import Context
from app.storage import database
from tests.deliveries.world import World, create_team


async def try_often(delivery: Delivery, times: int) -> None:
    async def write(connection: BaseDBAsyncClient) -> None:
        rows = [
            DeliveryAttempt(
                id=uuid4(), delivery_id=delivery.id, number=number, at=delivery.created_at, duration_ms=1, succeeded=False
            )
            for number in range(1, times + 1)
        ]
        await DeliveryAttempt.bulk_create(rows, using_db=connection)

    await database.write(write)


async def test_of_a_delivery_that_was_tried_for_ever_the_last_attempts_are_told_in_their_order(world: World) -> None:
    await world.add_integration()
    await world.report(run_id="one")
    await world.report(run_id="two")
    often, never = await Delivery.all().order_by("position")
    await try_often(often, MOST_TOLD + 3)
    context = Context(caller=world.caller, services=world.services, request_id="request")

    told = await attempts([never.id, often.id], context=context)

    assert [[attempt.number for attempt in each] for each in told] == [[], list(range(4, MOST_TOLD + 4))]


async def test_of_another_teams_deliveries_nothing_is_told_in_whatever_status(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    others = await create_team(world.services, name="Another")
    key, read = (integration.id, Arguments.check()), deliveries_in(frozenset(DeliveryStatus))

    [own], [theirs] = [
        await read([key], context=Context(caller=caller, services=world.services, request_id="request"))
        for caller in (world.caller, others)
    ]

    assert (len(own.rows), len(theirs.rows)) == (1, 0)
