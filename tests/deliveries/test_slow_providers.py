"""One provider that takes long holds up nobody but those that wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.deliveries.jobs import POSTS, deliver_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.integrations.models import Integration
from app.outbound import Request
from app.service.background import Background, Job
from app.services import Services
from app.storage.slots import Shares, Slots
from tests.deliveries.world import GENERAL, MONITORING, SECOND, World, sign_in, statuses
from tests.holding import Holding
from tests.sign_ins.world import write


def posts_to(*channels: str) -> Callable[[Request], bool]:
    def posts(request: Request) -> bool:
        return isinstance(request.json, dict) and request.json.get("channel") in channels

    return posts


@asynccontextmanager
async def working(services: Services, *, shares: Shares = POSTS) -> AsyncIterator[None]:
    """Have deliveries handed over in the background, as a worker does."""
    background = Background([Job("deliver", deliver_due, every=0.05, shares=shares)])
    task = asyncio.create_task(background.run(services=services))
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        services.stopping.tell()
        await task


async def until_delivered(count: int) -> None:
    while await Delivery.filter(status=DeliveryStatus.DELIVERED).count() < count:  # noqa: ASYNC110 - the database rings no bell
        await asyncio.sleep(0.01)


async def test_while_a_post_is_held_the_others_go_on(world: World) -> None:
    slow = await world.add_integration(channel=GENERAL)
    quick = [await world.add_integration(channel=MONITORING, monitor_key=f"quick-{number}") for number in range(5)]
    holding = Holding(world.services, posts_to(GENERAL))
    await world.report()

    async with working(holding.services, shares=Shares(in_all=2, of_origin=2, of_grant=2)):
        await holding.asked.wait()
        for number in range(5):
            await world.report(monitor_key=f"quick-{number}")
            await until_delivered(number + 1)
            world.clock.advance(SECOND)
        before = await statuses(slow)
        holding.go_on.set()
        await until_delivered(6)

    assert before == ["PENDING"]
    assert [status for one in quick for status in await statuses(one)] == ["DELIVERED"] * 5
    assert len(world.messages()) == 6


async def test_a_grant_whose_posts_are_held_takes_its_share_and_leaves_the_rest_to_another(world: World) -> None:
    channels = [GENERAL, MONITORING, "C0ACME003"]
    slow = [await world.add_integration(channel=channel) for channel in channels]
    quick = await world.add_integration(channel=GENERAL, monitor_key="quick")
    another = await sign_in(world.services, world.caller, world.sandbox)
    await write(lambda: Integration.filter(id=quick.id).update(grant_id=another.id, account_id="T0ANOTHER"))
    holding = Holding(world.services, lambda request: request.endpoint.name == "chat.postMessage")
    await world.report()

    async with working(holding.services, shares=Shares(in_all=3, of_origin=3, of_grant=2)):
        while holding.held < 2:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        await world.report(monitor_key="quick")
        while holding.held < 3:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        leased = await Delivery.filter(lease_owner__not_isnull=True).values_list("integration_id", flat=True)
        holding.go_on.set()
        await until_delivered(4)

    assert len(leased) == 3
    assert quick.id in leased
    assert [await statuses(one) for one in slow] == [["DELIVERED"]] * 3
    assert len(world.messages()) == 4


async def test_an_origin_whose_posts_are_held_takes_no_more_than_its_share(world: World) -> None:
    for channel in (GENERAL, MONITORING, "C0ACME003"):
        await world.add_integration(channel=channel)
    holding = Holding(world.services, lambda request: request.endpoint.name == "chat.postMessage")
    slots = Slots(Shares(in_all=3, of_origin=2, of_grant=3))
    await world.report()

    begun = [await deliver_due(services=holding.services, slots=slots) for _ in range(2)]
    leased = await Delivery.filter(lease_owner__not_isnull=True).count()
    holding.go_on.set()
    await slots.emptied()
    begun.append(await deliver_due(services=holding.services, slots=slots))
    await slots.emptied()

    assert (begun, leased) == ([2, 0, 1], 2)
    assert len(world.messages()) == 3


async def test_what_is_under_way_when_the_process_stops_comes_to_its_end_and_the_rest_is_left_alone(world: World) -> None:
    await world.add_integration(channel=GENERAL)
    await world.add_integration(channel=MONITORING)
    holding = Holding(world.services, posts_to(GENERAL))
    await world.report()

    async with working(holding.services):
        await holding.asked.wait()
        await until_delivered(1)
        await world.report()
        holding.services.stopping.tell()
        holding.go_on.set()

    in_order = [row.status.value for row in await Delivery.all().order_by("position", "created_at", "id")]
    assert sorted(in_order[:2]) == ["DELIVERED", "DELIVERED"]
    assert await Delivery.filter(lease_owner__not_isnull=True).count() == 0
