"""Whether anything is due, asked without a transaction, is what a transaction would have found."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.clock import APART
from app.deliveries.due import is_any_due
from app.deliveries.leases import LEASE, take_due
from app.deliveries.models import Delivery, DeliveryStatus
from tests.deliveries.world import SECOND, World, one_slot
from tests.sign_ins.world import write

Columns = dict[str, Any]
LONG = timedelta(hours=1)


@pytest.mark.parametrize(
    ("columns", "moments", "is_due"),
    [
        ({}, {}, True),
        ({"status": DeliveryStatus.RETRYING}, {"next_attempt_at": -LONG}, True),
        ({"status": DeliveryStatus.DELIVERED}, {"next_attempt_at": None}, False),
        ({"status": DeliveryStatus.FAILED}, {}, False),
        ({}, {"next_attempt_at": SECOND}, False),
        ({"held_back": True}, {}, False),
        ({}, {"lease_until": SECOND}, False),
        ({}, {"lease_until": timedelta()}, True),
        ({}, {"lease_until": LEASE + APART}, False),
        ({}, {"lease_until": LEASE + APART + SECOND}, True),
        ({}, {"next_attempt_at": LONG, "put_off_at": APART}, False),
        ({}, {"next_attempt_at": LONG, "put_off_at": APART + SECOND}, True),
        ({}, {"next_attempt_at": LONG, "put_off_at": APART + SECOND, "lease_until": SECOND}, False),
        ({}, {"next_attempt_at": LONG, "created_at": APART}, False),
        ({}, {"next_attempt_at": LONG, "created_at": APART + SECOND}, True),
        ({}, {"next_attempt_at": LONG, "created_at": LONG, "put_off_at": -SECOND}, False),
        ({"held_back": True}, {"next_attempt_at": LONG, "put_off_at": LONG}, False),
    ],
)
async def test_what_is_due_is_seen_and_nothing_else(
    world: World, columns: Columns, moments: dict[str, timedelta | None], *, is_due: bool
) -> None:
    await world.add_integration()
    await world.report()
    now = world.clock.now()
    set_to = columns | {name: now + by if by is not None else None for name, by in moments.items()}
    await write(lambda: Delivery.all().update(**set_to))

    seen = await is_any_due(Delivery, now=now, lease=LEASE)
    taken = await take_due(owner=uuid4(), now=now, room=one_slot())

    assert (seen, len(taken.leases)) == (is_due, int(is_due))


async def test_who_looks_first_and_finds_nothing_has_asked_one_thing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        taken = await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot(), looks_first=True)

    assert (taken.leases, len(caplog.records)) == ((), 1)


async def test_who_looks_first_gets_the_same(world: World) -> None:
    await world.add_integration()
    await world.report()

    taken = await take_due(owner=uuid4(), now=world.clock.now(), room=one_slot(), looks_first=True)

    assert len(taken.leases) == 1
