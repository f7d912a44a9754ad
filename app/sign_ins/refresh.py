"""Refreshing a grant: once, whoever asks, in however many processes, and never so that the only valid tokens are lost.

In this process one flight for each grant; across processes a lease on its row, taken by one conditional update. No lock is held
while the provider is asked. What it answered is saved where the version still holds, whoever owns the lease by then. A lease that
ran out with its owner still in it was cut off: then nobody knows whether the provider has spent the refresh token.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from app.errors import SealError
from app.providers.contract import Alive, Client, Failure, Fault, Tokens
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import oauth_clients
from app.sign_ins.clients import client_of, explain, provider_of, sign_in_of
from app.sign_ins.freshness import LEASE, LONGEST_QUIET, REFUSED_OFTEN, is_expired, is_leased, is_refused
from app.sign_ins.grants import note_recovery, note_renewal, note_trouble
from app.sign_ins.models import Grant, GrantState, StatusReason
from app.sign_ins.sealing import open_access, open_refresh, seal_tokens
from app.sign_ins.troubles import note_refusal, note_seal_error
from app.storage import database
from app.storage.scheduling import lies_ahead, unleased

COOL_DOWN = timedelta(seconds=30)
LONG_COOL_DOWN = timedelta(minutes=5)

_LEFT_OVER_AT_MOST = timedelta(hours=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Deadlines:
    """In seconds: for the exchange, for any other call of the provider, and for waiting on another process's exchange."""

    exchange: float = 20.0
    call: float = 10.0
    wait: float = 25.0
    look_every: float = 0.2
    save_again_after: tuple[float, ...] = field(default=(0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 20.0))


DEADLINES = Deadlines()


async def refresh(
    grant: Grant, *, services: Services, forced: bool = False, gives_back: bool = False, deadlines: Deadlines = DEADLINES
) -> Grant | Failure:
    """Return the grant with tokens newer than those it was read with; the same ones only where their outcome is still open.

    `forced`: although it is not due, since the provider calls the access token expired. `gives_back`: the revocation job asks,
    for a grant that is REVOKING. Writes down what is wrong with the grant where the provider says so.
    """
    attempt = _Attempt(grant.id, grant.version, forced=forced, gives_back=gives_back, services=services, deadlines=deadlines)
    try:
        return await services.single_flight.join(("refresh", grant.id, gives_back), attempt.fly)
    except TimeoutError:
        return Failure(Fault.UNREACHABLE, "The authorization is being renewed, which takes the provider long.")


@dataclass(frozen=True)
class _Cut:
    """The remains of a lease that was cut off: whether the access token before it works still."""

    still_works: bool


class _Attempt:
    """One flight. `_seen` is the version that the callers found wanting."""

    def __init__(
        self, grant_id: UUID, seen: int, *, forced: bool, gives_back: bool, services: Services, deadlines: Deadlines
    ) -> None:
        self._id = grant_id
        self._seen = seen
        self._forced = forced
        self._states = (GrantState.REVOKING,) if gives_back else (GrantState.WAITING, GrantState.ACTIVE)
        self._services = services
        self._deadlines = deadlines

    async def fly(self) -> Grant | Failure:
        try:
            async with asyncio.timeout(self._deadlines.wait) as patience:
                while True:
                    row = await Grant.get_or_none(id=self._id)
                    if row is None or row.state not in self._states:
                        return _ENDED
                    if row.version > self._seen:
                        return row
                    if (failure := self._find_cooldown(row)) is not None:
                        return failure
                    if (owner := await self._take_lease(row)) is not None:
                        patience.reschedule(None)
                        return await self._exchange(row, owner)
                    await asyncio.sleep(self._deadlines.look_every)
        except TimeoutError:
            return Failure(Fault.UNREACHABLE, "The authorization is being renewed by another process, which takes long.")

    def _find_cooldown(self, row: Grant) -> Failure | None:
        now = self._services.clock.now()
        leased = is_leased(row, now=now)
        waits = lies_ahead(row.refresh_at, now=now, longest=LONGEST_QUIET)
        cools_down = waits and (row.lease_owner is not None or not self._forced)
        if cools_down and not leased:
            return Failure(Fault.UNREACHABLE, "The authorization could not be renewed a moment ago; it is tried again soon.")
        return None

    async def _take_lease(self, row: Grant) -> UUID | None:
        """Return the lease's owner, if it is to be had.

        The grant is due from then on, whatever its time says: the next process has to know, should this one be killed.
        """
        owner, now = uuid4(), self._services.clock.now()
        as_read = Grant.filter(id=row.id, version=row.version, lease_owner=row.lease_owner, state__in=self._states)
        due = min(row.refresh_at or now, now)
        taken = await database.update(
            as_read.filter(unleased(now=now, lasts=LEASE)), lease_owner=owner, lease_until=now + LEASE, refresh_at=due
        )
        return owner if taken == 1 else None

    async def _exchange(self, row: Grant, owner: UUID) -> Grant | Failure:
        """Ask the provider, as the owner of the lease. `row` is as it was read before the lease was taken."""
        try:
            client = await client_of(row, services=self._services)
            if not isinstance(client, Client):
                return await self._give_up(row, owner, Failure(Fault.UNREACHABLE, explain(row, client)))
            await self._services.vault.prepare(row.team_id)  # what comes back must be sealable
            old, token = await open_access(row, services=self._services), await open_refresh(row, services=self._services)
        except SealError as error:
            return await self._give_up(row, owner, await note_seal_error(row, error, services=self._services))
        if token is None or old is None:
            return await self._give_up(row, owner, _NOTHING_TO_REFRESH)
        cut = await self._probe(row, old, client) if row.lease_owner is not None else None
        if isinstance(cut, Failure):
            return await self._leave_open(owner, cut)
        return await self._trade(row, owner, token, client=client, cut=cut)

    async def _trade(self, row: Grant, owner: UUID, token: Secret, *, client: Client, cut: _Cut | None) -> Grant | Failure:
        asked_at = self._services.clock.now()
        outcome = await _within(
            self._deadlines.exchange,
            lambda: sign_in_of(row).refresh(
                client=client,
                refresh_token=token,
                redirect_uri=row.redirect_uri,
                now=asked_at,
                outbound=self._services.outbound,
            ),
        )
        self._services.meters.refreshed(outcome.fault.name if isinstance(outcome, Failure) else "REFRESHED")
        if isinstance(outcome, Tokens):
            saved = await self._save(row, outcome, asked_at=asked_at)
            if isinstance(saved, Grant) and is_refused(row):
                await note_renewal(saved, services=self._services)
            if isinstance(saved, Grant) and saved.trouble is not row.trouble:  # found meanwhile: said of the tokens before
                await note_recovery(saved, services=self._services)
            if row.oauth_client_id is not None:
                await oauth_clients.note_recovery(row.oauth_client_id, services=self._services)
            return saved
        return await self._settle(row, owner, outcome, cut=cut)

    async def _probe(self, row: Grant, old: Secret, client: Client) -> _Cut | Failure:
        """Find out whether the access token from before the cut works; a Failure when the provider cannot be asked."""
        authorized, check = client.authorized(old), provider_of(row).check
        if check is None:
            return _Cut(still_works=False)
        outcome = await _within(self._deadlines.call, lambda: check(authorized=authorized, outbound=self._services.outbound))
        match outcome:
            case Failure() if outcome.fault.is_transient:
                return outcome
            case Alive():
                return _Cut(still_works=True)
            case Failure():
                return _Cut(still_works=False)

    async def _save(self, row: Grant, tokens: Tokens, *, asked_at: datetime) -> Grant | Failure:
        """Save where the version still holds, whoever owns the lease by now, and also when the grant is to be given back.

        Goes on trying while the database is away: this process holds the only valid tokens.
        """
        for pause in self._deadlines.save_again_after:
            try:
                return await self._save_once(row, tokens, asked_at=asked_at)
            except database.OUTAGES:
                await asyncio.sleep(pause)
        return await self._save_once(row, tokens, asked_at=asked_at)

    async def _save_once(self, row: Grant, tokens: Tokens, *, asked_at: datetime) -> Grant | Failure:
        sealed = await seal_tokens(tokens, row, version=row.version + 1, now=asked_at, services=self._services)
        columns = sealed.columns() | {"lease_owner": None, "lease_until": None}
        await database.update(Grant.filter(id=row.id, version=row.version).exclude(state=GrantState.GONE), **columns)
        fresh = await Grant.get(id=row.id)
        return fresh if fresh.state in self._states and fresh.version > row.version else _ENDED

    async def _settle(self, row: Grant, owner: UUID, failure: Failure, *, cut: _Cut | None) -> Grant | Failure:
        """Decide what a refresh that brought no tokens means."""
        match failure.fault:
            case Fault.UNREACHABLE | Fault.BROKEN:
                return await self._leave_open(owner, failure)
            case Fault.BUSY:
                return await self._put_off(row, owner, failure)
            case Fault.DEAD_GRANT | Fault.EXPIRED:
                return await self._bury(row, owner, failure, cut=cut)
            case Fault.MISSING_SCOPES | Fault.CLIENT_REFUSED:
                await note_refusal(row, failure, services=self._services)
            case Fault.REFUSED:
                return await self._count(row, owner, failure)
        return await self._give_up(row, owner, failure, cool_down=LONG_COOL_DOWN)

    async def _count(self, row: Grant, owner: UUID, failure: Failure) -> Failure:
        """Count a refusal for a reason of the provider's own: it may pass, and is said where it comes again."""
        refusals = (row.refusals or 0) + 1
        await self._give_up(row, owner, failure, cool_down=LONG_COOL_DOWN, refusals=refusals)
        if refusals == REFUSED_OFTEN:
            await note_renewal(row, services=self._services)
        return failure

    async def _put_off(self, row: Grant, owner: UUID, failure: Failure) -> Failure:
        """Leave the provider alone. Where this limit is of refreshing alone, an access token that is still good goes on."""
        wait = min(max(timedelta(seconds=failure.retry_after or 0), COOL_DOWN), LONGEST_QUIET)
        is_quiet = not provider_of(row).limits_methods or is_expired(row, now=self._services.clock.now())
        return await self._give_up(row, owner, failure, cool_down=wait, is_quiet=is_quiet)

    async def _bury(self, row: Grant, owner: UUID, failure: Failure, *, cut: _Cut | None) -> Grant | Failure:
        """The refresh token is worth nothing. If someone else has refreshed, theirs counts."""
        fresh = await Grant.get(id=row.id)
        if fresh.version > row.version:
            return fresh if fresh.state in self._states else _ENDED
        if cut is not None and cut.still_works:
            return await self._live_on(row, owner)
        # What was cut off once stays so: that the token is refused again says nothing of who has spent it.
        is_uncertain = cut is not None or row.trouble is StatusReason.REFRESH_UNCERTAIN
        reason = StatusReason.REFRESH_UNCERTAIN if is_uncertain else StatusReason.REVOKED
        message = _UNCERTAIN if is_uncertain else failure.message
        await note_trouble(row, reason, message, services=self._services)
        return await self._give_up(row, owner, Failure(Fault.DEAD_GRANT, message), cool_down=LONG_COOL_DOWN)

    async def _live_on(self, row: Grant, owner: UUID) -> Grant | Failure:
        """Use the access token from before the cut for as long as it lasts; then the question comes up again."""
        now = self._services.clock.now()
        until = now + _LEFT_OVER_AT_MOST
        await self._release(owner, keeps_mark=True, refresh_at=min(until, row.expires_at) if row.expires_at else until)
        return await Grant.get(id=row.id)

    async def _leave_open(self, owner: UUID, failure: Failure) -> Failure:
        """The provider may have spent the refresh token without our hearing of it: the next attempt finds that out."""
        await self._release(owner, keeps_mark=True, refresh_at=self._services.clock.now() + COOL_DOWN)
        return failure

    async def _give_up(
        self,
        row: Grant,
        owner: UUID,
        failure: Failure,
        *,
        cool_down: timedelta = COOL_DOWN,
        is_quiet: bool = False,
        refusals: int | None = None,
    ) -> Failure:
        """Nothing was spent: the lease is free, also of the mark of a cut, unless that is still to be settled."""
        unsettled = row.lease_owner is not None and failure.fault is not Fault.DEAD_GRANT
        until = self._services.clock.now() + cool_down
        columns = {"quiet_until": until if is_quiet else None, "refusals": refusals}
        told = {name: value for name, value in columns.items() if value is not None}
        await self._release(owner, keeps_mark=unsettled, refresh_at=until, **told)
        return failure

    async def _release(self, owner: UUID, *, keeps_mark: bool, **columns: object) -> None:
        marked = {"lease_owner": owner, "lease_until": self._services.clock.now()}
        columns_of_lease = marked if keeps_mark else {"lease_owner": None, "lease_until": None}
        owned = Grant.filter(id=self._id, lease_owner=owner)
        await database.update(owned, **columns_of_lease, **columns)


async def _within(seconds: float, ask: Callable[[], Awaitable[T | Failure]]) -> T | Failure:
    try:
        async with asyncio.timeout(seconds):
            return await ask()
    except TimeoutError:
        return Failure(Fault.UNREACHABLE, "The provider did not answer in time.")


_ENDED = Failure(Fault.DEAD_GRANT, "The authorization has ended: sign in again.")
_NOTHING_TO_REFRESH = Failure(Fault.EXPIRED, "The authorization has expired: sign in again.")
_UNCERTAIN = "Renewing the authorization was cut off before its result was saved, and what is left does not work: sign in again."
