"""Two workers, dying ones, halted ones: a message is posted once, or told to be a duplicate."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Never, cast
from uuid import uuid4

import pytest

from app.deliveries.jobs import deliver_due
from app.deliveries.leases import LEASE, put_back, take_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.posting import Attempt, Lost, post
from app.errors import DatabaseAway
from app.log.events import Events
from app.outbound import Outbound
from app.storage.outages import AWAY, unknown
from tests.deliveries.world import (
    GENERAL,
    MONITORING,
    SECOND,
    World,
    archived,
    attempts_of,
    events_of,
    one_slot,
    posts_seen,
    statuses,
    until_asked,
)
from tests.held import HeldClock
from tests.sign_ins.world import write


async def test_workers_side_by_side_never_post_one_twice(world: World) -> None:
    integrations = [await world.add_integration(channel=channel) for channel in (GENERAL, MONITORING, "C0ACME003")]
    await asyncio.gather(*(world.report() for _ in range(4)))

    for _ in range(8):
        await asyncio.gather(*(deliver_due(services=world.services) for _ in range(4)))
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


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=400)])
async def test_a_clock_that_is_set_back_silences_no_channel(world: World, by: timedelta) -> None:
    await world.add_integration()
    await world.report()
    await world.deliver()  # which has taken the channel's pace
    await world.report()
    await world.report()
    await world.deliver()  # which has put both off

    world.clock.advance(-by)
    for _ in range(3):
        await world.report()
    for _ in range(5):
        await world.deliver()
        world.clock.advance(SECOND)

    assert len(world.messages()) == 6


async def test_a_delivery_that_failed_before_the_clock_was_set_back_is_tried_again_and_not_without_end(world: World) -> None:
    await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=503)
    await world.deliver()
    world.break_posting(1, fault="status", status=503)

    world.clock.advance(-timedelta(hours=1))
    again = [await world.deliver() for _ in range(3)]
    world.clock.advance(timedelta(seconds=40))
    later = await world.deliver()

    assert (again, later) == ([1, 0, 0], 1)
    assert len(world.messages()) == 1


async def test_a_lease_of_before_the_clock_was_set_back_keeps_nobody_away(world: World) -> None:
    await world.add_integration()
    await world.report()
    await lease_to_a_dead_worker(world)

    world.clock.advance(-timedelta(hours=1))

    assert await world.deliver() == 1
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
    dead = replace(world.services, outbound=door, events=changes)
    with pytest.raises(Dead):
        await deliver_due(services=dead)


async def test_a_process_that_dies_between_the_post_and_the_save_posts_a_duplicate_that_can_be_told(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    delivery = await Delivery.get()

    class Killed(Exception):
        pass

    class NoChanges:
        async def join(self, *_args: object, **_named: object) -> Never:
            raise Killed

    dying = replace(world.services, events=cast(Events, NoChanges()))
    with pytest.raises(Killed):
        await deliver_due(services=dying)
    world.clock.advance(LEASE)
    await world.deliver()

    assert world.posted_ids() == [str(delivery.id)] * 2
    assert await statuses(integration) == ["DELIVERED"]


async def test_a_database_that_is_away_for_a_moment_makes_no_duplicate(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    answers = iter([DatabaseAway(AWAY, fault="lost"), DatabaseAway(AWAY, fault="lost")])

    class Interrupted:
        async def join(self, *arguments: Any, **named: Any) -> Any:
            trouble = next(answers, None)
            if trouble is not None:
                raise trouble
            return await world.services.events.join(*arguments, **named)

    await deliver_due(services=replace(world.services, events=cast(Events, Interrupted())))
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
            answer = await world.services.events.change(*arguments, **named)
            trouble = next(answers, None)
            if trouble is not None:
                raise trouble
            return answer

    await deliver_due(services=replace(world.services, events=cast(Events, Deaf())))

    delivery = await Delivery.get()
    assert await statuses(integration) == ["RETRYING"]
    assert (delivery.attempt_count, len(await attempts_of(delivery))) == (1, 1)


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

    world.services.stopping.tell()
    await world.deliver()

    delivery = await Delivery.get()
    assert (delivery.status, delivery.lease_owner, delivery.lease_until) == (DeliveryStatus.PENDING, None, None)
    assert delivery.next_attempt_at == world.clock.now()
    assert (world.messages(), await attempts_of(delivery)) == ([], [])


async def test_the_failure_of_who_has_lost_the_lease_is_kept_and_moves_nothing(world: World) -> None:
    await world.add_integration(channel=archived(world))
    await world.report()
    world.break_posting(1, fault="slow", seconds=0.3)

    round_ = asyncio.create_task(world.deliver())
    await until_asked(world)
    another, until = uuid4(), world.clock.now() + LEASE
    await write(lambda: Delivery.all().update(lease_owner=another, lease_until=until))
    await round_

    delivery = await Delivery.get()
    assert [attempt.succeeded for attempt in await attempts_of(delivery)] == [False]
    assert (delivery.status, delivery.attempt_count) == (DeliveryStatus.PENDING, 0)
    assert (delivery.lease_owner, delivery.lease_until) == (another, until)
    assert await events_of(delivery) == ["DELIVERY_CREATED"]


async def test_a_lease_that_is_anothers_by_now_is_not_put_back(world: World) -> None:
    await world.add_integration()
    await world.report()
    first, second = uuid4(), uuid4()
    [lost] = (await take_due(owner=first, now=world.clock.now(), room=one_slot())).leases
    world.clock.advance(LEASE)
    [held] = (await take_due(owner=second, now=world.clock.now(), room=one_slot())).leases

    await put_back(lost, after=SECOND, now=world.clock.now())

    delivery = await Delivery.get()
    assert (delivery.lease_owner, delivery.lease_until) == (second, held.until)
    assert delivery.next_attempt_at == world.clock.now() - LEASE


async def test_what_is_no_longer_ones_own_is_not_posted(world: World) -> None:
    await world.add_integration()
    await world.report()
    [lost] = (await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())).leases
    world.clock.advance(LEASE)
    await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())

    assert isinstance(await post(replace(lost, until=world.clock.now() + LEASE), services=world.services), Lost)
    assert posts_seen(world) == 0


async def test_what_ended_in_spite_of_its_lease_is_not_posted(world: World) -> None:
    await world.add_integration()
    await world.report()
    [lease] = (await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())).leases
    await write(lambda: Delivery.all().update(status=DeliveryStatus.SKIPPED))

    assert isinstance(await post(lease, services=world.services), Lost)
    assert posts_seen(world) == 0


@pytest.mark.parametrize(("left", "begins"), [(15, True), (14, False)])
async def test_no_post_begins_that_could_outlast_its_lease(world: World, left: int, begins: bool) -> None:
    await world.add_integration()
    await world.report()
    [lease] = (await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())).leases
    world.clock.advance(LEASE - left * SECOND)

    came = await post(lease, services=world.services)

    assert isinstance(came, Attempt if begins else Lost)
    assert posts_seen(world) == int(begins)


async def test_a_worker_that_slept_past_its_lease_sends_nothing(world: World) -> None:
    await world.add_integration()
    await world.report()

    class Jumping(HeldClock):
        """Sleeps for a minute right after the lease was taken."""

        def now(self) -> datetime:
            present = super().now()
            self.advance(LEASE)
            return present

    slept = replace(world.services, clock=Jumping(world.clock.now()))
    await deliver_due(services=slept)
    sent = posts_seen(world)
    world.clock.advance(timedelta(hours=1))
    await world.deliver()

    assert sent == 0
    assert len(world.messages()) == 1
