import asyncio

from app.deliveries.models import Delivery, DeliveryStatus
from app.integrations.events import IntegrationDeleted
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.log.events import Change, Event
from app.monitors.models import RunOutcome
from app.providers.contract import Occasion
from app.sign_ins.models import StatusReason
from tests.deliveries.world import MONITORING, World, events_of, statuses

THIRD = NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS
PASSED, FAILED, ERROR = RunOutcome.PASSED, RunOutcome.FAILED, RunOutcome.ERROR


def pause(integration: Integration, change: Change) -> object:
    return integration.pause(now=change.now)


def resume(integration: Integration, change: Change) -> object:
    return integration.resume(now=change.now)


def stop(integration: Integration, change: Change) -> object:
    return integration.stop(StatusReason.REVOKED, "It was revoked.", now=change.now)


def restore(integration: Integration, change: Change) -> object:
    return integration.restore(now=change.now)


async def test_a_run_makes_a_delivery_for_each_integration_that_posts_its_monitor(world: World) -> None:
    all_runs, third = await world.add_integration(), await world.add_integration(channel=MONITORING, notify=THIRD)
    other = await world.add_integration(monitor_key="search")

    recorded = await world.report(PASSED)

    rows = {row.integration_id: row for row in await Delivery.all()}
    assert set(rows) == {all_runs.id, third.id}
    assert (await statuses(all_runs), await statuses(third), await statuses(other)) == (["PENDING"], ["SKIPPED"], [])
    posted = rows[all_runs.id]
    assert (posted.run_id, posted.position, posted.occasion) == (recorded.run.id, 1, Occasion.RUN)
    assert (posted.next_attempt_at, posted.created_at) == (world.clock.now(), world.clock.now())
    [event] = await Event.filter(subject_id=posted.id)
    assert (event.type, event.status, event.parent_id) == ("DELIVERY_CREATED", "PENDING", all_runs.id)


async def test_the_rule_is_quiet_until_the_third_failure_and_then_until_the_first_pass(world: World) -> None:
    integration = await world.add_integration(notify=THIRD)

    for outcome in (FAILED, ERROR, FAILED, FAILED, PASSED, PASSED):
        await world.report(outcome)

    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "PENDING", "SKIPPED", "PENDING", "SKIPPED"]
    waiting = await Delivery.filter(status=DeliveryStatus.PENDING).order_by("position")
    assert [row.occasion for row in waiting] == [Occasion.THIRD_FAILURE, Occasion.RECOVERY]


async def test_five_failed_runs_at_once_make_one_message(world: World) -> None:
    integration = await world.add_integration(notify=THIRD)

    await asyncio.gather(*(world.report(FAILED) for _ in range(5)))
    await world.deliver_for(10)

    assert sorted(await statuses(integration)) == ["DELIVERED", "SKIPPED", "SKIPPED", "SKIPPED", "SKIPPED"]
    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "DELIVERED", "SKIPPED", "SKIPPED"]
    [message] = world.messages()
    assert "Third failure in a row" in message["text"]


async def test_the_same_run_again_makes_nothing(world: World) -> None:
    integration = await world.add_integration(notify=THIRD)

    recorded = await asyncio.gather(*(world.report(FAILED, run_id="the same") for _ in range(5)))

    assert sorted(each.is_new for each in recorded) == [False] * 4 + [True]
    assert await statuses(integration) == ["SKIPPED"]
    assert (await MonitoringPost.get(integration_id=integration.id)).failures_in_a_row == 1


async def test_what_is_recorded_while_paused_is_skipped_and_counts_on(world: World) -> None:
    integration = await world.add_integration(notify=THIRD)
    await world.turn(integration, pause)
    for _ in range(3):
        await world.report(FAILED)

    await world.turn(integration, resume)
    await world.report(FAILED)
    await world.report(PASSED)

    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "SKIPPED", "SKIPPED", "PENDING"]


async def test_what_would_have_been_posted_while_stopped_has_failed_at_once(world: World) -> None:
    integration = await world.add_integration(notify=THIRD)
    await world.turn(integration, stop)
    await world.turn(integration, pause)
    for _ in range(4):
        await world.report(FAILED)

    await world.turn(integration, resume)
    await world.turn(integration, restore)
    await world.report(PASSED)

    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "FAILED", "SKIPPED", "PENDING"]


async def test_pausing_drops_what_waits(world: World) -> None:
    integration, other = await world.add_integration(), await world.add_integration()
    await world.report()
    delivery = await Delivery.get(integration_id=integration.id)

    await world.turn(integration, pause)
    await world.turn(integration, resume)
    await world.deliver_for(3)

    assert (await statuses(integration), await statuses(other)) == (["SKIPPED"], ["DELIVERED"])
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_SKIPPED"]
    assert (await Delivery.get(id=delivery.id)).next_attempt_at is None


async def test_stopping_gives_up_what_waits_and_says_why(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    delivery = await Delivery.get(integration_id=integration.id)

    await world.turn(integration, stop)
    await world.turn(integration, restore)
    await world.deliver_for(3)

    assert await statuses(integration) == ["FAILED"]
    event = await Event.get(subject_id=delivery.id, type="DELIVERY_FAILED")
    assert (event.previous_status, event.message) == ("PENDING", "It was revoked.")
    assert world.messages() == []


async def test_failing_drops_nothing(world: World) -> None:
    integration = await world.add_integration()
    await world.report()

    await world.turn(integration, lambda row, change: row.fail(StatusReason.PROVIDER_ERROR, "Down.", now=change.now))

    assert await statuses(integration) == ["PENDING"]


async def test_a_deleted_integration_posts_nothing_any_more(world: World) -> None:
    integration = await world.add_integration()
    await world.report()

    async def delete(change: Change) -> None:
        row = await Integration.get(id=integration.id)
        row.deleted_at = change.now
        await row.save()
        await change.record(IntegrationDeleted(row.id, row.name))

    await world.services.events.change(world.caller.team_id, delete)
    await world.report()
    await world.deliver_for(3)

    assert await statuses(integration) == ["FAILED"]
    assert world.messages() == []


async def test_an_integration_that_changed_its_monitor_goes_on_counting(world: World) -> None:
    integration = await world.add_integration()
    for _ in range(3):
        await world.report()
    search = (await world.report(monitor_key="search")).monitor

    async def move(change: Change) -> None:
        del change
        await MonitoringPost.filter(integration_id=integration.id).update(monitor_id=search.id)

    await world.services.events.change(world.caller.team_id, move)
    await world.report(monitor_key="search")

    rows = await Delivery.filter(integration_id=integration.id).select_related("run").order_by("position")
    assert [(row.position, row.run.monitor_id == search.id) for row in rows] == [(1, False), (2, False), (3, False), (4, True)]
