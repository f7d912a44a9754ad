"""Signing a browser in at the operator's OIDC issuer: off, back once, and in as the member whose e-mail is verified there.

A row stands for each browser that is sent off, and not a cookie alone: so a sign-in can come back once, within ten minutes by our
clock, and goes on where the row says. The row holds two hashes; what proves the sign-in to the issuer is made of the cookie.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from app.oidc.claims import Claims, Expected
from app.oidc.code_flow import Client, NoToken, Proofs, Tokens, authorization_url, exchange, offers_sign_in
from app.oidc.issuer import Away, Issuer, Published
from app.oidc.tokens import verify
from app.sealing.secret import Secret
from app.services import Services
from app.settings import Settings
from app.storage import database
from app.teams.identities import email_of, find_members, identity_of
from app.teams.models import Member, OidcSignIn
from app.teams.secrets import hash_of, make_secret
from app.teams.sessions import OpenedSession, open_session
from app.web.authorization_responses import AuthorizationResponse
from app.web.cookies import own_name

LASTS = timedelta(minutes=10)
SESSION_LASTS = timedelta(hours=12)
"""Shorter than other sessions: the issuer tells nobody when it bars somebody, so it is asked anew each day."""
CALLBACK = "/sign-in/oidc/callback"

_ID_TOKEN_TYPES: frozenset[str | None] = frozenset({"jwt", None})

_log = structlog.get_logger("oidc")


@dataclass(frozen=True)
class Departure:
    """The address to send the browser to, and the cookie by which it is known again."""

    url: str
    cookie_name: str
    cookie: Secret


@dataclass(frozen=True)
class NotBegun:
    """Nobody can sign in at the issuer now."""


@dataclass(frozen=True)
class NotHere:
    """The answer belongs to no sign-in of this browser, or to one that is over: nothing was done."""


@dataclass(frozen=True)
class NotSignedIn:
    """The sign-in is over, and nobody was signed in. `message` says why, for a person."""

    message: str


@dataclass(frozen=True)
class Choice:
    """The issuer verified a member of several teams and names none: the member has ten minutes to say which (`choose`).

    `members` are who they are in each, with its team, the one that they joined first in front.
    """

    sign_in_id: UUID
    members: Sequence[Member]


@dataclass(frozen=True)
class SignedIn:
    session: OpenedSession
    next_path: str


def client_of(settings: Settings) -> Client | None:
    """Return what this service is at the issuer; None where the operator has not set that."""
    if settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    return Client(settings.oidc_client_id, Secret(settings.oidc_client_secret.get_secret_value()))


def redirect_uri_of(settings: Settings) -> str:
    """Return the one address that the issuer may send a browser back to."""
    return f"{settings.public_url}{CALLBACK}"


async def begin(*, next_path: str, client: Client, issuer: Issuer, services: Services) -> Departure | NotBegun:
    """Send a browser off to sign in, and then on to `next_path`."""
    published = await issuer.published()
    if isinstance(published, Away) or not offers_sign_in(published.metadata):
        return NotBegun()
    state, cookie, now = make_secret(services.entropy), make_secret(services.entropy), services.clock.now()
    id_ = uuid4()

    async def put(_: BaseDBAsyncClient) -> None:
        await OidcSignIn.create(
            id=id_,
            state_hash=hash_of(state),
            cookie_hash=hash_of(cookie),
            next_path=next_path,
            created_at=now,
            expires_at=now + LASTS,
        )

    await database.write(put)
    url = authorization_url(
        published.metadata,
        client=client,
        redirect_uri=redirect_uri_of(services.settings),
        state=state,
        proofs=Proofs.of(cookie),
        team_claim=services.settings.oidc_team_claim or "",
    )
    return Departure(url, cookie_name(id_, settings=services.settings), cookie)


async def finish(
    response: AuthorizationResponse, *, cookies: Mapping[str, str], client: Client, issuer: Issuer, services: Services
) -> SignedIn | Choice | NotSignedIn | NotHere:
    """Take up what the issuer sent back, once, from the browser that was sent off; open its session."""
    row = await OidcSignIn.get_or_none(state_hash=hash_of(response.state))
    cookie = cookie_of(row, cookies, settings=services.settings)
    if row is None or cookie is None:
        return NotHere()
    if not await _consume(row, services=services):
        return NotHere()
    claims = await _ask(response, Proofs.of(cookie), client=client, issuer=issuer, services=services)
    if isinstance(claims, NotSignedIn):
        return claims
    opened = await _open(claims, row, services=services)
    return SignedIn(opened, row.next_path) if isinstance(opened, OpenedSession) else opened


def cookie_name(id: UUID, *, settings: Settings) -> str:
    """Return the name of the cookie of one sign-in: each has its own, so that tabs do not mix."""
    return own_name(f"oidc_sign_in_{id.hex}", settings=settings)


def cookie_of(row: OidcSignIn | None, cookies: Mapping[str, str], *, settings: Settings) -> Secret | None:
    """Return the cookie of the browser that was sent off with this sign-in; None from any other browser."""
    cookie = Secret(cookies.get(cookie_name(row.id, settings=settings), "")) if row is not None else None
    if row is None or cookie is None or not hmac.compare_digest(row.cookie_hash, hash_of(cookie)):
        return None
    return cookie


async def open_as(found: Member, cookie: Secret, *, now: datetime) -> OpenedSession | NotSignedIn:
    """Sign a browser in as a member, inside a write."""
    # Holding the member's row: they cannot leave between here and the session, which their leaving would then miss.
    member = await Member.filter(id=found.id, left_at=None).select_for_update().first()
    return await open_session(member.id, cookie, now=now, until=now + SESSION_LASTS) if member is not None else NOBODY


async def _consume(row: OidcSignIn, *, services: Services) -> bool:
    now = services.clock.now()
    return await database.update(OidcSignIn.filter(id=row.id, used_at=None, expires_at__gt=now), used_at=now) == 1


async def _ask(
    response: AuthorizationResponse, proofs: Proofs, *, client: Client, issuer: Issuer, services: Services
) -> Claims | NotSignedIn:
    published = await issuer.published()
    if isinstance(published, Away):
        return NotSignedIn("The issuer cannot be reached at the moment.")
    if not _is_from(issuer, response, published):
        # RFC 9207: an answer of another server, which may be after the code.
        return _refused("the answer names another issuer", "The answer did not come from the issuer that you were sent to.")
    if response.code is None:
        return NotSignedIn("The issuer did not sign you in, or you chose not to.")
    redirect_uri = redirect_uri_of(services.settings)
    tokens = await exchange(
        response.code,
        metadata=published.metadata,
        client=client,
        redirect_uri=redirect_uri,
        proofs=proofs,
        outbound=services.outbound,
    )
    if isinstance(tokens, NoToken):
        return _refused(f"the code was not exchanged: {tokens.message}", "The issuer did not confirm that it signed you in.")
    expected = _expected(client, proofs, tokens, settings=services.settings)
    claims = await verify(tokens.id_token, issuer=issuer, expected=expected, now=services.clock.now())
    if isinstance(claims, Claims):
        return claims
    return _refused(f"the ID token does not count: {claims.message}", "What the issuer says of you cannot be verified.")


def _is_from(issuer: Issuer, response: AuthorizationResponse, published: Published) -> bool:
    if response.issuer is None:
        return not published.metadata.authorization_response_iss_parameter_supported
    return response.issuer == issuer.address


def _expected(client: Client, proofs: Proofs, tokens: Tokens, *, settings: Settings) -> Expected:
    return Expected(
        issuer=settings.oidc_issuer or "",
        audience=client.id,
        team_claim=settings.oidc_team_claim or "",
        types=_ID_TOKEN_TYPES,
        nonce=proofs.nonce.reveal(),
        is_alone=True,
        access_token=tokens.access_token,
    )


def _refused(why: str, message: str) -> NotSignedIn:
    _log.warning("sign-in refused", why=why)
    return NotSignedIn(message)


async def _open(claims: Claims, row: OidcSignIn, *, services: Services) -> OpenedSession | Choice | NotSignedIn:
    email = email_of(claims)
    if email is None:
        return NotSignedIn("The issuer names no e-mail address of yours that it has verified.")
    cookie, now = make_secret(services.entropy), services.clock.now()

    async def open_(_: BaseDBAsyncClient) -> OpenedSession | Choice | NotSignedIn:
        members = await _find_members(claims, email)
        if len(members) > 1:
            await OidcSignIn.filter(id=row.id).update(email=email, expires_at=now + LASTS)
            return Choice(row.id, members)
        return await open_as(members[0], cookie, now=now) if members else NOBODY

    return await database.write(open_)


async def _find_members(claims: Claims, email: str) -> Sequence[Member]:
    """Return who the claims name; where they name no team, whoever has that e-mail, in every team that has them."""
    if claims.team is not None:
        identity = identity_of(claims)
        return list((await find_members([identity])).values()) if identity is not None else []
    return await Member.filter(email=email, left_at=None).order_by("joined_at", "id").select_related("team")


NOBODY = NotSignedIn(
    "No member of the team has the e-mail address that the issuer verified. An admin of the team can add you by that address."
)
