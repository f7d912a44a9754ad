"""Who works on which deliveries: rows are leased, so that several workers never have the same one, and one that dies loses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q, RawSQL, Subquery
from tortoise.queryset import QuerySet

from app.clock import APART
from app.deliveries.models import WAITING, Delivery, Pace
from app.deliveries.targets import targets_of
from app.integrations.kinds.contract import Target
from app.integrations.models import Integration
from app.storage import database
from app.storage.scheduling import is_time, unleased
from app.storage.slots import Claimant, Room

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
    claimant: Claimant


@dataclass(frozen=True)
class Taken:
    """The deliveries that a worker got, and how many more were due and put off because their channel was written to just now."""

    leases: Sequence[Lease]
    defer: int


async def take_due(*, owner: UUID, now: datetime, room: Room) -> Taken:
    """Lease due deliveries that nothing in their integrations goes before, and claim their channels' pace too.

    So many as there is room for, and of no origin and no grant more than its share.
    """

    async def take(_: BaseDBAsyncClient) -> Taken:
        leases: list[Lease] = []
        defer = 0
        for target, claimant, delivery in await _by_target(await _due(now, room), room=room):
            next_at = await _claim(target, now)
            if next_at is None:
                leases.append(await _lease(delivery, claimant, owner=owner, until=now + LEASE))
            else:
                defer += 1
                delivery.next_attempt_at, delivery.put_off_at = next_at, now
                await delivery.save(update_fields=["next_attempt_at", "put_off_at"])
        return Taken(leases, defer)

    return await database.write(take)


def claimant_of(integration: Integration) -> Claimant:
    """Return whose share of the slots its deliveries take: its own grant's, or its installed app's."""
    return Claimant(integration.origin, integration.grant_id or integration.installed_app_id)


async def put_back(lease: Lease, *, after: timedelta, now: datetime) -> None:
    """Give the lease back without an attempt having been made; the delivery is due again `after` so long."""
    held = Delivery.filter(id=lease.delivery_id, lease_owner=lease.owner, status__in=WAITING)
    await database.update(held, next_attempt_at=now + after, put_off_at=now, lease_owner=None, lease_until=None)


def _due(now: datetime, room: Room) -> QuerySet[Delivery]:
    # What a clock has leased or put off that was set back since is not waited for.
    free = unleased(now=now, lasts=LEASE)
    put_off_later = Q(put_off_at__gt=now + APART) | Q(put_off_at__isnull=True, created_at__gt=now + APART)
    is_due = Q(next_attempt_at__lte=now) | put_off_later
    due = Delivery.filter(free, is_due, status__in=WAITING).annotate(ahead=_AHEAD).filter(ahead=0)
    if room.full_origins or room.full_grants:
        due = due.exclude(integration_id__in=Subquery(_with_their_share(room).values("id")))
    return due.order_by("next_attempt_at", "created_at", "id").limit(_CANDIDATES).select_for_update(skip_locked=True)


def _with_their_share(room: Room) -> QuerySet[Integration]:
    origins, grants = room.full_origins, room.full_grants
    return Integration.filter(Q(origin__in=origins) | Q(grant_id__in=grants) | Q(installed_app_id__in=grants))


async def _by_target(deliveries: Sequence[Delivery], *, room: Room) -> list[tuple[Target, Claimant, Delivery]]:
    """Return those that there is room for, the longest due first, with where they go to.

    In the addresses' order: two workers claim them in the same one.
    """
    integrations = await Integration.in_bulk({delivery.integration_id for delivery in deliveries}, "id")
    left, chosen = room.copy(), []
    for delivery in deliveries:
        claimant = claimant_of(integrations[delivery.integration_id])
        if left.has(claimant):
            left.take(claimant)
            chosen.append((claimant, delivery))
    targets = await targets_of([integrations[delivery.integration_id] for _, delivery in chosen])
    found = [(targets[delivery.integration_id], claimant, delivery) for claimant, delivery in chosen]
    return sorted(found, key=lambda one: one[0].address)


async def _claim(target: Target, now: datetime) -> datetime | None:
    """Claim the address for a message at `now`; return None when that worked, else when the next may go."""
    channel, pace = target.address, target.pace
    if not await Pace.exists(channel=channel):
        await Pace.bulk_create([Pace(channel=channel, next_at=now)], ignore_conflicts=True)
    if await Pace.filter(is_time("next_at", now=now, longest=pace), channel=channel).update(next_at=now + pace):
        return None
    return (await Pace.get(channel=channel)).next_at


async def _lease(delivery: Delivery, claimant: Claimant, *, owner: UUID, until: datetime) -> Lease:
    delivery.lease_owner, delivery.lease_until = owner, until
    await delivery.save(update_fields=["lease_owner", "lease_until"])
    return Lease(delivery.id, delivery.team_id, owner, until, claimant)
