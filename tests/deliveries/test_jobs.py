"""Rounds of deliveries: each message once, in its order, and not too many at a time."""

import asyncio
from datetime import datetime
from itertools import pairwise

from app.deliveries.models import Delivery
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change
from tests.deliveries.world import (
    GENERAL,
    MONITORING,
    SECOND,
    World,
    archived,
    attempts_of,
    events_of,
    statuses,
    until_asked,
)


async def test_a_run_is_posted_once_and_the_outcome_kept(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    delivery = await Delivery.get()

    done = await world.deliver()
    again = await world.deliver()

    assert (done, again) == (1, 0)
    [message] = world.messages()
    assert (message["channel"], message["workspace_name"]) == (GENERAL, "Acme")
    assert message["metadata"] == {"event_type": "monitor_run_reported", "event_payload": {"delivery_id": str(delivery.id)}}
    assert "checkout passed" in message["text"]
    [attempt] = await attempts_of(delivery)
    assert (attempt.number, attempt.at, attempt.succeeded, attempt.error) == (1, world.clock.now(), True, None)
    assert await statuses(integration) == ["DELIVERED"]
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_SUCCEEDED"]


async def test_an_integrations_messages_go_in_the_order_of_their_runs(world: World) -> None:
    await world.add_integration()
    for _ in range(4):
        await world.report()
    world.break_posting(2, fault="status", status=503)

    await world.deliver_for(60)

    in_order = [str(row.id) for row in await Delivery.all().order_by("position")]
    assert world.posted_ids() == in_order


async def test_one_that_failed_five_times_no_longer_holds_back_those_behind_it(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.report()
    world.break_posting(5, fault="status", status=500)

    await world.deliver_for(1_200, step=5)

    assert await statuses(integration) == ["RETRYING", "DELIVERED"]
    [first, _] = await Delivery.all().order_by("position")
    assert first.attempt_count == 5


async def test_another_integrations_trouble_holds_back_nobody(world: World) -> None:
    broken, fine = await world.add_integration(channel=GENERAL), await world.add_integration(channel=MONITORING)
    await world.report()
    world.break_posting(1, fault="status", status=500)

    await world.deliver_for(3)

    assert sorted(await statuses(broken) + await statuses(fine)) == ["DELIVERED", "RETRYING"]


async def test_no_channel_gets_more_than_one_message_a_second(world: World) -> None:
    for channel in (GENERAL, GENERAL, GENERAL, MONITORING):
        await world.add_integration(channel=channel)
    for _ in range(3):
        await world.report()

    await world.deliver_for(15, step=0.25)

    by_channel: dict[str, list[datetime]] = {}
    for message in world.messages():
        by_channel.setdefault(message["channel"], []).append(datetime.fromisoformat(message["at"]).replace(microsecond=0))
    assert {channel: len(times) for channel, times in by_channel.items()} == {GENERAL: 9, MONITORING: 3}
    assert all(later - earlier >= SECOND for times in by_channel.values() for earlier, later in pairwise(times))


async def test_an_attempt_says_nothing_of_the_channel_that_was_set_meanwhile(world: World) -> None:
    integration = await world.add_integration(channel=archived(world))
    await world.report()
    world.break_posting(1, fault="slow", seconds=0.3)

    async def choose_another(change: Change) -> None:
        del change
        await MonitoringPost.filter(integration_id=integration.id).update(channel_id=GENERAL)

    round_ = asyncio.create_task(world.deliver())
    await until_asked(world)
    await world.services.events.change(world.caller.team_id, choose_another)
    await round_

    assert await statuses(integration) == ["FAILED"]
    assert (await Integration.get(id=integration.id)).status is IntegrationStatus.ACTIVE


async def test_what_was_posted_stands_although_the_integration_was_paused_meanwhile(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="slow", seconds=0.3)

    round_ = asyncio.create_task(world.deliver())
    await until_asked(world)
    await world.turn(integration, lambda row, change: row.pause(now=change.now))
    between = await statuses(integration)
    await round_

    assert (between, await statuses(integration)) == (["SKIPPED"], ["DELIVERED"])
