"""What falls due: sign-ins that were left or are long over, grants to be refreshed, checked and given back.

Each does one bounded round.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import Q

from app.log.events import Change
from app.services import Services
from app.sign_ins import completion, grants
from app.sign_ins.checks import check_due, claimant_of
from app.sign_ins.clients import provider_of
from app.sign_ins.endings import SHUT
from app.sign_ins.events import AuthorizationRevoked
from app.sign_ins.freshness import LEASE, LONGEST_QUIET
from app.sign_ins.models import LIVE, Authorization, AuthorizationStatus, Grant
from app.sign_ins.refresh import refresh
from app.sign_ins.revocation import revoke_due
from app.storage import database
from app.storage.scheduling import is_time, unleased
from app.storage.slots import ASKS, Room, Slots, given_or_own

__all__ = ["check_due", "expire_due", "refresh_due", "revoke_due"]

CUT_OFF_AFTER = timedelta(seconds=60)
_ROUND = 100


async def expire_due(*, services: Services) -> int:
    """End what was left: sign-ins not finished in time, cut off in their exchange, or not used within the hour."""
    now = services.clock.now()
    return await _expire_open(now) + await _fail_cut_off(now, services=services) + await _give_back_unused(now, services=services)


async def refresh_due(*, services: Services, slots: Slots | None = None) -> int:
    """Begin to refresh what is due before anybody has to wait for it, and return how many are tried.

    No provider gets more than its share. Without `slots` all of them have been tried when this returns.
    """
    async with given_or_own(slots, ASKS) as places:
        due = await _due_for_refresh(places.room(), now=services.clock.now())
        return await places.fill(due, lambda grant: refresh(grant, services=services), whose=claimant_of)


async def _due_for_refresh(room: Room, *, now: datetime) -> Sequence[Grant]:
    if not room.left:
        return ()
    at_rest = Q(quiet_until__isnull=True) | is_time("quiet_until", now=now, longest=LONGEST_QUIET)
    due = Grant.filter(unleased(now=now, lasts=LEASE), at_rest, state__in=LIVE, refresh_at__lte=now, trouble__isnull=True)
    if room.full_origins:
        due = due.exclude(origin__in=room.full_origins)
    if room.full_grants:  # which are those under way: their leases may not be taken yet
        due = due.exclude(id__in=room.full_grants)
    return await due.order_by("refresh_at").limit(room.left)


async def _expire_open(now: datetime) -> int:
    """End open sign-ins whose time is over. Whoever waits for one has a timer of their own: there is no event."""
    over = Authorization.filter(status=AuthorizationStatus.PENDING, consumed_at=None, expires_at__lte=now)
    return await database.update(over, status=AuthorizationStatus.EXPIRED, ended_at=now, **SHUT) if await over.exists() else 0


async def _fail_cut_off(now: datetime, *, services: Services) -> int:
    """Fail the sign-ins whose process ended between the callback and the grant: nothing of them is left to go on with."""
    rows = await Authorization.filter(status=AuthorizationStatus.PENDING, consumed_at__lte=now - CUT_OFF_AFTER).limit(_ROUND)
    for row in rows:

        async def fail(change: Change, row: Authorization = row) -> None:
            fresh = await Authorization.get(id=row.id)
            if fresh.status is AuthorizationStatus.PENDING:
                await completion.fail(change, fresh, completion.CUT_OFF)

        await services.events.change(row.team_id, fail)
    return len(rows)


async def _give_back_unused(now: datetime, *, services: Services) -> int:
    rows = await Authorization.filter(status=AuthorizationStatus.COMPLETED, expires_at__lte=now).limit(_ROUND)
    for row in rows:

        async def give_back(change: Change, row: Authorization = row) -> None:
            fresh = await Authorization.get(id=row.id)
            if fresh.status is not AuthorizationStatus.COMPLETED:
                return
            fresh.status, fresh.ended_at = AuthorizationStatus.EXPIRED, change.now
            await fresh.save(update_fields=["status", "ended_at"])
            await change.record(AuthorizationRevoked(row.id, row.connected_to or provider_of(row).name))
            if fresh.grant_id is not None:
                await grants.retire(change, fresh.grant_id)

        await services.events.change(row.team_id, give_back)
    return len(rows)
