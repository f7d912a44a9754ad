"""What an attempt makes of a delivery."""

from uuid import uuid4

import pytest

from app.deliveries.leases import take_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.posting import Attempt
from app.deliveries.settling import settle
from app.providers.contract import Failure, Fault
from tests.deliveries.world import GENERAL, World, attempts_of, one_slot

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
