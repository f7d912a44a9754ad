"""Who works on which deliveries: rows are leased, so that several workers never have the same one, and one that dies loses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q, RawSQL
from tortoise.queryset import QuerySet

from app.clock import APART
from app.deliveries.models import WAITING, Delivery, Pace
from app.deliveries.targets import targets_of
from app.integrations.kinds.contract import Target
from app.integrations.models import Integration
from app.storage import database
from app.storage.scheduling import is_time, unleased

LEASE = timedelta(seconds=60)
HELD_BACK_BY = 5
"""A delivery that has failed so often no longer holds back those behind it."""

_CANDIDATES = 64
_STATUSES = ", ".join(f"'{status.value}'" for status in WAITING)
_EARLIER = f"""
    SELECT 1 FROM "delivery" AS "ahead"
    WHERE "ahead"."integration_id" = "delivery"."integration_id" AND "ahead"."status" IN ({_STATUSES})
    AND "ahead"."position" < "delivery"."position" AND "ahead"."attempt_count" < {HELD_BACK_BY} LIMIT 1
"""  # noqa: S608 - no value from outside is in it
_AHEAD = RawSQL(f'(SELECT COUNT(*) FROM ({_EARLIER}) AS "earlier")')  # noqa: S608 - as above


@dataclass(frozen=True)
class Lease:
    """The right to attempt one delivery until a moment. Others have it behind that moment."""

    delivery_id: UUID
    team_id: UUID
    owner: UUID
    until: datetime


@dataclass(frozen=True)
class Taken:
    """The deliveries that a worker got, and how many more were due and put off because their channel was written to just now."""

    leases: Sequence[Lease]
    defer: int


async def take_due(*, owner: UUID, now: datetime, limit: int) -> Taken:
    """Lease up to `limit` due deliveries that nothing in their integrations goes before, and claim their channels' pace too."""

    async def take(_: BaseDBAsyncClient) -> Taken:
        leases: list[Lease] = []
        defer = 0
        for target, delivery in await _by_target(await _due(now)):
            if len(leases) == limit:
                break
            next_at = await _claim(target, now)
            if next_at is None:
                leases.append(await _lease(delivery, owner=owner, until=now + LEASE))
            else:
                defer += 1
                delivery.next_attempt_at, delivery.put_off_at = next_at, now
                await delivery.save(update_fields=["next_attempt_at", "put_off_at"])
        return Taken(leases, defer)

    return await database.write(take)


async def put_back(lease: Lease, *, after: timedelta, now: datetime) -> None:
    """Give the lease back without an attempt having been made; the delivery is due again `after` so long."""
    held = Delivery.filter(id=lease.delivery_id, lease_owner=lease.owner, status__in=WAITING)
    await database.update(held, next_attempt_at=now + after, put_off_at=now, lease_owner=None, lease_until=None)


def _due(now: datetime) -> QuerySet[Delivery]:
    # What a clock has leased or put off that was set back since is not waited for.
    free = unleased(now=now, lasts=LEASE)
    put_off_later = Q(put_off_at__gt=now + APART) | Q(put_off_at__isnull=True, created_at__gt=now + APART)
    is_due = Q(next_attempt_at__lte=now) | put_off_later
    due = Delivery.filter(free, is_due, status__in=WAITING).annotate(ahead=_AHEAD).filter(ahead=0)
    return due.order_by("next_attempt_at", "created_at", "id").limit(_CANDIDATES).select_for_update(skip_locked=True)


async def _by_target(deliveries: Sequence[Delivery]) -> list[tuple[Target, Delivery]]:
    """Return the deliveries with where they go to, in the addresses' order: two workers claim them in the same one."""
    integrations = await Integration.in_bulk({delivery.integration_id for delivery in deliveries}, "id")
    targets = await targets_of(list(integrations.values()))
    return sorted(((targets[each.integration_id], each) for each in deliveries), key=lambda pair: pair[0].address)


async def _claim(target: Target, now: datetime) -> datetime | None:
    """Claim the address for a message at `now`; return None when that worked, else when the next may go."""
    channel, pace = target.address, target.pace
    if not await Pace.exists(channel=channel):
        await Pace.bulk_create([Pace(channel=channel, next_at=now)], ignore_conflicts=True)
    if await Pace.filter(is_time("next_at", now=now, longest=pace), channel=channel).update(next_at=now + pace):
        return None
    return (await Pace.get(channel=channel)).next_at


async def _lease(delivery: Delivery, *, owner: UUID, until: datetime) -> Lease:
    delivery.lease_owner, delivery.lease_until = owner, until
    await delivery.save(update_fields=["lease_owner", "lease_until"])
    return Lease(delivery.id, delivery.team_id, owner, until)
