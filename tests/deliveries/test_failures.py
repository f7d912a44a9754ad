"""What Slack answers instead of taking a message: it is tried again by the schedule, or ends for a reason that is said."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.deliveries.models import Delivery, DeliveryStatus
from app.errors import Refusal, UserErrorCode
from app.graphql.connections import ForwardArguments
from app.integrations.kinds.channels import look_up
from app.integrations.models import Integration, IntegrationStatus
from app.outbound.budget import Budget
from app.sign_ins.channels import page_of_channels
from app.sign_ins.checks import check
from app.sign_ins.models import Grant
from tests.deliveries.world import (
    GENERAL,
    MONITORING,
    SECOND,
    World,
    archived,
    attempts_of,
    events_of,
    posts_seen,
    statuses,
)


async def test_an_answer_that_breaks_off_is_tried_again_since_only_slacks_word_counts(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="reset", when="midway")

    await world.deliver_for(10)

    delivery = await Delivery.get()
    assert world.posted_ids() == [str(delivery.id)] * 2
    assert [attempt.succeeded for attempt in await attempts_of(delivery)] == [False, True]
    assert await statuses(integration) == ["DELIVERED"]


async def test_a_failed_attempt_is_kept_and_tried_again_by_the_schedule(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    begun = world.clock.now()
    world.break_posting(1, fault="status", status=503)

    await world.deliver()

    delivery = await Delivery.get()
    assert (delivery.status, delivery.attempt_count, delivery.lease_owner) == (DeliveryStatus.RETRYING, 1, None)
    assert delivery.next_attempt_at is not None
    assert 5 * SECOND <= delivery.next_attempt_at - begun <= 6 * SECOND
    [attempt] = await attempts_of(delivery)
    assert (attempt.succeeded, attempt.error) == (False, "Slack has a fault of its own (HTTP 503).")
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_RETRYING"]
    assert (await Integration.get(id=integration.id)).status is IntegrationStatus.FAILING

    await world.deliver_for(10)

    assert await statuses(integration) == ["DELIVERED"]
    assert (await Integration.get(id=integration.id)).status is IntegrationStatus.ACTIVE


async def test_it_is_given_up_after_the_eighth_attempt(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(9, fault="status", status=500)

    for _ in range(12):
        await world.deliver()
        world.clock.advance(timedelta(hours=15))

    delivery = await Delivery.get()
    assert await statuses(integration) == ["FAILED"]
    assert [attempt.number for attempt in await attempts_of(delivery)] == list(range(1, 9))
    assert await events_of(delivery) == ["DELIVERY_CREATED", *["DELIVERY_RETRYING"] * 7, "DELIVERY_FAILED"]


async def test_slacks_retry_after_holds_for_every_post_of_the_grant(world: World) -> None:
    first = await world.add_integration(channel=GENERAL)
    await world.report()
    begun = world.clock.now()
    world.break_posting(1, fault="rate_limit", retry_after=40)
    await world.deliver()
    second = await world.add_integration(channel=MONITORING)
    await world.report()

    await world.deliver_for(38, step=2)
    asked_early = posts_seen(world)
    await world.deliver_for(60)

    assert (await Grant.get(id=world.grant.id)).quiet_until == begun + 40 * SECOND
    assert asked_early == 1
    assert (await statuses(first), await statuses(second)) == (["DELIVERED", "DELIVERED"], ["DELIVERED"])
    errors = [attempt.error for row in await Delivery.all() for attempt in await attempts_of(row) if attempt.error]
    assert errors == ["Slack asks to slow down (HTTP 429)."]


async def test_slacks_limit_on_one_method_keeps_no_posts_waiting(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    for method in ("conversations.list", "conversations.info", "auth.test"):
        world.sandbox.control("faults", provider="slack", endpoint=method, times=1, fault="rate_limit", retry_after=34)

    async def list_channels() -> object:
        return await page_of_channels(world.grant.id, ForwardArguments(), None, budget=Budget(), services=world.services)

    with pytest.raises(Refusal) as listed:
        await list_channels()
    with pytest.raises(Refusal) as looked_up:
        await look_up(GENERAL, grant=world.grant, services=world.services, field=["id"])
    await check(world.grant.id, services=world.services)
    with pytest.raises(Refusal) as again:
        await list_channels()
    await world.deliver()

    assert [refused.value.code for refused in (listed, looked_up, again)] == [UserErrorCode.PROVIDER_BUSY] * 3
    assert again.value.retry_after == 34
    assert sum("conversations.list" in seen["path"] for seen in world.sandbox.state()["requests"]) == 1
    assert await statuses(integration) == ["DELIVERED"]
    world.clock.advance(timedelta(seconds=35))
    await list_channels()


async def test_a_limit_on_posts_leaves_channels_to_be_chosen(world: World) -> None:
    await world.add_integration()
    await world.report()
    world.break_posting(1, fault="rate_limit", retry_after=40)
    await world.deliver()

    page = await page_of_channels(world.grant.id, ForwardArguments(), "general", budget=Budget(), services=world.services)

    assert [channel.name for channel in page.rows] == ["general"]


async def test_slacks_retry_after_is_when_the_schedule_goes_on(world: World) -> None:
    await world.add_integration()
    await world.report()
    begun = world.clock.now()
    world.break_posting(1, fault="rate_limit", retry_after=40)

    await world.deliver()

    delivery = await Delivery.get()
    assert delivery.next_attempt_at is not None
    assert 40 * SECOND <= delivery.next_attempt_at - begun <= 48 * SECOND


async def test_a_dead_grant_ends_it_at_once_and_all_that_wait_with_it(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.report()
    world.sandbox.control("faults", provider="slack", fault="revoke_token", events=False)

    await world.deliver()
    await world.deliver_for(10)

    assert await statuses(integration) == ["FAILED", "FAILED"]
    assert (await Integration.get(id=integration.id)).status is IntegrationStatus.NEEDS_REAUTHENTICATION
    [first, second] = await Delivery.all().order_by("position")
    assert [attempt.succeeded for attempt in await attempts_of(first)] == [False]
    assert await attempts_of(second) == []
    assert await events_of(first) == ["DELIVERY_CREATED", "DELIVERY_FAILED"]
    assert posts_seen(world) == 1


async def test_a_channel_that_is_gone_ends_it_at_once(world: World) -> None:
    integration = await world.add_integration(channel=archived(world))
    await world.report()

    await world.deliver_for(10)

    assert await statuses(integration) == ["FAILED"]
    [attempt] = await attempts_of(await Delivery.get())
    assert attempt.error is not None
    assert "archived" in attempt.error
    assert (await Integration.get(id=integration.id)).status is IntegrationStatus.FAILING


ODD_BODIES = [
    b"",
    b"ok",
    b"null",
    b"1",
    b'"ok"',
    b"[]",
    b"{}",
    b'{"ok": tru',
    b'{"ok": true}',
    b'{"ok": true} {"ok": true}',
    b'{"ok": "true"}',
    b'{"ok": 1}',
    b'{"ok": null}',
    b'{"ok": true, "channel": 1, "ts": "1.2"}',
    b'{"ok": true, "channel": "C1", "ts": 1.2}',
    b'{"ok": true, "channel": "C1", "ts": ""}',
    b'{"ok": true, "channel": {"id": "C1"}, "ts": "1.2"}',
    b'{"ok": false}',
    b'{"ok": false, "error": 7}',
    b'{"ok": false, "error": null}',
    b'{"ok": false, "error": {"code": "invalid_auth"}}',
    b'{"ok": false, "error": "<!channel> xoxb-1234"}',
    b'{"ok": false, "error": "never_heard_of"}',
    b'{"ok": false, "error": "invalid_blocks"}',
    b'{"ok": false, "error": "is_archived"}',
    b'{"ok": false, "error": "internal_error"}',
    b'{"ok": false, "error": "ratelimited"}',
    b'{"ok": false, "ok": true}',
    b'{"ok": true, "ts": NaN}',
    b'{"ok": true, "ts": 1e999}',
    b'{"ok": true, "ts": "\\ud800"}',
    b'\xef\xbb\xbf{"ok": true}',
    '{"ok": true, "channel": "Zürich"}'.encode("latin-1"),
    '{"ok": true}'.encode("utf-16"),
    b"[" * 5_000 + b"]" * 5_000,
    b"<!doctype html><title>Sign in to the Wi-Fi</title>",
]
ODD_STATUSES = [202, 204, 302, 401, 403, 404, 500, 502, 504]


def odd_answers() -> Iterator[dict[str, object]]:
    for body in ODD_BODIES:
        yield {"fault": "malformed", "body_base64": b64encode(body).decode()}
    for status in ODD_STATUSES:
        yield {"fault": "malformed", "status": status, "body": "" if status == 204 else "{}"}
    yield {"fault": "reset"}


async def test_whatever_slack_answers_leaves_it_waiting_or_failed_with_an_attempt_that_says_so(world: World) -> None:
    answers = list(odd_answers())

    for number, answer in enumerate(answers):
        delivery = await meet(world, answer, monitor_key=f"monitor-{number}")

        attempts = await attempts_of(delivery)
        assert delivery.status in {DeliveryStatus.RETRYING, DeliveryStatus.FAILED}, answer
        assert (delivery.next_attempt_at is not None) is (delivery.status is DeliveryStatus.RETRYING), answer
        assert [attempt.succeeded for attempt in attempts] == [False], answer
        assert attempts[0].error is not None, answer
        assert 0 < len(attempts[0].error) <= 300, answer
        assert "xoxb" not in attempts[0].error, answer

    assert len(answers) >= 40
    assert world.messages() == []


async def meet(world: World, answer: dict[str, object], *, monitor_key: str) -> Delivery:
    """Let a delivery meet the answer, and return what became of it; nothing of it waits any more."""
    integration = await world.add_integration(monitor_key=monitor_key)
    await world.report(monitor_key=monitor_key)
    world.break_posting(1, **answer)
    await world.deliver()
    met = await Delivery.get(integration_id=integration.id)
    await world.turn(integration, lambda row, change: row.pause(now=change.now))
    world.clock.advance(timedelta(hours=2))
    return met
