"""The provider's redirect back. Nothing of it is trusted but code, state, iss and error; all else comes from the row."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.access.callers import Caller
from app.log.actors import EventOrigin
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.models import Authorization, AuthorizationStatus, OAuthClient
from app.storage import database
from app.teams.secrets import hash_of
from app.web.authorization_responses import AuthorizationResponse, read_response

_TICKET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Refused:
    """The callback belongs to no sign-in of this browser. Nobody is told which check it failed.

    `is_stranger` tells a browser that is not the one that was sent off from a request that makes no sense.
    """

    is_stranger: bool = False


@dataclass(frozen=True)
class Reloaded:
    """The callback of a sign-in has come before, and the browser is signed in as the member who began it."""

    authorization: Authorization


@dataclass(frozen=True)
class Returned:
    """A sign-in whose callback has come and is consumed: never again. Exactly one of `code` and `error` is set.

    `origin` is where the callback came from.
    """

    authorization: Authorization
    code: Secret | None
    error: str | None
    origin: EventOrigin | None = None


def cookie_name(row: Authorization, *, services: Services) -> str:
    """Return the name of the cookie that the browser got when it was sent off: one for each sign-in, so that tabs do not mix."""
    prefix = "__Secure-" if services.settings.has_secure_cookies else ""
    return f"{prefix}sign_in_{row.id.hex}"


async def receive(
    *, path: str, query: bytes, cookies: Mapping[str, str], caller: Caller | None, services: Services
) -> Returned | Reloaded | Refused:
    """Find out whose callback this is, and consume it. `path` and `query` are as they came, before any decoding.

    In this order: the state names the row; the path is the row's; the cookie is the one that this browser was sent off with; the
    browser is signed in as the member who began it; the issuer (RFC 9207), where one is named, is the row's; and one conditional
    update, which only the first of many wins. A refusal changes nothing and asks no provider; neither does what has come before.
    """
    read = read_response(query)
    if read is None:
        return Refused()
    row = await Authorization.get_or_none(state_hash=hash_of(read.state))
    if row is None or row.redirect_uri != f"{services.settings.public_url}{path}":
        return Refused()
    if row.consumed_at is not None and _is_same_member(row, caller):
        return Reloaded(row)
    return await _receive_first(
        row, read, cookie=cookies.get(cookie_name(row, services=services), ""), caller=caller, services=services
    )


async def _receive_first(
    row: Authorization, read: AuthorizationResponse, *, cookie: str, caller: Caller | None, services: Services
) -> Returned | Reloaded | Refused:
    if not _is_same_browser(row, cookie) or not _is_same_member(row, caller):
        return Refused(is_stranger=True)
    if not await _is_issuer(row, read.issuer):
        return Refused()
    if not await _consume(row, state=read.state, services=services):
        row = await Authorization.get(id=row.id)
        return Reloaded(row) if row.consumed_at is not None else Refused()
    return Returned(row, read.code, read.error, caller.origin if caller is not None else None)


def _is_same_browser(row: Authorization, cookie: str) -> bool:
    if row.cookie_hash is None or not _TICKET.fullmatch(cookie):
        return False
    return hmac.compare_digest(row.cookie_hash, hash_of(Secret(cookie)))


def _is_same_member(row: Authorization, caller: Caller | None) -> bool:
    return (
        caller is not None
        and caller.is_session
        and caller.can_write
        and (caller.team_id, caller.member_id) == (row.team_id, row.member_id)
    )


async def _is_issuer(row: Authorization, named: str | None) -> bool:
    """Whether the server may call itself so, or does not say: a Git server also by its address with the relative root."""
    if named is None:
        return True
    client = await OAuthClient.get_or_none(id=row.oauth_client_id) if row.oauth_client_id is not None else None
    return named in ({row.origin} if client is None else {row.origin, client.base_url})


async def _consume(row: Authorization, *, state: Secret, services: Services) -> bool:
    now = services.clock.now()
    unfinished = Authorization.filter(id=row.id, status=AuthorizationStatus.PENDING, consumed_at=None)
    is_open = unfinished.filter(expires_at__gt=now, state_hash=hash_of(state))
    return await database.update(is_open, consumed_at=now) == 1
