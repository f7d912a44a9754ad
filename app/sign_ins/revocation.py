"""Giving grants back: REVOKING → GONE. Only this reads REVOKING rows; at the end their sealed values are shredded."""

from datetime import datetime, timedelta

from tortoise.expressions import Q

from app.errors import SealError
from app.providers.contract import Client, Failure, Fault
from app.providers.oauth import Revoke
from app.services import Services
from app.sign_ins.calls import hasten_checks
from app.sign_ins.checks import claimant_of
from app.sign_ins.clients import client_of, provider_of, shares_token
from app.sign_ins.freshness import is_expired, is_leased
from app.sign_ins.models import (
    LIVE,
    Authorization,
    AuthorizationStatus,
    Grant,
    GrantState,
    RevocationOutcome,
    StatusReason,
)
from app.sign_ins.oauth_clients import shred_ended
from app.sign_ins.refresh import DEADLINES, Deadlines, refresh
from app.sign_ins.sealing import open_access
from app.sign_ins.troubles import note_refusal
from app.storage import database
from app.storage.scheduling import Schedule
from app.storage.slots import ASKS, Slots, given_or_own

GIVES_UP_AFTER = timedelta(days=1)
_ROUND = 20
_SOON = timedelta(seconds=5)
_AGAIN_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)
_REVOCATIONS = Schedule("next_revocation_at", every=timedelta(minutes=2), longest=_AGAIN_AFTER[-1])
"""Where whoever claimed one dies at it, another tries again two minutes later."""


async def revoke_due(*, services: Services, deadlines: Deadlines = DEADLINES, slots: Slots | None = None) -> int:
    """Begin to give back, side by side, the grants that are due for it, and return how many those are.

    No provider gets more than its share. Without `slots` all of them have been tried when this returns.
    """

    async def give_back(grant: Grant) -> None:
        await _give_back(grant, services=services, deadlines=deadlines)

    async with given_or_own(slots, ASKS) as places:
        revoking = Grant.filter(state=GrantState.REVOKING)
        if full := places.room().full_origins:
            revoking = revoking.exclude(origin__in=full)
        begun = await _REVOCATIONS.work(revoking, give_back, whose=claimant_of, clock=services.clock, slots=places, limit=_ROUND)
    await shred_ended(services.clock.now())
    return begun


async def _give_back(grant: Grant, *, services: Services, deadlines: Deadlines) -> None:
    """Try once. What cannot be done now is tried again for a day; after that nobody knows, and the values are shredded anyway."""
    now = services.clock.now()
    if await _must_wait(grant, now=now):
        await _postpone(grant, to=now + _SOON)
        return
    outcome = await _attempt(grant, services=services, deadlines=deadlines)
    last = (grant.revoking_since or now) + GIVES_UP_AFTER
    if outcome is None and now < last:
        pause = _AGAIN_AFTER[min(grant.revocation_attempts, len(_AGAIN_AFTER) - 1)]
        await _postpone(grant, to=min(now + pause, last), counts=True)
        services.meters.revoked("TO_BE_TRIED_AGAIN")
        return
    await _shred(grant, outcome or RevocationOutcome.UNKNOWN)
    services.meters.revoked((outcome or RevocationOutcome.UNKNOWN).value)
    if outcome is RevocationOutcome.REVOKED and shares_token(grant):
        # Whoever got the same token in the very moment that it was revoked learns it now, and not tomorrow.
        await hasten_checks(origin=grant.origin, account_id=grant.account_id, services=services)


async def _attempt(grant: Grant, *, services: Services, deadlines: Deadlines) -> RevocationOutcome | None:
    if grant.sealed_access is None or grant.trouble is StatusReason.REVOKED:
        return RevocationOutcome.REVOKED
    sign_in = provider_of(grant).sign_in
    if sign_in is None or sign_in.revoke is None:
        return RevocationOutcome.KEPT
    if shares_token(grant) and await _is_held_by_another(grant):
        return RevocationOutcome.KEPT
    try:
        client = await client_of(grant, services=services)
    except SealError:
        return None
    if not isinstance(client, Client):
        return None
    renewed = await _renew(grant, services=services, deadlines=deadlines)
    failure = (
        renewed if isinstance(renewed, Failure) else await _revoke(renewed, sign_in.revoke, client=client, services=services)
    )
    if failure is not None and failure.fault is Fault.CLIENT_REFUSED:
        await note_refusal(grant, failure, services=services)
    return RevocationOutcome.REVOKED if failure is None or failure.fault is Fault.DEAD_GRANT else None


async def _renew(grant: Grant, *, services: Services, deadlines: Deadlines) -> Grant | Failure:
    """Refresh where the access token is past: the refresh token would still make new ones, and only a good one can be revoked."""
    if not is_expired(grant, now=services.clock.now()) or grant.sealed_refresh is None:
        return grant
    renewed = await refresh(grant, services=services, forced=True, gives_back=True, deadlines=deadlines)
    if isinstance(renewed, Grant):
        grant.version = renewed.version  # which is what will be shredded
    return renewed


async def _revoke(grant: Grant, revoke: Revoke, *, client: Client, services: Services) -> Failure | None:
    try:
        access = await open_access(grant, services=services)
    except SealError as error:
        return Failure(Fault.BROKEN, error.message)
    if access is None:
        return None
    failure = await revoke(client=client, access=access, outbound=services.outbound)
    return None if failure is not None and _is_past(failure, grant) else failure


def _is_past(failure: Failure, grant: Grant) -> bool:
    return failure.fault is Fault.EXPIRED and grant.sealed_refresh is None


async def _must_wait(grant: Grant, *, now: datetime) -> bool:
    """Whether what is to be given back, or who else holds it, is about to change.

    A refresh is under way, whose fresh tokens are the ones to give back; or a sign-in with the same client is being exchanged,
    which may turn out to be of the same account.
    """
    if is_leased(grant, now=now):
        return True
    exchanged = Authorization.filter(origin=grant.origin, client_id=grant.client_id, status=AuthorizationStatus.PENDING)
    return shares_token(grant) and await exchanged.filter(consumed_at__isnull=False).exists()


async def _is_held_by_another(grant: Grant) -> bool:
    """Whether a live grant of any team has the same token: then revoking this one would end that one as well."""
    others = Grant.filter(origin=grant.origin, client_id=grant.client_id, account_id=grant.account_id, state__in=LIVE)
    works = Q(trouble__isnull=True) | ~Q(trouble=StatusReason.REVOKED)
    return await others.filter(works).exclude(id=grant.id).exists()


async def _postpone(grant: Grant, *, to: datetime, counts: bool = False) -> None:
    attempts = grant.revocation_attempts + (1 if counts else 0)
    mine = Grant.filter(id=grant.id, state=GrantState.REVOKING)
    await database.update(mine, next_revocation_at=to, revocation_attempts=attempts)


async def _shred(grant: Grant, outcome: RevocationOutcome) -> None:
    """Let the sealed values go, unless fresher ones have come meanwhile: then those are looked at next."""
    await database.update(
        Grant.filter(id=grant.id, state=GrantState.REVOKING, version=grant.version),
        state=GrantState.GONE,
        revocation=outcome,
        sealed_access=None,
        sealed_refresh=None,
        lease_owner=None,
        lease_until=None,
        refresh_at=None,
        next_revocation_at=None,
    )
