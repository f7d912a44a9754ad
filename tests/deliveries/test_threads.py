"""One outage, one thread: whatever happens to its first message, and to the channel that it stood in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.deliveries.models import Delivery
from app.deliveries.threads import find_thread
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import RunOutcome
from tests.deliveries.world import GENERAL, MONITORING, World, statuses

F, P, N = RunOutcome.FAILED, RunOutcome.PASSED, RunOutcome.NOTHING_RAN
RULE = NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS


async def tell(world: World, *outcomes: RunOutcome) -> None:
    for outcome in outcomes:
        await world.report(outcome)
        await world.deliver_for(2)


def told(world: World) -> list[tuple[str, int | None, bool]]:
    """Return each message as its channel, which message it answers, and whether that is shown in the channel too."""
    messages = world.messages()
    numbers = {message["ts"]: number for number, message in enumerate(messages)}
    return [(message["channel"], numbers.get(message["thread_ts"]), message["reply_broadcast"]) for message in messages]


async def set_post(integration: Integration, world: World, **columns: Any) -> None:
    async def apply(_: Change) -> None:
        await MonitoringPost.filter(integration_id=integration.id).update(**columns)

    await world.services.events.change(world.caller.team_id, apply)


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in messages]


async def test_a_recovery_answers_the_third_failure_and_is_shown_in_the_channel(world: World) -> None:
    integration = await world.add_integration(notify=RULE)

    await tell(world, F, F, F, F, P, F, F, F, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, True), (GENERAL, None, False), (GENERAL, 2, True)]
    assert "Further failures stay quiet" in world.messages()[0]["text"]
    posted = await Delivery.filter(integration_id=integration.id, status="DELIVERED").order_by("position")
    messages = world.messages()
    assert [(row.channel_id, row.message_id, row.thread_id) for row in posted] == [
        (message["channel"], message["ts"], message["thread_ts"]) for message in messages
    ]
    assert [row.outage_id for row in posted] == [posted[0].id, posted[0].id, posted[2].id, posted[2].id]


async def test_a_recovery_stays_in_the_thread_where_the_integration_says_so(world: World) -> None:
    await world.add_integration(notify=RULE, recovery_in_channel=False)

    await tell(world, F, F, F, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, False)]


async def test_further_failures_are_answers_where_the_integration_says_so(world: World) -> None:
    integration = await world.add_integration(notify=RULE, follow_ups=FollowUps.IN_THREAD)

    await tell(world, F, F, F, F, N, F, P, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, False), (GENERAL, 0, False), (GENERAL, 0, True)]
    assert "Further failures are told in this thread" in world.messages()[0]["text"]
    assert await statuses(integration) == [
        *["SKIPPED"] * 2,
        *["DELIVERED"] * 2,
        "SKIPPED",
        *["DELIVERED"] * 2,
        "SKIPPED",
    ]


async def test_where_all_runs_are_posted_a_run_of_failures_is_one_thread_if_wanted(world: World) -> None:
    await world.add_integration(follow_ups=FollowUps.IN_THREAD)
    await world.add_integration(channel=MONITORING)

    await tell(world, P, F, N, F, P, P)

    by_channel = {channel: [each[1:] for each in told(world) if each[0] == channel] for channel in (GENERAL, MONITORING)}
    assert [answers is not None for answers, _ in by_channel[GENERAL]] == [False, False, True, True, True, False]
    assert [is_shown for _, is_shown in by_channel[GENERAL]] == [False, False, False, False, True, False]
    assert by_channel[MONITORING] == [(None, False)] * 6


async def test_two_integrations_of_a_monitor_have_a_thread_each(world: World) -> None:
    await world.add_integration(notify=RULE)
    await world.add_integration(notify=RULE)

    await tell(world, F, F, F)
    await world.deliver_for(3)
    await tell(world, P)
    await world.deliver_for(3)

    assert sorted(told(world), key=str) == sorted(
        [(GENERAL, None, False), (GENERAL, None, False), (GENERAL, 0, True), (GENERAL, 1, True)], key=str
    )


async def test_answers_to_a_deleted_message_go_to_the_channel_and_are_answered_there(world: World) -> None:
    await world.add_integration(notify=RULE, follow_ups=FollowUps.IN_THREAD)
    await tell(world, F, F, F)
    [parent] = world.messages()

    world.sandbox.control("delete", workspace="Acme", channel="general", ts=parent["ts"])
    await tell(world, F, F, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, False), (GENERAL, 0, True)]


async def test_an_outage_goes_on_in_another_channel_in_a_thread_there(world: World) -> None:
    integration = await world.add_integration(notify=RULE, follow_ups=FollowUps.IN_THREAD)
    await tell(world, F, F, F, F)

    await set_post(integration, world, channel_id=MONITORING)
    await tell(world, F, F, P)

    assert told(world) == [
        (GENERAL, None, False),
        (GENERAL, 0, False),
        (MONITORING, None, False),
        (MONITORING, 2, False),
        (MONITORING, 2, True),
    ]


async def test_an_outage_whose_first_message_was_skipped_begins_its_thread_later(world: World) -> None:
    integration = await world.add_integration(notify=RULE, follow_ups=FollowUps.IN_THREAD)
    await world.turn(integration, lambda row, change: row.pause(now=change.now))
    await tell(world, F, F, F)
    await world.turn(integration, lambda row, change: row.resume(now=change.now))

    await tell(world, F, F, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, False), (GENERAL, 0, True)]


async def test_an_outage_whose_first_message_failed_five_times_does_not_wait_for_it(world: World) -> None:
    integration = await world.add_integration(notify=RULE)
    for outcome in (F, F, F):
        await world.report(outcome)
    world.break_posting(5, fault="status", status=500)
    await world.deliver_for(1_200, step=5)

    await tell(world, P)

    assert told(world) == [(GENERAL, None, False)]
    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "RETRYING", "DELIVERED"]
    assert "Recovered" in world.messages()[0]["text"]


async def test_a_thread_that_takes_no_answers_is_answered_in_the_channel(world: World) -> None:
    integration = await world.add_integration(notify=RULE)
    await tell(world, F, F, F)

    world.break_posting(1, fault="malformed", body='{"ok": false, "error": "cannot_reply_to_message"}')
    await tell(world, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, None, False)]
    assert (await statuses(integration))[-1] == "DELIVERED"


async def test_another_rule_begins_anew(world: World) -> None:
    integration = await world.add_integration(notify=RULE)
    await tell(world, F, F, F)

    await set_post(integration, world, failures_in_a_row=0, outage_id=None)
    await tell(world, P, F, F, F)

    assert told(world) == [(GENERAL, None, False), (GENERAL, None, False)]


async def test_a_count_that_another_version_left_behind_begins_a_thread_of_its_own(world: World) -> None:
    integration = await world.add_integration(notify=RULE)
    await tell(world, F, F, F)
    stale = (await MonitoringPost.get(integration_id=integration.id)).outage_id
    await tell(world, P)

    await set_post(integration, world, outage_id=stale)
    await tell(world, F, F, F, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, 0, True), (GENERAL, None, False), (GENERAL, 2, True)]


async def test_a_message_posted_twice_is_answered_where_it_was_saved(world: World) -> None:
    await world.add_integration(notify=RULE)
    for outcome in (F, F, F):
        await world.report(outcome)
    world.break_posting(1, fault="reset", when="midway")
    await world.deliver_for(10)

    await tell(world, P)

    assert told(world) == [(GENERAL, None, False), (GENERAL, None, False), (GENERAL, 1, True)]
    assert len(set(world.posted_ids())) == 2
    world.clock.advance(timedelta(days=1))
    assert texts(world.messages())[0] == texts(world.messages())[1]


async def test_an_answer_names_the_message_that_its_thread_stands_below(world: World) -> None:
    await world.add_integration(notify=RULE, follow_ups=FollowUps.IN_THREAD)
    await tell(world, F, F, F, F, F)
    *_, last = await Delivery.all().order_by("position")

    thread_id = await find_thread(last, channel_id=GENERAL)

    assert thread_id == world.messages()[0]["ts"]
