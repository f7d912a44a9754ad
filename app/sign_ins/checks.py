"""Asking the provider whether a grant still works: daily, after a hint, or because somebody wants to know now."""

from datetime import timedelta
from uuid import UUID

from app.errors import SealError
from app.providers.contract import Alive, Authorized, Failure, Fault, missing_scopes
from app.services import Services
from app.sign_ins.calls import WRITTEN_DOWN, probe
from app.sign_ins.clients import provider_of
from app.sign_ins.faults import standing_failure
from app.sign_ins.grants import CHECKS, note_recovery
from app.sign_ins.models import LIVE, Grant, StatusReason
from app.sign_ins.refresh import DEADLINES, Deadlines
from app.sign_ins.sealing import open_access
from app.sign_ins.troubles import note_refusal, note_seal_error
from app.storage import database
from app.storage.slots import ASKS, Claimant, Slots, given_or_own

AGAIN_AFTER = timedelta(minutes=5)
_ROUND = 20


async def check(grant_id: UUID, *, services: Services, deadlines: Deadlines = DEADLINES) -> Failure | None:
    """Ask the provider now, and write down what it says: trouble, recovery, when it was asked. None: the grant works.

    Transient failures are troubles that pass by themselves: they are looked into again within minutes.
    """
    grant = await Grant.get_or_none(id=grant_id)
    if grant is None or not grant.is_live:
        return Failure(Fault.DEAD_GRANT, "The authorization has ended: sign in again.")

    check_there = provider_of(grant).check
    if check_there is None:
        return await _look_at(grant, services=services)

    async def ask(authorized: Authorized) -> Alive | Failure:
        return await check_there(authorized=authorized, outbound=services.outbound)

    answer = await probe(grant_id, ask, services=services, deadlines=deadlines)
    fresh = await Grant.get(id=grant_id)
    if isinstance(answer, Failure):
        await _note_failure(fresh, answer, is_noted=answer.fault in WRITTEN_DOWN, services=services)
        return answer
    lack = _find_lack(fresh, answer)
    if lack is not None:
        await _note_failure(fresh, lack, is_noted=False, services=services)
    else:
        await note_recovery(fresh, services=services)
        await database.update(Grant.filter(id=fresh.id, state__in=LIVE), last_checked_at=services.clock.now())
    return lack


async def _look_at(grant: Grant, *, services: Services) -> Failure | None:
    """See whether the secret opens, where the provider has no call to try it by; of all else the last use knows."""
    try:
        await open_access(grant, services=services)
    except SealError as error:
        return await note_seal_error(grant, error, services=services)
    if grant.trouble is StatusReason.KEY_UNAVAILABLE:
        await note_recovery(grant, services=services)
        return None
    return standing_failure(grant.trouble, grant.trouble_message) if grant.trouble is not None else None


async def check_due(*, services: Services, slots: Slots | None = None) -> int:
    """Begin to check, side by side, the grants whose time has come, and return how many those are.

    No provider gets more than its share: one that does not answer must not hold up what another has hinted at.
    Without `slots` all of them have been checked when this returns.
    """

    async def ask(grant: Grant) -> None:
        await check(grant.id, services=services)

    async with given_or_own(slots, ASKS) as places:
        waiting = Grant.filter(state__in=LIVE)
        if full := places.room().full_origins:
            waiting = waiting.exclude(origin__in=full)
        return await CHECKS.work(waiting, ask, whose=claimant_of, clock=services.clock, slots=places, limit=_ROUND)


def claimant_of(grant: Grant) -> Claimant:
    """Return whose share of the slots work for the grant takes."""
    return Claimant(grant.origin, grant.id)


def _find_lack(grant: Grant, alive: Alive) -> Failure | None:
    if alive.identity.account_id != grant.account_id:
        return Failure(Fault.DEAD_GRANT, "The authorization belongs to another account now: sign in again.")
    missing = missing_scopes(alive.scopes, wanted=provider_of(grant).scopes)
    if missing:
        message = f"The authorization lacks {', '.join(missing)}: sign in again and allow everything asked for."
        return Failure(Fault.MISSING_SCOPES, message)
    return None


async def _note_failure(grant: Grant, failure: Failure, *, is_noted: bool, services: Services) -> None:
    """Write down a failure, unless the call has (`is_noted`), which knows why a grant ended that was not even asked about."""
    now = services.clock.now()
    # A key that is missing is what the call has said, of a failure that passes all the same.
    if failure.fault is not Fault.BUSY and not is_noted and grant.trouble is not StatusReason.KEY_UNAVAILABLE:
        await note_refusal(grant, failure, services=services)
    live = Grant.filter(id=grant.id, state__in=LIVE)
    if failure.fault.is_transient:
        await CHECKS.bring_forward(live, to=now + AGAIN_AFTER)
    else:
        await database.update(live, last_checked_at=now)
