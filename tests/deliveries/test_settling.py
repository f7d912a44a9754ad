"""What an attempt makes of a delivery."""

import asyncio
from uuid import uuid4

import pytest

from app.deliveries.leases import take_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.posting import Attempt
from app.deliveries.settling import settle
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change, Event
from app.providers.contract import Failure, Fault
from app.sign_ins.models import StatusReason
from app.storage.slots import Shares, Slots
from tests.deliveries.world import GENERAL, World, attempts_of, events_of, one_slot

HELPS_TO_TRY_AGAIN = {
    Fault.UNREACHABLE: True,
    Fault.BUSY: True,
    Fault.BROKEN: True,
    Fault.DENIED: True,
    Fault.REFUSED: True,
    Fault.NOT_ALLOWED: True,
    Fault.DEAD_GRANT: False,
    Fault.EXPIRED: False,
    Fault.MISSING_SCOPES: False,
    Fault.CLIENT_REFUSED: False,
    Fault.TARGET_GONE: False,
}


def test_every_fault_is_one_or_the_other() -> None:
    assert set(HELPS_TO_TRY_AGAIN) == set(Fault)


@pytest.mark.parametrize("fault", [fault for fault, helps in HELPS_TO_TRY_AGAIN.items() if not helps])
async def test_what_trying_again_would_not_help_ends_at_once(world: World, fault: Fault) -> None:
    delivery = await settled_with(world, fault)

    assert (delivery.status, delivery.next_attempt_at, delivery.attempt_count) == (DeliveryStatus.FAILED, None, 1)


@pytest.mark.parametrize("fault", [fault for fault, helps in HELPS_TO_TRY_AGAIN.items() if helps])
async def test_what_may_pass_is_tried_again(world: World, fault: Fault) -> None:
    delivery = await settled_with(world, fault)

    assert (delivery.status, delivery.attempt_count, delivery.lease_owner) == (DeliveryStatus.RETRYING, 1, None)
    assert delivery.next_attempt_at is not None
    assert delivery.next_attempt_at > world.clock.now()


async def test_what_ends_at_the_same_time_is_saved_of_each(world: World) -> None:
    keys = [f"monitor-{number}" for number in range(6)]
    integrations = [await world.add_integration(channel=f"C0{key}", monitor_key=key) for key in keys]
    await world.turn(integrations[0], _fail)
    await asyncio.gather(*(world.report(monitor_key=key) for key in keys))
    room = Slots(Shares(in_all=6, of_origin=6, of_grant=6)).room()
    leases = (await take_due(owner=uuid4(), now=world.clock.now(), room=room)).leases

    gone, failing = Failure(Fault.TARGET_GONE, "It is gone."), integrations[1].id
    said = {each.delivery_id: gone if each.integration_id == failing else None for each in leases}
    await asyncio.gather(
        *(
            settle(each, Attempt(uuid4(), world.clock.now(), 7, each.target.id, said[each.delivery_id]), services=world.services)
            for each in leases
        )
    )

    assert len(leases) == len(integrations)
    for delivery in await Delivery.all():
        failure = said[delivery.id]
        became = DeliveryStatus.DELIVERED if failure is None else DeliveryStatus.FAILED
        assert (delivery.status, delivery.lease_owner) == (became, None)
        assert [each.succeeded for each in await attempts_of(delivery)] == [failure is None]
        assert await events_of(delivery) == ["DELIVERY_CREATED", f"DELIVERY_{'SUCCEEDED' if failure is None else 'FAILED'}"]
    statuses = {row.id: row.status for row in await Integration.all()}
    assert statuses[integrations[0].id] is IntegrationStatus.ACTIVE
    numbers = [row.sequence for row in await Event.all().order_by("sequence")]
    assert numbers == list(range(1, len(numbers) + 1))


def _fail(integration: Integration, change: Change) -> IntegrationStatus | None:
    return integration.fail(StatusReason.TARGET_UNAVAILABLE, "It said no.", now=change.now)


async def settled_with(world: World, fault: Fault) -> Delivery:
    """Return what becomes of a delivery whose first attempt meets the fault."""
    await world.add_integration()
    await world.report()
    [lease] = (await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot())).leases
    attempt = Attempt(uuid4(), world.clock.now(), 7, GENERAL, Failure(fault, "It said no."))

    await settle(lease, attempt, services=world.services)

    delivery = await Delivery.get()
    assert [(each.number, each.error) for each in await attempts_of(delivery)] == [(1, "It said no.")]
    return delivery
