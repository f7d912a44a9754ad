import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.deliveries import retrying
from app.deliveries.leases import take_due
from app.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus
from app.deliveries.posting import Attempt
from app.deliveries.retention import OLD_RUNS
from app.deliveries.settling import settle
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.log.events import Event
from app.log.retention import remove_old
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.storage import database
from tests.deliveries.world import GENERAL, World, one_slot, statuses

KEPT = timedelta(days=90)
SECOND = timedelta(seconds=1)


async def test_a_run_goes_ninety_days_after_it_was_recorded_with_its_deliveries_and_their_attempts(world: World) -> None:
    await world.add_integration()
    await world.report(run_id="old")
    await world.deliver()
    world.clock.advance(SECOND)
    await world.report(run_id="newer")
    await world.deliver()

    world.clock.advance(KEPT - 2 * SECOND)
    early = await remove_old(OLD_RUNS, events=world.services.events)
    kept = await counts()
    world.clock.advance(SECOND)
    removed = [await remove_old(OLD_RUNS, events=world.services.events) for _ in range(2)]

    assert (early, kept) == (0, (2, 2, 2))
    assert removed == [2, 0]
    assert await counts() == (1, 1, 1)
    assert [run.run_id for run in await MonitorRun.all()] == ["newer"]


async def test_what_was_removed_is_still_told_of_in_the_log(world: World) -> None:
    await world.add_integration()
    await world.report()
    await world.deliver()
    await world.report()
    before = await Event.all().order_by("sequence").values()

    world.clock.advance(KEPT)
    await clear(world)

    assert await Event.all().order_by("sequence").values() == before


async def test_a_delivery_that_waits_stays_and_its_run_with_it_until_it_has_ended(world: World) -> None:
    await world.add_integration()
    for run in ("failed", "newer"):
        await world.report(run_id=run)
    failed = await Delivery.get(position=1)
    await put(lambda: Delivery.all().update(status=DeliveryStatus.FAILED, next_attempt_at=None))
    world.clock.advance(KEPT)
    await retrying.retry(failed.id, of=Delivery, caller=world.caller, services=world.services)

    waiting = await remove_old(OLD_RUNS, events=world.services.events)
    await world.deliver()
    ended = await remove_old(OLD_RUNS, events=world.services.events)

    assert (waiting, ended) == (0, 2)
    assert world.posted_ids() == [str(failed.id)]
    assert [run.run_id for run in await MonitorRun.all()] == ["newer"]


async def test_a_run_without_deliveries_goes_as_well(world: World) -> None:
    for _ in range(3):
        await world.report()

    world.clock.advance(KEPT)

    assert await remove_old(OLD_RUNS, events=world.services.events) == 2
    assert [run.position for run in await MonitorRun.all()] == [3]


async def test_a_monitor_keeps_its_newest_run_and_goes_on_counting_from_it(world: World) -> None:
    integration = await world.add_integration()
    for _ in range(3):
        await world.report()
    await world.deliver_for(10)
    world.clock.advance(KEPT)

    await clear(world)
    await world.report()

    assert [run.position for run in await MonitorRun.all().order_by("position")] == [3, 4]
    assert [row.position for row in await Delivery.filter(integration_id=integration.id).order_by("position")] == [3, 4]


async def test_an_integration_keeps_its_newest_delivery_though_it_posts_another_monitor_now(world: World) -> None:
    integration = await world.add_integration()
    for run in ("shown", "newest"):
        await world.report(run_id=run)
        if run == "shown":
            await post_another_monitor(integration)
    await world.deliver_for(5)
    world.clock.advance(KEPT)

    await clear(world)

    assert await statuses(integration) == ["DELIVERED"]
    assert [run.run_id for run in await MonitorRun.all().order_by("position")] == ["shown", "newest"]


async def test_nothing_is_kept_for_an_integration_that_was_deleted(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.deliver()
    await world.report()
    await world.deliver_for(2)
    await put(lambda: Integration.filter(id=integration.id).update(deleted_at=world.clock.now()))
    world.clock.advance(KEPT)

    await clear(world)

    assert await counts() == (1, 0, 0)


async def test_the_notify_rule_goes_on_counting_over_runs_that_were_removed(world: World) -> None:
    integration = await world.add_integration(notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS)
    for _ in range(2):
        await world.report(RunOutcome.FAILED)
    world.clock.advance(KEPT)
    await clear(world)

    await world.report(RunOutcome.FAILED)
    await world.deliver()

    assert await statuses(integration) == ["SKIPPED", "DELIVERED"]
    assert (await MonitoringPost.get(integration_id=integration.id)).failures_in_a_row == 3


async def test_a_run_id_that_was_removed_may_be_recorded_again_and_one_that_was_kept_may_not(world: World) -> None:
    for run in ("first", "second"):
        await world.report(run_id=run)
    world.clock.advance(KEPT)
    await clear(world)

    again = [(await world.report(run_id=run)).is_new for run in ("second", "first")]

    assert again == [False, True]


async def test_a_post_that_ends_when_its_delivery_was_removed_changes_nothing(world: World) -> None:
    await world.add_integration()
    await world.report()
    taken = await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())
    await put(lambda: Delivery.all().update(status=DeliveryStatus.SKIPPED))
    await world.report()
    world.clock.advance(KEPT)
    await clear(world)
    before = await counts(), await Event.all().count()

    attempt = Attempt(uuid4(), world.clock.now(), 5, GENERAL, None)
    await settle(taken.leases[0], attempt, services=world.services)

    assert (await counts(), await Event.all().count()) == before


async def test_what_stays_does_not_keep_what_goes_from_being_found(world: World) -> None:
    for number in range(250):
        await world.report(monitor_key=f"monitor {number}")
    world.clock.advance(SECOND)
    for _ in range(2):
        await world.report(monitor_key="monitor 0")
    world.clock.advance(KEPT)

    removed = await remove_old(OLD_RUNS, events=world.services.events)

    assert removed == 2
    assert await MonitorRun.all().count() == 250


async def test_processes_side_by_side_remove_everything_once_in_bounded_batches(world: World) -> None:
    await world.add_integration()
    await world.report()
    await world.deliver()
    await put(lambda: DeliveryAttempt.all().delete())
    await put_later(450)
    world.clock.advance(KEPT)

    rounds = await asyncio.gather(*(remove_old(OLD_RUNS, events=world.services.events) for _ in range(3)))
    most = max(rounds)
    total = sum(rounds) + await clear(world)

    assert most <= 400
    assert total == 900
    assert await counts() == (1, 1, 0)


async def counts() -> tuple[int, int, int]:
    return await MonitorRun.all().count(), await Delivery.all().count(), await DeliveryAttempt.all().count()


async def put(action: Callable[[], Awaitable[object]]) -> None:
    async def run(_: BaseDBAsyncClient) -> None:
        await action()

    await database.write(run)


async def put_later(number: int) -> None:
    """Put so many runs behind the only one, each with a delivery."""
    [run], [delivery] = await MonitorRun.all(), await Delivery.all()

    async def copy() -> None:
        for position in range(2, number + 2):
            run.id, run.run_id, run.position = uuid4(), str(position), position
            await MonitorRun.bulk_create([run])
            delivery.id, delivery.run_id, delivery.position = uuid4(), run.id, position
            await Delivery.bulk_create([delivery])

    await put(copy)


async def post_another_monitor(integration: Integration) -> None:
    async def change() -> None:
        at = integration.created_at
        other = await Monitor.create(id=uuid4(), team_id=integration.team_id, key="other", name="other", created_at=at)
        await MonitoringPost.filter(integration_id=integration.id).update(monitor_id=other.id)

    await put(change)


async def clear(world: World) -> int:
    """Remove until nothing is left to be removed, and return how many rows went."""
    removed = 0
    while number := await remove_old(OLD_RUNS, events=world.services.events):
        removed += number
    return removed
