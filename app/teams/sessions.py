"""Browsers that are signed in: their cookie, and when it counts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote
from uuid import UUID, uuid4

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.access.callers import ALL_SCOPES, Caller
from app.log.origins import origin_of
from app.sealing.secret import Secret
from app.services import Services
from app.settings import Settings
from app.storage import database
from app.teams.models import BrowserSession, Member
from app.teams.secrets import hash_of
from app.web.cookies import cookies_of, own_name, own_path
from app.web.pages import is_same_origin
from app.web.wire.places import caller_is_known

SESSION_LIFETIME = timedelta(days=14)
SESSION_COOKIE = "installed_apps_session"
MOST_OF_MEMBER = 50
"""How many sessions of a member are kept: one more takes the place of the oldest."""

_NAVIGATING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class OpenedSession:
    """A session just opened; `cookie` is what the browser gets to hold."""

    cookie: Secret
    expires_at: datetime


async def session_of(connection: HTTPConnection, *, services: Services) -> Caller | None:
    """Return who the browser is signed in as; None when it is not, or when a page of another origin may be behind the request."""
    row = await _session_row(connection, services=services)
    if row is None or not row.is_good(services.clock.now()) or row.member.has_left:
        return None
    caller_is_known(connection)
    return Caller(
        team_id=row.member.team_id,
        member_id=row.member_id,
        role=row.member.role,
        scopes=ALL_SCOPES,
        credential_id=row.id,
        is_session=True,
        expires_at=row.expires_at,
        origin=origin_of(connection, trusted=services.settings.trusted_proxies),
    )


async def open_session(
    member_id: UUID,
    cookie: Secret,
    *,
    now: datetime,
    until: datetime | None = None,
    access_token_id: UUID | None = None,
) -> OpenedSession:
    """Keep a new session of the member, inside a write that holds the member's row.

    It lasts fourteen days, or up to `until` where that is sooner. The oldest of their sessions goes where they have 50.
    """
    await _make_room(member_id)
    expires_at = min(now + SESSION_LIFETIME, until or now + SESSION_LIFETIME)
    await BrowserSession.create(
        id=uuid4(),
        member_id=member_id,
        hash=hash_of(cookie),
        created_at=now,
        expires_at=expires_at,
        access_token_id=access_token_id,
    )
    await Member.filter(id=member_id).update(last_signed_in_at=now)
    return OpenedSession(cookie, expires_at)


async def _make_room(member_id: UUID) -> None:
    newest_first = BrowserSession.filter(member_id=member_id).order_by("-created_at", "-id")
    for row in await newest_first.offset(MOST_OF_MEMBER - 1).limit(MOST_OF_MEMBER):
        await row.delete()


async def end_session(connection: HTTPConnection, *, services: Services) -> None:
    """End the browser's session on the server's side, where it has one that counts."""
    row = await _session_row(connection, services=services)
    if row is None:
        return
    await database.update(BrowserSession.filter(id=row.id, ended_at=None), ended_at=services.clock.now())


def put_cookie(response: Response, session: OpenedSession, *, settings: Settings) -> None:
    """Let the browser hold the session: unseen by scripts, and not sent along with other sites' posts."""
    response.set_cookie(
        cookie_name(settings),
        session.cookie.reveal(),
        expires=session.expires_at,
        path=own_path(settings),
        secure=settings.has_secure_cookies,
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, *, settings: Settings) -> None:
    name, secure = cookie_name(settings), settings.has_secure_cookies
    response.delete_cookie(name, path=own_path(settings), secure=secure, httponly=True, samesite="lax")


def cookie_name(settings: Settings) -> str:
    return own_name(SESSION_COOKIE, settings=settings)


def ask_to_sign_in(path: str, *, settings: Settings) -> Response:
    """Send a browser to the page where it signs in, and then back to `path` (`/authorize/…`)."""
    address = f"{settings.public_url}/sign-in?next={quote(path, safe='/')}"
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)


async def _session_row(connection: HTTPConnection, *, services: Services) -> BrowserSession | None:
    cookie = cookies_of(connection).get(cookie_name(services.settings))
    if not cookie or not _counts_cookies(connection, public_url=services.settings.public_url):
        return None
    return await BrowserSession.get_or_none(hash=hash_of(Secret(cookie))).select_related("member")


def _counts_cookies(connection: HTTPConnection, *, public_url: str) -> bool:
    """Whether the cookie may count: always from our own pages, and for a browser that only follows a link to us."""
    if is_same_origin(connection, public_url=public_url):
        return True
    follows_link = connection.headers.get("sec-fetch-mode") == "navigate" and "origin" not in connection.headers
    return connection.scope["type"] == "http" and connection.scope["method"] in _NAVIGATING and follows_link
