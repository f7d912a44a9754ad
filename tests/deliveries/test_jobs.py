import asyncio
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Never, cast

import pytest

from app.deliveries.jobs import deliver_due
from app.deliveries.leases import LEASE
from app.deliveries.models import Delivery, DeliveryStatus
from app.errors import DatabaseAway
from app.events import Change, Events
from app.integrations.models import Integration, IntegrationStatus, MonitoringPost
from app.outbound import Outbound
from app.sign_ins.models import Grant
from app.storage.outages import AWAY, unknown
from tests.deliveries.world import (
    GENERAL,
    MONITORING,
    SECOND,
    World,
    attempts_of,
    events_of,
    statuses,
)
from tests.held import HeldClock


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


async def test_workers_side_by_side_never_post_one_twice(world: World) -> None:
    integrations = [await world.add_integration(channel=channel) for channel in (GENERAL, MONITORING, "C0ACME003")]
    await asyncio.gather(*(world.report() for _ in range(4)))

    for _ in range(8):
        await asyncio.gather(*(deliver_due(ground=world.ground) for _ in range(4)))
        world.clock.advance(SECOND)

    posted = world.posted_ids()
    assert len(posted) == len(set(posted)) == await Delivery.all().count() == 12
    for integration in integrations:
        in_order = [str(row.id) for row in await Delivery.filter(integration_id=integration.id).order_by("position")]
        assert [each for each in posted if each in in_order] == in_order


async def test_a_lease_keeps_others_away_until_it_runs_out(world: World) -> None:
    await world.add_integration()
    await world.report()
    await lease_to_a_dead_worker(world)

    before = await world.deliver()
    world.clock.advance(LEASE - SECOND)
    almost = await world.deliver()
    world.clock.advance(SECOND)
    after = await world.deliver()

    assert (before, almost, after) == (0, 0, 1)
    assert len(world.messages()) == 1


async def lease_to_a_dead_worker(world: World) -> None:
    class Dead(Exception):
        pass

    class NoChanges:
        async def change(self, *_args: object, **_named: object) -> Never:
            raise Dead

    class NoDoor:
        async def send(self, *_args: object, **_named: object) -> Never:
            raise Dead

    door, changes = cast(Outbound, NoDoor()), cast(Events, NoChanges())
    dead = replace(world.ground, outbound=door, events=changes)
    with pytest.raises(Dead):
        await deliver_due(ground=dead)


async def test_a_process_that_dies_between_the_post_and_the_save_posts_a_duplicate_that_can_be_told(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    delivery = await Delivery.get()

    class Killed(Exception):
        pass

    class NoChanges:
        async def change(self, *_args: object, **_named: object) -> Never:
            raise Killed

    dying = replace(world.ground, events=cast(Events, NoChanges()))
    with pytest.raises(Killed):
        await deliver_due(ground=dying)
    world.clock.advance(LEASE)
    await world.deliver()

    assert world.posted_ids() == [str(delivery.id)] * 2
    assert await statuses(integration) == ["DELIVERED"]


async def test_a_database_that_is_away_for_a_moment_makes_no_duplicate(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    answers = iter([DatabaseAway(AWAY, fault="lost"), DatabaseAway(AWAY, fault="lost")])

    class Interrupted:
        async def change(self, *arguments: Any, **named: Any) -> Any:
            trouble = next(answers, None)
            if trouble is not None:
                raise trouble
            return await world.ground.events.change(*arguments, **named)

    await deliver_due(ground=replace(world.ground, events=cast(Events, Interrupted())))
    world.clock.advance(LEASE)
    await world.deliver()

    assert len(world.posted_ids()) == 1
    assert await statuses(integration) == ["DELIVERED"]


async def test_a_commit_whose_answer_was_lost_is_not_saved_twice(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=500)
    answers = iter([unknown("lost")])

    class Deaf:
        async def change(self, *arguments: Any, **named: Any) -> Any:
            answer = await world.ground.events.change(*arguments, **named)
            trouble = next(answers, None)
            if trouble is not None:
                raise trouble
            return answer

    await deliver_due(ground=replace(world.ground, events=cast(Events, Deaf())))

    delivery = await Delivery.get()
    assert await statuses(integration) == ["RETRYING"]
    assert (delivery.attempt_count, len(await attempts_of(delivery))) == (1, 1)


async def test_an_answer_that_breaks_off_is_tried_again_since_only_slacks_word_counts(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="reset", when="midway")

    await world.deliver_for(10)

    delivery = await Delivery.get()
    assert world.posted_ids() == [str(delivery.id)] * 2
    assert [attempt.succeeded for attempt in await attempts_of(delivery)] == [False, True]
    assert await statuses(integration) == ["DELIVERED"]


async def test_cancelling_a_round_lets_what_has_begun_come_to_its_end(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(1, fault="slow", seconds=3)

    round_ = asyncio.create_task(world.deliver())
    await until_asked(world)
    round_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await round_

    assert await statuses(integration) == ["DELIVERED"]
    assert len(world.messages()) == 1


async def test_what_has_not_begun_when_the_process_stops_is_given_back_at_once(world: World) -> None:
    await world.add_integration()
    await world.report()

    world.ground.stopping.tell()
    await world.deliver()

    delivery = await Delivery.get()
    assert (delivery.status, delivery.lease_owner, delivery.lease_until) == (DeliveryStatus.PENDING, None, None)
    assert delivery.next_attempt_at == world.clock.now()
    assert (world.messages(), await attempts_of(delivery)) == ([], [])


async def until_asked(world: World) -> None:
    """Return once the sandbox has a post before it."""
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(posts_seen, world):  # noqa: ASYNC110 - the sandbox rings no bell
            await asyncio.sleep(0.01)


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


async def test_slacks_retry_after_holds_for_everything_of_the_grant(world: World) -> None:
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


def posts_seen(world: World) -> int:
    return sum("chat.postMessage" in seen["path"] for seen in world.sandbox.state()["requests"])


def archived(world: World) -> str:
    return next(str(channel["id"]) for channel in world.sandbox.state()["channels"] if channel["is_archived"])


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


async def test_an_attempt_says_nothing_of_the_channel_that_was_set_meanwhile(world: World) -> None:
    integration = await world.add_integration(channel=archived(world))
    await world.report()
    world.break_posting(1, fault="slow", seconds=0.3)

    async def choose_another(change: Change) -> None:
        del change
        await MonitoringPost.filter(integration_id=integration.id).update(channel_id=GENERAL)

    round_ = asyncio.create_task(world.deliver())
    await until_asked(world)
    await world.ground.events.change(world.caller.team_id, choose_another)
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


async def test_a_worker_that_slept_past_its_lease_sends_nothing(world: World) -> None:
    await world.add_integration()
    await world.report()

    class Jumping(HeldClock):
        """Sleeps for a minute right after the lease was taken."""

        def now(self) -> datetime:
            present = super().now()
            self.advance(LEASE)
            return present

    slept = replace(world.ground, clock=Jumping(world.clock.now()))
    await deliver_due(ground=slept)
    sent = posts_seen(world)
    world.clock.advance(timedelta(hours=1))
    await world.deliver()

    assert sent == 0
    assert len(world.messages()) == 1
