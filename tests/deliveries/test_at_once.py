"""What a process makes and hands over itself: leased where it is made, and never at another's cost."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.deliveries import reactions as deliveries
from app.deliveries.at_once import AtOnce
from app.deliveries.jobs import POSTS, deliver_due
from app.deliveries.leases import LEASE, Candidate, Lease, lease_new
from app.deliveries.models import Delivery, DeliveryStatus, Pace
from app.integrations.kinds.contract import Target
from app.log.events import Change, Events
from app.monitors.actions import record_run
from app.monitors.events import RunRecorded
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun
from app.services import Services
from app.storage import database
from app.storage.slots import Claimant, Room, Shares, Slots
from tests.deliveries.world import GENERAL, MONITORING, REACTIONS, SECOND, World, events_of, statuses
from tests.holding import Holding, first_of


@dataclass
class Process:
    """One that reports runs and delivers them."""

    world: World
    services: Services
    at_once: AtOnce
    slots: Slots

    async def look(self) -> int:
        return await deliver_due(services=self.services, slots=self.slots, at_once=self.at_once)

    async def look_until_none_waits(self) -> None:
        for _ in range(20):
            await self.look()
            await self.slots.emptied()
            self.world.clock.advance(SECOND)


def process(
    world: World,
    services: Services | None = None,
    *,
    slots: Slots | None = None,
    at_once: AtOnce | None = None,
    fails: Callable[..., Any] | None = None,
) -> Process:
    """Return a process whose runs are reported through the world. `fails`: what follows from a run, too."""
    at_once = at_once or AtOnce()
    make = (partial(deliveries.make, at_once=at_once), *([fails] if fails is not None else []))
    reactions = {**REACTIONS, RunRecorded: make}
    events = Events(clock=world.clock, reactions=reactions, wake=world.services.watcher.wake)
    world.services = replace(services or world.services, events=events)
    return Process(world, world.services, at_once, slots or Slots(POSTS))


async def posting(world: World) -> tuple[Process, Holding]:
    """Return a process that is posting what the first run has made, and who keeps it there."""
    await world.add_integration()
    holding = Holding(world.services, first_of("chat.postMessage"))
    here = process(world, holding.services)
    await here.look()
    await world.report()
    await holding.asked.wait()
    return here, holding


async def leased() -> int:
    return await Delivery.filter(lease_owner__not_isnull=True).count()


async def test_a_run_is_handed_over_without_anybody_looking_for_it(world: World) -> None:
    integration = await world.add_integration()
    here = process(world)
    await here.look()

    await world.report()
    await here.slots.emptied()

    delivery = await Delivery.get()
    assert await statuses(integration) == ["DELIVERED"]
    assert (delivery.lease_owner, delivery.lease_until) == (None, None)
    assert world.posted_ids() == [str(delivery.id)]
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_SUCCEEDED"]


async def test_runs_that_are_recorded_together_are_handed_over_as_far_as_there_are_slots(world: World) -> None:
    keys = [f"monitor-{number}" for number in range(6)]
    for number, key in enumerate(keys):
        await world.add_integration(channel=f"C0000000{number}", monitor_key=key)
    holding = Holding(world.services, lambda _: True)  # or one could be done before all are counted
    here = process(world, holding.services, slots=Slots(Shares(in_all=4, of_origin=4, of_grant=3)))
    await here.look()
    released, began = asyncio.Event(), asyncio.Event()

    async def wait(_: Change) -> None:
        began.set()
        await released.wait()

    first = asyncio.create_task(world.services.events.change(world.caller.team_id, wait))
    await began.wait()
    together = [asyncio.create_task(world.report(monitor_key=key)) for key in keys]
    await asyncio.sleep(0)
    released.set()
    await asyncio.gather(first, *together)

    assert await leased() == 3
    assert not here.at_once.is_open
    holding.go_on.set()
    await here.slots.emptied()


async def test_what_goes_at_once_says_the_same_as_what_is_looked_for(world: World) -> None:
    await world.add_integration(mention="<!here>", mention_name="here")
    here = process(world)
    await report_failure(here, run_id="looked for")
    await here.look_until_none_waits()
    await world.report()
    await here.look_until_none_waits()

    await report_failure(here, run_id="at once")
    await here.slots.emptied()

    looked_for, _, at_once = [(message["text"], message["blocks"]) for message in world.messages()]
    assert at_once == looked_for


async def report_failure(here: Process, *, run_id: str) -> None:
    """Report one with all that a run may have, by a clock that stands elsewhere."""
    reported = ReportedRun(
        monitor_key="checkout",
        monitor_name="Checkout",
        run_id=run_id,
        outcome=RunOutcome.FAILED,
        started_at=datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
        duration_ms=1200,
        request_count=3,
        test_count=2,
        failed_test_count=1,
        error_count=1,
        failures=(Failure("Status is 200", "expected 500 to be 200\0"),),
        url="https://ci.test/runs/1",
    )
    await record_run(reported, caller=here.world.caller, services=here.services)


async def test_where_nobody_works_yet_what_is_made_is_left_to_who_looks(world: World) -> None:
    await world.add_integration()
    here = process(world)

    await world.report()
    before = await leased()
    moved = await here.look()
    await here.slots.emptied()

    assert (before, moved) == (0, 1)
    assert len(world.messages()) == 1


async def test_another_process_leaves_alone_what_one_has_made_for_itself(world: World) -> None:
    here, holding = await posting(world)

    another = await world.deliver()
    shown = [row.status for row in await Delivery.all()]
    holding.go_on.set()
    await here.slots.emptied()

    assert (another, shown) == (0, [DeliveryStatus.PENDING])
    assert len(world.messages()) == 1


async def test_what_a_process_made_that_died_right_then_is_taken_over_when_its_lease_runs_out(world: World) -> None:
    integration = await world.add_integration()
    here = process(world)
    here.at_once.open(owner=uuid4(), room=here.slots.room, begin=lambda _: None)

    await world.report()
    world.clock.advance(LEASE - SECOND)
    almost = await world.deliver()
    world.clock.advance(SECOND)
    after = await world.deliver()

    assert (almost, after) == (0, 1)
    assert len(world.messages()) == 1
    assert await statuses(integration) == ["DELIVERED"]


async def test_nothing_is_begun_of_a_run_that_could_not_be_recorded(world: World) -> None:
    async def fail(_: Change, __: RunRecorded) -> None:
        raise LookupError

    await world.add_integration()
    here = process(world, fails=fail)
    await here.look()

    with pytest.raises(LookupError):
        await world.report()

    assert here.slots.room().left == POSTS.in_all
    assert await Delivery.all().count() == 0


async def test_one_integrations_messages_go_in_the_order_of_their_runs(world: World) -> None:
    here, holding = await posting(world)

    await world.report()
    await world.report()
    held = await leased()
    holding.go_on.set()
    await here.look_until_none_waits()

    assert held == 1
    assert world.posted_ids() == [str(row.id) for row in await Delivery.all().order_by("position")]
    assert len(world.messages()) == 3


async def test_two_of_a_channel_go_at_its_pace(world: World) -> None:
    for channel in (GENERAL, GENERAL, MONITORING):
        await world.add_integration(channel=channel)
    here = process(world)
    await here.look()

    await world.report()
    await here.slots.emptied()
    at_once = sorted(message["channel"] for message in world.messages())
    await here.look_until_none_waits()

    assert at_once == [GENERAL, MONITORING]
    assert len(world.messages()) == 3


async def test_what_has_no_slot_waits_and_what_is_made_later_does_not_go_before_it(world: World) -> None:
    for number, channel in enumerate([GENERAL, MONITORING, "C0ACME003"]):
        await world.add_integration(channel=channel, monitor_key=f"monitor-{number}")
    holding = Holding(world.services, first_of("chat.postMessage"))
    here = process(world, holding.services, slots=Slots(Shares(in_all=1, of_origin=1, of_grant=1)))
    await here.look()

    await world.report(monitor_key="monitor-0")
    await holding.asked.wait()
    world.clock.advance(SECOND)
    await world.report(monitor_key="monitor-1")
    holding.go_on.set()
    await here.slots.emptied()
    world.clock.advance(SECOND)
    await world.report(monitor_key="monitor-2")
    held = await leased()
    await here.look_until_none_waits()

    assert held == 0
    assert world.posted_ids() == [str(row.id) for row in await Delivery.all().order_by("run__recorded_at")]
    assert len(world.messages()) == 3


async def test_nothing_goes_at_once_while_something_is_due(world: World) -> None:
    await world.add_integration(channel=GENERAL, monitor_key="old")
    await world.add_integration(channel=MONITORING, monitor_key="new")
    here = process(world)
    await world.report(monitor_key="old")
    await here.look()
    await here.slots.emptied()

    await world.report(monitor_key="new")
    before = await leased()
    await here.look()
    await here.slots.emptied()
    await here.look()
    world.clock.advance(SECOND)
    await world.report(monitor_key="new")
    await here.slots.emptied()

    assert before == 0
    assert len(world.messages()) == 3


async def test_a_slot_that_is_taken_meanwhile_costs_the_lease_and_nothing_else(world: World) -> None:
    await world.add_integration()
    slots, go_on = Slots(Shares(in_all=1, of_origin=1, of_grant=1)), asyncio.Event()
    before = slots.room()

    class Late(AtOnce):
        """Finds out that the slot is taken when the run has been recorded."""

        def open(self, *, owner: UUID, room: Callable[[], Room], begin: Callable[[Lease], None]) -> None:
            del room
            super().open(owner=owner, room=lambda: before, begin=begin)

    here = process(world, at_once=Late(), slots=slots)
    await here.look()
    slots.begin(Claimant(GENERAL, None), go_on.wait())

    await world.report()
    held_for_a_moment = await until_given_back()
    messages = world.messages()
    go_on.set()
    await slots.emptied()
    world.clock.advance(SECOND)
    await here.look()
    await slots.emptied()

    assert (held_for_a_moment, messages) == (DeliveryStatus.PENDING, [])
    assert len(world.messages()) == 1


async def until_given_back() -> DeliveryStatus:
    async with asyncio.timeout(10):
        while await leased():  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.01)
    return (await Delivery.get()).status


async def test_a_process_that_stops_begins_nothing_more(world: World) -> None:
    integration = await world.add_integration()
    here = process(world)
    await here.look()
    world.services.stopping.tell()

    await world.report()
    await here.slots.emptied()

    delivery = await Delivery.get()
    assert await statuses(integration) == ["PENDING"]
    assert (delivery.lease_owner, delivery.lease_until) == (None, None)
    assert world.messages() == []


async def test_an_address_that_takes_any_number_has_no_pace_to_claim(world: World) -> None:
    hook, channel = Target("one", "https://hooks.test/one", timedelta()), Target("two", "slack:two", SECOND)
    made = [Candidate(Delivery(), Claimant("https://hooks.test", None), target) for target in (hook, channel, hook, channel)]

    async def lease(_: BaseDBAsyncClient) -> Sequence[Lease]:
        return await lease_new(made, owner=uuid4(), now=world.clock.now(), room=Slots(POSTS).room())

    leases = await database.write(lease)

    assert [lease.target for lease in leases] == [hook, channel, hook]
    assert [pace.channel for pace in await Pace.all()] == ["slack:two"]
