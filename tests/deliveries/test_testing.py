"""A test message: posted as any other, told apart from all others, and stopped in the same words."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import Role
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.retention import OLD_RUNS
from app.deliveries.testing import test as post_test
from app.errors import Refusal, UserErrorCode
from app.graphql.context import DEADLINE
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.log.events import Event
from app.log.retention import remove_old
from app.monitors.models import MonitorRun, RunOutcome
from app.providers.contract import Occasion
from app.sign_ins.models import StatusReason
from tests.deliveries.asking import ask, rows, watching
from tests.deliveries.test_failures import meet, odd_answers
from tests.deliveries.world import SECOND, World, archived, attempts_of, events_of, statuses

TEST = """
mutation ($id: ID!) {
  testIntegration(input: {integrationId: $id}) {
    delivery { id status run { isTest outcome monitor { key } } attempts { succeeded error } }
    notice
    userErrors { code field message retryAfter }
  }
}"""
RUNS = "query { monitors(first: 5) { nodes { runs(first: 10) { nodes { runId isTest } } } } }"
MINUTE = timedelta(minutes=1)


async def test_by(world: World, integration: Integration) -> Delivery:
    return await post_test(integration.id, caller=world.caller, services=world.services)


test_by.__test__ = False  # type: ignore[attr-defined]  # no test, whatever it is called


async def ask_for_test(schema: Schema, world: World, integration: Integration, *, delivers: bool = True) -> Any:
    """Ask for a test message, while a worker delivers what is due; without one, wait hardly at all."""
    async with watching(world):
        deadline = DEADLINE if delivers else 3.1
        asked = asyncio.create_task(ask(schema, world, TEST, deadline=deadline, id=encode_id("Integration", integration.id)))
        while delivers and not asked.done():
            await world.deliver()
            await asyncio.sleep(0.02)
        return (await asked)["testIntegration"]


async def test_a_test_message_is_posted_and_said_to_be_one(schema: Schema, world: World) -> None:
    integration = await world.add_integration()

    payload = await ask_for_test(schema, world, integration)

    delivery = await Delivery.get()
    assert payload == {
        "delivery": {
            "id": encode_id("Delivery", delivery.id),
            "status": "DELIVERED",
            "run": {"isTest": True, "outcome": "NOTHING_RAN", "monitor": {"key": "checkout"}},
            "attempts": [{"succeeded": True, "error": None}],
        },
        "notice": "The test message was posted: the provider has accepted it.",
        "userErrors": [],
    }
    [message] = world.messages()
    assert message["text"] == (
        "🔔 Test message for checkout. A member had it posted, to see that messages arrive here. Nothing was run."
    )
    assert message["blocks"][0]["text"]["text"] == "🔔 *Test message* for *checkout*"
    assert world.posted_ids() == [str(delivery.id)]
    [tested] = await Event.filter(type="INTEGRATION_TESTED")
    assert (tested.subject_id, tested.actor_id) == (integration.id, world.caller.member_id)
    assert tested.summary == "A test message of the integration “Checkout to Slack” was asked for."
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_SUCCEEDED"]


async def test_a_test_is_in_no_list_of_runs_and_no_rule_counts_it(schema: Schema, world: World) -> None:
    integration = await world.add_integration(notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, follow_ups=FollowUps.IN_THREAD)
    for _ in range(3):
        await world.report(RunOutcome.FAILED, run_id=None)
        await test_by(world, integration)
        world.clock.advance(MINUTE)
    await world.report(RunOutcome.PASSED)
    await world.deliver_for(10)

    listed = await ask(schema, world, RUNS)

    assert listed["monitors"]["nodes"] == [
        {"runs": {"nodes": [{"runId": f"run-{number}", "isTest": False} for number in (4, 3, 2, 1)]}}
    ]
    assert sorted(run.position for run in await MonitorRun.all()) == [-3, -2, -1, 1, 2, 3, 4]
    deliveries = await Delivery.filter(integration_id=integration.id).order_by("position")
    assert [(row.occasion, row.outage_id is not None) for row in deliveries if row.status is DeliveryStatus.DELIVERED] == [
        *[(Occasion.TEST, False)] * 2,
        (Occasion.THIRD_FAILURE, True),
        (Occasion.TEST, False),
        (Occasion.RECOVERY, True),
    ]
    assert (await MonitoringPost.get(integration_id=integration.id)).failures_in_a_row == 0


async def test_a_test_before_any_run_leaves_the_first_run_the_first(world: World) -> None:
    integration = await world.add_integration()
    await test_by(world, integration)

    recorded = await world.report()

    assert recorded.run.position == 1


async def test_other_integrations_of_the_monitor_hear_of_no_test(world: World) -> None:
    tested, other = await world.add_integration(), await world.add_integration()

    await test_by(world, tested)

    assert (await statuses(tested), await statuses(other)) == (["PENDING"], [])


async def test_what_is_under_way_is_said_to_be(schema: Schema, world: World) -> None:
    integration = await world.add_integration()

    payload = await ask_for_test(schema, world, integration, delivers=False)

    assert (payload["delivery"]["status"], payload["delivery"]["attempts"]) == ("PENDING", [])
    assert payload["notice"] == "The test message is under way: `delivery` tells what becomes of it."


async def test_a_test_waits_for_its_turn_behind_what_is_before_it(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=503)
    await world.deliver()

    await test_by(world, integration)
    await world.deliver_for(3)
    early = await statuses(integration)
    await world.deliver_for(20)

    assert early == ["RETRYING", "PENDING"]
    assert await statuses(integration) == ["DELIVERED", "DELIVERED"]


async def test_a_test_may_be_made_once_a_minute(schema: Schema, world: World) -> None:
    integration, other = await world.add_integration(), await world.add_integration()
    await test_by(world, integration)
    world.clock.advance(18 * SECOND)
    before = await rows()

    refused = await ask_for_test(schema, world, integration, delivers=False)

    assert refused == {
        "delivery": None,
        "notice": None,
        "userErrors": [
            {
                "code": "CONFLICT",
                "field": ["integrationId"],
                "message": "“Checkout to Slack” was tested just now: try again in 42 seconds.",
                "retryAfter": 42,
            }
        ],
    }
    assert await rows() == before
    await test_by(world, other)
    world.clock.advance(42 * SECOND)
    await test_by(world, integration)


async def test_a_clock_that_was_set_back_keeps_nobody_from_testing(world: World) -> None:
    integration = await world.add_integration()
    await test_by(world, integration)

    world.clock.advance(-timedelta(hours=1))
    await test_by(world, integration)

    assert await statuses(integration) == ["PENDING"] * 2


async def test_two_tests_at_the_same_time_are_one(world: World) -> None:
    integration = await world.add_integration()

    made = await asyncio.gather(*(test_by(world, integration) for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(each, Delivery) for each in made) == 1
    assert await statuses(integration) == ["PENDING"]


STOPS: Mapping[str, tuple[Any, str]] = {
    "paused": (lambda row, change: row.pause(now=change.now), "“Checkout to Slack” is paused: resume it first."),
    "stopped": (
        lambda row, change: row.stop(StatusReason.REVOKED, "The authorization was revoked.", now=change.now),
        "“Checkout to Slack” is stopped: re-authenticate it first. The authorization was revoked.",
    ),
}


@pytest.mark.parametrize(("turn", "words"), STOPS.values(), ids=STOPS)
async def test_what_posts_nothing_posts_no_test_and_says_why(world: World, turn: Any, words: str) -> None:
    integration = await world.add_integration()
    await world.turn(integration, turn)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await test_by(world, integration)

    assert (refused.value.code, refused.value.message, refused.value.field) == (UserErrorCode.CONFLICT, words, ("integrationId",))
    assert await rows() == before


async def test_who_may_not_edit_the_integration_may_not_test_it(world: World) -> None:
    integration = await world.add_integration()
    stranger = replace(world.caller, member_id=uuid4(), role=Role.VIEWER)
    before = await rows()

    with pytest.raises(Refusal) as refused:
        await post_test(integration.id, caller=stranger, services=world.services)
    with pytest.raises(Refusal) as unknown:
        await post_test(uuid4(), caller=world.caller, services=world.services)

    assert refused.value.code is UserErrorCode.FORBIDDEN
    assert (unknown.value.code, unknown.value.field) == (UserErrorCode.NOT_FOUND, ("integrationId",))
    assert await rows() == before


async def test_whatever_slack_answers_a_test_fails_in_the_words_of_a_real_message(world: World) -> None:
    for number, answer in enumerate([*odd_answers(), {"fault": "rate_limit", "retry_after": 1}]):
        real = await meet(world, answer, monitor_key=f"real-{number}")
        tested = await meet_as_test(world, answer, monitor_key=f"test-{number}")

        words = [[attempt.error for attempt in await attempts_of(delivery)] for delivery in (real, tested)]
        assert words[0] == words[1] != [], answer
        assert (tested.status, tested.next_attempt_at is None) == (real.status, real.next_attempt_at is None), answer
    assert world.messages() == []


async def meet_as_test(world: World, answer: dict[str, object], *, monitor_key: str) -> Delivery:
    """The same as `meet`, for a test message."""
    integration = await world.add_integration(monitor_key=monitor_key)
    delivery = await test_by(world, integration)
    world.break_posting(1, **answer)
    await world.deliver()
    met = await Delivery.get(id=delivery.id)
    await world.turn(integration, lambda row, change: row.pause(now=change.now))
    world.clock.advance(timedelta(hours=2))
    return met


REFUSALS = ("token_revoked", "invalid_auth", "missing_scope", "channel_not_found", "restricted_action", "ekm_access_denied")


@pytest.mark.parametrize("code", REFUSALS)
async def test_what_stops_a_real_message_stops_a_test_in_the_same_words(schema: Schema, world: World, code: str) -> None:
    integration = await world.add_integration()
    world.break_posting(2, fault="malformed", body=f'{{"ok": false, "error": "{code}"}}')

    payload = await ask_for_test(schema, world, integration)

    assert payload["delivery"]["status"] in {"FAILED", "RETRYING"}
    [attempt] = await attempts_of(await Delivery.get())
    assert attempt.error is not None
    assert f"({code})" in attempt.error
    assert payload["notice"].endswith(attempt.error)


async def test_a_channel_that_is_archived_is_named_as_it_is_for_a_real_message(schema: Schema, world: World) -> None:
    integration = await world.add_integration(channel=archived(world))
    await world.report()
    await world.deliver_for(2)
    [real] = await attempts_of(await Delivery.get())

    payload = await ask_for_test(schema, world, integration)

    assert payload["delivery"]["status"] == "FAILED"
    assert payload["notice"] == f"The test message was not posted. {real.error}"


async def test_tests_are_removed_with_old_runs(world: World) -> None:
    integration = await world.add_integration()
    await test_by(world, integration)
    await world.deliver()
    await world.report()
    await world.deliver_for(2)
    world.clock.advance(timedelta(days=91))

    await remove_old(OLD_RUNS, events=world.services.events)
    await remove_old(OLD_RUNS, events=world.services.events)

    assert [run.is_test for run in await MonitorRun.all()] == [False]
