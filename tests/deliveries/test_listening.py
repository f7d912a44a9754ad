import asyncio
from typing import Any

from app.access.callers import Caller
from app.deliveries.models import Delivery
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.monitors.models import RunOutcome
from tests.deliveries.asking import ask, context, watching
from tests.deliveries.world import MONITORING, World

LISTEN = """
subscription ($id: ID, $after: String) {
  deliveryChanged(integrationId: $id, after: $after) { cursor sequence deliveryId status delivery { id status } }
}"""


async def listen(schema: Schema, world: World, count: int, *, caller: Caller | None = None, **variables: Any) -> list[Any]:
    heard: list[Any] = []
    answers: Any = await schema.subscribe(LISTEN, variable_values=variables, context_value=context(world, caller))
    async with asyncio.timeout(20):
        async for answer in answers:
            assert answer.errors is None, answer.errors
            heard.append(answer.data["deliveryChanged"])
            if len(heard) == count:
                break
    await answers.aclose()
    return heard


async def test_a_listener_hears_every_change_from_its_cursor_on(schema: Schema, world: World) -> None:
    start = (await ask(schema, world, "{ eventCursor }"))["eventCursor"]
    await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=500)
    await world.deliver_for(10)
    own = encode_id("Delivery", (await Delivery.get()).id)

    async with watching(world):
        heard = await listen(schema, world, 3, after=start)
        rest = await listen(schema, world, 2, after=heard[0]["cursor"])

    assert [(each["deliveryId"], each["status"]) for each in heard] == [
        (own, "PENDING"),
        (own, "RETRYING"),
        (own, "DELIVERED"),
    ]
    assert [each["delivery"] for each in heard] == [{"id": own, "status": "DELIVERED"}] * 3
    assert rest == heard[1:]


async def test_a_listener_to_one_integration_hears_nothing_of_others(schema: Schema, world: World) -> None:
    start = (await ask(schema, world, "{ eventCursor }"))["eventCursor"]
    await world.add_integration()
    wanted = await world.add_integration(channel=MONITORING)
    await world.report(RunOutcome.FAILED)
    delivery = await Delivery.get(integration_id=wanted.id)
    await world.deliver()

    async with watching(world):
        heard = await listen(schema, world, 2, after=start, id=encode_id("Integration", wanted.id))

    assert [(each["deliveryId"], each["status"]) for each in heard] == [
        (encode_id("Delivery", delivery.id), "PENDING"),
        (encode_id("Delivery", delivery.id), "DELIVERED"),
    ]
