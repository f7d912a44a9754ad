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
from app.integrations.models import Integration, MonitoringPost
from app.providers.catalogue import CATALOGUE
from app.storage import database

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
    """What a worker got, and how many more were due and put off because their channel was written to just now."""

    leases: Sequence[Lease]
    defer: int


async def take_due(*, owner: UUID, now: datetime, limit: int) -> Taken:
    """Lease up to `limit` due deliveries that nothing in their integrations goes before, and claim their channels' pace too."""

    async def take(connection: BaseDBAsyncClient) -> Taken:
        del connection
        leases: list[Lease] = []
        defer = 0
        for channel, delivery in await _by_channel(await _due(now)):
            if len(leases) == limit:
                break
            next_at = await _claim(channel, now)
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

    async def give_back(connection: BaseDBAsyncClient) -> None:
        del connection
        await Delivery.filter(id=lease.delivery_id, lease_owner=lease.owner, status__in=WAITING).update(
            next_attempt_at=now + after, put_off_at=now, lease_owner=None, lease_until=None
        )

    await database.write(give_back)


def _due(now: datetime) -> QuerySet[Delivery]:
    # What a clock has leased or put off that was set back since is not waited for.
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now) | Q(lease_until__gt=now + LEASE + APART)
    put_off_later = Q(put_off_at__gt=now + APART) | Q(put_off_at__isnull=True, created_at__gt=now + APART)
    is_time = Q(next_attempt_at__lte=now) | put_off_later
    due = Delivery.filter(free, is_time, status__in=WAITING).annotate(ahead=_AHEAD).filter(ahead=0)
    return due.order_by("next_attempt_at", "created_at", "id").limit(_CANDIDATES).select_for_update(skip_locked=True)


@dataclass(frozen=True)
class _Way:
    """A channel, and the least time that its provider wants between two messages to it."""

    channel: str
    pace: timedelta


async def _by_channel(deliveries: Sequence[Delivery]) -> list[tuple[_Way, Delivery]]:
    """Return the deliveries with the channels that they go to, in the channels' order: two workers claim them in the same one."""
    wanted = {delivery.integration_id for delivery in deliveries}
    integrations = await Integration.in_bulk(wanted, "id")
    posts = {post.integration_id: post for post in await MonitoringPost.filter(integration_id__in=list(wanted))}
    named = [
        (
            _Way(f"{integration.origin}:{integration.account_id}:{posts[integration.id].channel_id}", _pace_of(integration)),
            delivery,
        )
        for delivery in deliveries
        for integration in [integrations[delivery.integration_id]]
    ]
    return sorted(named, key=lambda pair: pair[0].channel)


def _pace_of(integration: Integration) -> timedelta:
    messaging = CATALOGUE[integration.provider].messaging
    return messaging.pace if messaging is not None else timedelta()


async def _claim(way: _Way, now: datetime) -> datetime | None:
    """Claim the channel for a message at `now`; return None when that worked, else when the next may go."""
    channel = way.channel
    pace = await Pace.get_or_none(channel=channel)
    if pace is None:
        await Pace.bulk_create([Pace(channel=channel, next_at=now)], ignore_conflicts=True)
    is_time = Q(next_at__lte=now) | Q(next_at__gt=now + way.pace + APART)
    if await Pace.filter(is_time, channel=channel).update(next_at=now + way.pace):
        return None
    return (await Pace.get(channel=channel)).next_at


async def _lease(delivery: Delivery, *, owner: UUID, until: datetime) -> Lease:
    delivery.lease_owner, delivery.lease_until = owner, until
    await delivery.save(update_fields=["lease_owner", "lease_until"])
    return Lease(delivery.id, delivery.team_id, owner, until)
