"""Calling a provider for a grant: with a token that is good, to its own origin only; what comes back is written down once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from tortoise.expressions import Q

from app.errors import SealError
from app.providers.contract import Authorized, Client, Destination, Failure, Fault, NotConfigured
from app.services import Services
from app.sign_ins import faults
from app.sign_ins.clients import Replaced, destination_of, explain, provider_of, shares_token
from app.sign_ins.freshness import LONGEST_QUIET, is_due, is_expired, is_leased, quiet_until
from app.sign_ins.grants import CHECKS, note_recovery, note_trouble
from app.sign_ins.models import LIVE, Grant, StatusReason
from app.sign_ins.refresh import DEADLINES, Deadlines, refresh
from app.sign_ins.sealing import open_access
from app.sign_ins.troubles import note_refusal, note_seal_error
from app.storage import database
from app.storage.written import Written

USE_NOTED_EVERY = timedelta(minutes=5)
_PATIENCE_SECONDS = 5.0

_MOST_RENEWALS = 2
"""A token that somebody else has just renewed may have ended too by the time it is used: that alone is no reason to give up."""

WRITTEN_DOWN = frozenset({Fault.DEAD_GRANT, Fault.EXPIRED, Fault.MISSING_SCOPES, Fault.CLIENT_REFUSED})
"""Failures that a call has written down itself, for the reason that it knows: the same fault does not always mean the same."""

T = TypeVar("T")

_GRANT = Written(lambda key: Grant.filter(id=key))
Ask = Callable[[Authorized], Awaitable[T | Failure]]


async def call(
    grant: UUID | Grant, ask: Ask[T], *, services: Services, method: str | None = None, deadlines: Deadlines = DEADLINES
) -> T | Failure:
    """Ask the provider for the grant, with `ask`, and return its answer. Never inside a transaction.

    `grant` is its id, or its row where that was read just now.

    Refreshes when that is due, and asks again, twice at most, where the token turned out to be expired or replaced meanwhile.
    Nothing is sent for a grant that has ended or needs re-authentication, that was made with another client or address than the
    provider has now, or that the provider has asked to be quiet for. Where it limits each method by itself, `method` is the one
    that `ask` calls, and None posting: none of them waits for another. Troubles that the provider tells of are written down;
    transient failures stop nothing.
    """
    return await _Call(services, deadlines, looks=False, method=method).make(grant, ask)


async def probe(grant_id: UUID, ask: Ask[T], *, services: Services, deadlines: Deadlines = DEADLINES) -> T | Failure:
    """The same as `call`, also for a grant that is in trouble, to find out whether it still is."""
    return await _Call(services, deadlines, looks=True, method="check").make(grant_id, ask)


@dataclass(frozen=True)
class _Ready:
    grant: Grant
    client: Client | Destination
    authorized: Authorized


class _Call:
    def __init__(self, services: Services, deadlines: Deadlines, *, looks: bool, method: str | None) -> None:
        self._services = services
        self._deadlines = deadlines
        self._looks = looks
        self._method = method

    async def make(self, grant: UUID | Grant, ask: Ask[T]) -> T | Failure:
        ready = await self._prepare(grant if isinstance(grant, Grant) else await _GRANT.ask_one(grant))
        if isinstance(ready, Failure):
            return ready
        answer = await ask(ready.authorized)
        for _ in range(_MOST_RENEWALS):
            if not (isinstance(answer, Failure) and answer.fault in {Fault.EXPIRED, Fault.DEAD_GRANT}):
                break
            again = await self._renew(ready, answer)
            if isinstance(again, Failure):
                return again
            ready, answer = again, await ask(again.authorized)
        return await self._note(ready.grant, answer)

    async def _prepare(self, grant: Grant | None) -> _Ready | Failure:
        if grant is None or not grant.is_live:
            return Failure(Fault.DEAD_GRANT, "The authorization has ended: sign in again.")
        client = await self._find_destination(grant)
        if isinstance(client, Failure):
            return client
        if (failure := self._find_failure(grant)) is not None:
            return failure
        now = self._services.clock.now()
        if is_due(grant, now=now) or is_expired(grant, now=now):
            renewed = await self._refresh(grant)
            if isinstance(renewed, Failure):
                return renewed
            grant = renewed
        return await self._open(grant, client)

    async def _find_destination(self, grant: Grant) -> Client | Destination | Failure:
        try:
            client = await destination_of(grant, services=self._services)
        except SealError as error:
            return await note_seal_error(grant, error, services=self._services)
        match client:
            case Replaced(message):
                await note_trouble(grant, StatusReason.EXPIRED, message, services=self._services)
                return Failure(Fault.DEAD_GRANT, message)
            case NotConfigured() as missing:
                return Failure(Fault.UNREACHABLE, explain(grant, missing))
            case Client() | Destination():
                return client

    def _find_failure(self, grant: Grant) -> Failure | None:
        now = self._services.clock.now()
        if not self._looks and grant.trouble is not None and grant.trouble.needs_reauthentication:
            return faults.standing_failure(grant.trouble, grant.trouble_message)
        if (until := self._quiet_until(grant, now=now)) is not None:
            wait = (until - now).total_seconds()
            return Failure(Fault.BUSY, f"{provider_of(grant).name} asks for patience.", retry_after=wait)
        return None

    def _own_method(self, grant: Grant) -> str | None:
        """Return the method that is limited by itself; None where all share one limit, and for posting, whose is in the row."""
        return self._method if provider_of(grant).limits_methods else None

    def _quiet_until(self, grant: Grant, *, now: datetime) -> datetime | None:
        method = self._own_method(grant)
        own = self._services.quiet_times.find((grant.id, method), now=now) if method is not None else None
        # With a token that has expired nothing can be called until it may be refreshed.
        shared = quiet_until(grant, now=now) if method is None or is_expired(grant, now=now) else None
        return own or shared

    async def _refresh(self, grant: Grant) -> Grant | Failure:
        """Refresh what is due. While the access token is good, a refresh that did not work can wait."""
        has_expired = is_expired(grant, now=self._services.clock.now())
        if grant.sealed_refresh is None:
            return await self._note(grant, _EXPIRED) if has_expired else grant
        renewed = await refresh(grant, services=self._services, deadlines=self._deadlines)
        if isinstance(renewed, Failure) and renewed.fault.is_transient and not has_expired:
            return grant
        return renewed

    async def _open(self, grant: Grant, client: Client | Destination) -> _Ready | Failure:
        try:
            access = await open_access(grant, services=self._services)
        except SealError as error:
            return await note_seal_error(grant, error, services=self._services)
        if access is None:
            return Failure(Fault.DEAD_GRANT, "The authorization has ended: sign in again.")
        return _Ready(grant, client, client.authorized(access))

    async def _renew(self, ready: _Ready, failure: Failure) -> _Ready | Failure:
        """Find a token to ask again with, after one was called expired or dead; else write down what that means."""
        grant = ready.grant
        present = await Grant.get_or_none(id=grant.id)
        if present is not None and present.is_live and present.version > grant.version:
            return await self._open(present, ready.client)
        being_renewed = present is not None and self._is_being_renewed(present)
        if grant.sealed_refresh is not None and (failure.fault is Fault.EXPIRED or being_renewed):
            renewed = await refresh(grant, services=self._services, forced=True, deadlines=self._deadlines)
            if isinstance(renewed, Failure):
                return renewed
            if renewed.version > grant.version:
                return await self._open(renewed, ready.client)
        return await self._note(grant, failure)

    def _is_being_renewed(self, grant: Grant) -> bool:
        """Whether an exchange is under way or was cut off: the provider may have ended the token only because of that."""
        now = self._services.clock.now()
        return is_leased(grant, now=now) or (grant.lease_owner is not None and is_due(grant, now=now))

    async def _note(self, grant: Grant, answer: T | Failure) -> T | Failure:
        if not isinstance(answer, Failure):
            await self._note_use(grant)
            if grant.trouble is not None and not grant.trouble.needs_reauthentication:
                await note_recovery(grant, services=self._services)
            return answer
        match answer.fault:
            case Fault.DEAD_GRANT:
                await note_trouble(grant, faults.reason(answer), answer.message, services=self._services)
                await self._have_siblings_checked(grant)
            case Fault.EXPIRED | Fault.MISSING_SCOPES | Fault.CLIENT_REFUSED:
                await note_refusal(grant, answer, services=self._services)
            case Fault.BUSY:
                await self._keep_quiet(grant, answer.retry_after or _PATIENCE_SECONDS)
        return answer

    async def _note_use(self, grant: Grant) -> None:
        now = self._services.clock.now()
        is_noted = grant.last_used_at is not None and abs(now - grant.last_used_at) < USE_NOTED_EVERY
        if not self._looks and not is_noted:
            await database.update(Grant.filter(id=grant.id), last_used_at=now)

    async def _keep_quiet(self, grant: Grant, seconds: float) -> None:
        now = self._services.clock.now()
        if (method := self._own_method(grant)) is not None:
            self._services.quiet_times.keep((grant.id, method), seconds=seconds, now=now)
            return
        wait = min(timedelta(seconds=seconds), LONGEST_QUIET)
        await database.update(Grant.filter(id=grant.id), quiet_until=now + wait)

    async def _have_siblings_checked(self, grant: Grant) -> None:
        """Have the account's other grants checked, once: where the provider has one token for all, they have probably died."""
        if shares_token(grant) and grant.trouble is not StatusReason.REVOKED:
            await hasten_checks(origin=grant.origin, account_id=grant.account_id, services=self._services, besides=grant.id)


async def hasten_checks(*, origin: str | None, account_id: str, services: Services, besides: UUID | None = None) -> int:
    """Have every live grant of the account, in all teams, checked at once unless it is known to be dead; return how many."""
    alive = Q(trouble__isnull=True) | ~Q(trouble=StatusReason.REVOKED)
    grants = Grant.filter(alive, account_id=account_id, state__in=LIVE)
    grants = grants.filter(origin=origin) if origin is not None else grants
    grants = grants.exclude(id=besides) if besides is not None else grants
    return await CHECKS.bring_forward(grants, to=services.clock.now())


_EXPIRED = Failure(Fault.EXPIRED, "The authorization has expired: sign in again.")
