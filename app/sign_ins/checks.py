"""Asking the provider whether a grant still works: daily, after a hint, or because somebody wants to know now."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from app.ground import Ground
from app.providers.contract import Alive, Authorized, Failure, Fault, missing_scopes
from app.sign_ins.calls import probe
from app.sign_ins.clients import provider_of
from app.sign_ins.grants import next_check, note_recovery
from app.sign_ins.models import LIVE, Grant, StatusReason
from app.sign_ins.refresh import DEADLINES, Deadlines, note_refusal
from app.storage import database

AGAIN_AFTER = timedelta(minutes=5)
_ROUND = 20


async def check(grant_id: UUID, *, ground: Ground, deadlines: Deadlines = DEADLINES) -> Failure | None:
    """Ask the provider now, and write down what it says: trouble, recovery, when it was asked. None: the grant works.

    Transient failures are troubles that pass by themselves: they are looked into again within minutes.
    """
    grant = await Grant.get_or_none(id=grant_id)
    if grant is None or not grant.is_live:
        return Failure(Fault.DEAD_GRANT, "The authorization has ended: sign in again.")

    async def ask(authorized: Authorized) -> Alive | Failure:
        return await provider_of(grant).check(authorized=authorized, outbound=ground.outbound)

    answer = await probe(grant_id, ask, ground=ground, deadlines=deadlines)
    fresh = await Grant.get(id=grant_id)
    failure = answer if isinstance(answer, Failure) else _find_lack(fresh, answer)
    await _note(fresh, failure, ground=ground)
    return failure


async def check_due(*, ground: Ground) -> int:
    """Check the grants whose time has come, and return how many."""
    now = ground.clock.now()
    due = await Grant.filter(state__in=LIVE, next_check_at__lte=now).order_by("next_check_at").limit(_ROUND)
    claimed = [grant for grant in due if await _claim(grant, now=now)]
    # Side by side: one provider that does not answer must not hold up what another has hinted at.
    await asyncio.gather(*(_check_claimed(grant, ground=ground) for grant in claimed))
    return len(claimed)


async def _check_claimed(grant: Grant, *, ground: Ground) -> None:
    try:
        await check(grant.id, ground=ground)
    except asyncio.CancelledError:
        await _write(grant, next_check_at=ground.clock.now())  # or it would wait for another day
        raise


def _find_lack(grant: Grant, alive: Alive) -> Failure | None:
    if alive.identity.account_id != grant.account_id:
        return Failure(Fault.DEAD_GRANT, "The authorization belongs to another account now: sign in again.")
    missing = missing_scopes(alive.scopes, wanted=provider_of(grant).scopes)
    if missing:
        words = f"The authorization lacks {', '.join(missing)}: sign in again and allow everything asked for."
        return Failure(Fault.MISSING_SCOPES, words, missing_scopes=missing)
    return None


async def _note(grant: Grant, failure: Failure | None, *, ground: Ground) -> None:
    now = ground.clock.now()
    if failure is None:
        await note_recovery(grant, ground=ground)
    elif failure.fault is not Fault.BUSY and not _is_noted(grant):
        await note_refusal(grant, failure, ground=ground)
    passes = failure is not None and failure.fault.is_transient
    await _write(grant, last_checked_at=None if passes else now, next_check_at=now + AGAIN_AFTER if passes else None)


def _is_noted(grant: Grant) -> bool:
    """Whether the call itself has written down something that says more: a key that is missing, a refresh that was cut off."""
    return grant.trouble in {StatusReason.KEY_UNAVAILABLE, StatusReason.REFRESH_UNCERTAIN}


async def _write(grant: Grant, **columns: datetime | None) -> None:
    async def write(connection: BaseDBAsyncClient) -> None:
        known = {name: value for name, value in columns.items() if value is not None}
        await Grant.filter(id=grant.id, state__in=LIVE).using_db(connection).update(**known)

    await database.write(write)


async def _claim(grant: Grant, *, now: datetime) -> bool:
    """Take the check for this process, by moving the next one to another day; a hint that comes from now on moves it back."""

    async def claim(connection: BaseDBAsyncClient) -> int:
        mine = Grant.filter(id=grant.id, next_check_at=grant.next_check_at, state__in=LIVE).using_db(connection)
        return await mine.update(next_check_at=next_check(grant, now=now))

    return await database.write(claim) == 1
