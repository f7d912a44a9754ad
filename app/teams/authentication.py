"""Authentication: an access token, a JWT of the OIDC issuer, or the browser's session where no other page can be behind it."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.errors import Unauthenticated, Unavailable
from app.log.kept_rows import KeptRows
from app.log.origins import origin_of
from app.oidc.compact import Rejected
from app.oidc.issuer import Away, Issuer
from app.oidc.tokens import verify
from app.sealing.secret import Secret
from app.services import Services
from app.storage import database
from app.storage.batching import Batcher
from app.storage.statements import read_rows
from app.teams.credential_watch import CredentialWatch
from app.teams.identities import caller_of, expected_of_bearers, find_members, identity_of
from app.teams.models import AccessToken, BrowserSession, Member
from app.teams.secrets import PREFIX, hash_of, is_token
from app.teams.sessions import session_of
from app.web.wire.places import caller_is_known

USE_NOTED_EVERY = timedelta(minutes=5)

_OF_TOKEN = (
    *("id", "hash", "member_id", "scope_names", "expires_at", "last_used_at", "revoked_at"),
    *("member__team_id", "member__role", "member__left_at"),
)

_BEARER = re.compile(r"(?i:bearer) +(?P<token>[!-~]+) *")


class Authenticator:
    """Says who is asking, and notes, aside, when a token was last used."""

    def __init__(
        self, services: Services, *, look_again_after: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._services = services
        self._look_again_after = look_again_after  # seconds
        self._noting: dict[UUID, asyncio.Task[None]] = {}
        self._watches: dict[UUID, CredentialWatch] = {}
        self._tokens: Batcher[str, Any] = Batcher(_find_tokens, may_be_alone=True)
        self._good: KeptRows[str, _Good] = KeptRows(now=monotonic)
        services.watcher.wake_too(self._good.forget)
        self._members = Batcher(find_members)
        self._standing = Batcher(_find_standing)
        self._uses = Batcher(self._write_uses)
        self._log = structlog.get_logger("authentication")

    async def authenticate(self, connection: HTTPConnection, authorization: str | None) -> Caller | None:
        """Return the caller; None where there is no authorization and no browser session that counts.

        `authorization` is the header's value, or that of `connection_init`. Where there is one it alone says who is asking.
        Raises Unauthenticated when it is no bearer token, or one that is not good (any more); Unavailable for a JWT while its
        issuer has not been reached for a day.
        """
        if authorization is None:
            return await session_of(connection, services=self._services)
        bearer = _BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthenticated("The authorization has to look like this: Bearer TOKEN.")
        token = Secret(bearer["token"])
        caller = await self._by_bearer(token)
        caller_is_known(connection)
        last_four = token.last_four if not caller.is_of_issuer else None
        origin = origin_of(connection, trusted=self._services.settings.trusted_proxies, token_last_four=last_four)
        return replace(caller, origin=origin)

    async def until_ended(self, caller: Caller) -> None:
        """Return once what the caller came with no longer holds: it was revoked, the member left or has another role.

        Expiry is not waited for.
        """
        watch = self._watches.get(caller.team_id)
        if watch is None:
            watch = self._watches[caller.team_id] = CredentialWatch(
                caller.team_id,
                watcher=self._services.watcher,
                is_good=self._standing.ask,
                look_again_after=self._look_again_after,
            )
        try:
            await watch.until_ended(caller)
        finally:
            if watch.is_idle:
                self._watches.pop(caller.team_id, None)

    async def settle(self) -> None:
        """Wait for the notes and the looks under way. For the end of the process."""
        await asyncio.gather(*self._noting.values(), *(read.settle() for read in (self._tokens, self._members, self._standing)))

    async def _by_bearer(self, token: Secret) -> Caller:
        issuer = self._services.issuer
        if issuer is not None and not token.reveal().startswith(PREFIX):
            return await self._by_jwt(token, issuer)
        if not is_token(token.reveal()):
            raise Unauthenticated(f"That is no access token: they begin with {PREFIX}, and this one may be mistyped or cut off.")
        return await self._by_access_token(token)

    async def _by_access_token(self, token: Secret) -> Caller:
        key = hash_of(token)
        good = self._good.find(key) or await self._read(key)
        now = self._services.clock.now()
        if now >= good.expires_at:
            raise Unauthenticated("This access token has expired: make another.")
        self._note_use(good, now)
        return good.caller

    async def _read(self, key: str) -> "_Good":
        """Return a token that is good until it expires. Raises Unauthenticated where it is none."""
        begun = self._good.begin()
        row = await self._tokens.ask(key)
        if row is None:
            raise Unauthenticated("This access token is not known here.")
        if row.member__left_at is not None:
            raise Unauthenticated("The member whose access token this is has left the team.")
        if row.revoked_at is not None:
            raise Unauthenticated("This access token was revoked.")
        good = _good_of(row)
        self._good.keep(key, good, team_id=good.caller.team_id, begun=begun)
        return good

    async def _by_jwt(self, token: Secret, issuer: Issuer) -> Caller:
        expected = expected_of_bearers(self._services.settings)
        claims = await verify(token, issuer=issuer, expected=expected, now=self._services.clock.now())
        match claims:
            case Rejected(message):
                raise Unauthenticated(f"That is no access token of this server, and no JWT that it takes: {message}.")
            case Away():
                raise Unavailable("JWTs cannot be verified at the moment: their issuer cannot be reached. Try again in a minute.")
        identity = identity_of(claims)
        if identity is None:
            raise Unauthenticated("This JWT names no team's id together with an e-mail address that its issuer has verified.")
        member = await self._members.ask(identity)
        if member is None:
            raise Unauthenticated("The team has no member with the e-mail address of this JWT.")
        return caller_of(member, claims, issuer=issuer.address)

    def _note_use(self, good: "_Good", now: datetime) -> None:
        if good.last_used_at is not None and abs(now - good.last_used_at) < USE_NOTED_EVERY:
            return
        good.last_used_at = now
        token_id = good.caller.credential_id
        if token_id in self._noting:
            return
        task = asyncio.create_task(self._write_use(token_id))
        self._noting[token_id] = task
        task.add_done_callback(lambda _: self._noting.pop(token_id, None))

    async def _write_use(self, token_id: UUID) -> None:
        await self._uses.ask(token_id)

    async def _write_uses(self, token_ids: Sequence[UUID]) -> dict[UUID, None]:
        """Note them all at once: a crowd that comes back with as many tokens would keep the database from others."""
        try:
            await database.update(AccessToken.filter(id__in=list(token_ids)), last_used_at=self._services.clock.now())
        except Exception as error:  # noqa: BLE001 - no request may fail, and no task may cry out, for the want of a note
            self._log.warning("last use not noted", error=type(error).__name__)
        return {}


@dataclass
class _Good:
    """An access token that is good for its caller until it expires."""

    caller: Caller
    expires_at: datetime
    last_used_at: datetime | None


def _good_of(row: Any) -> _Good:
    caller = Caller(
        team_id=row.member__team_id,
        member_id=row.member_id,
        role=row.member__role,
        scopes=row.scopes,
        credential_id=row.id,
        is_session=False,
        expires_at=row.expires_at,
    )
    return _Good(caller, row.expires_at, row.last_used_at)


async def _find_tokens(hashes: Sequence[str]) -> dict[str, Any]:
    return {row.hash: row for row in await read_rows(AccessToken, hashes, by="hash", conditions={}, columns=_OF_TOKEN)}


async def _find_standing(callers: Sequence[Caller]) -> dict[Caller, bool]:
    """Return whether what each came with still holds, and each is still the member that they were then."""
    wanted = [caller.credential_id for caller in callers]
    good = set(await AccessToken.filter(id__in=wanted, revoked_at=None).values_list("id", flat=True))
    if any(caller.is_session for caller in callers):
        good |= set(await BrowserSession.filter(id__in=wanted, ended_at=None).values_list("id", flat=True))
    members = Member.filter(id__in=list({caller.member_id for caller in callers}), left_at=None)
    roles = {member.id: member.role for member in await members}
    return {
        # A JWT has no row that could be ended; its member has.
        caller: (caller.is_of_issuer or caller.credential_id in good) and roles.get(caller.member_id) is caller.role
        for caller in callers
    }
