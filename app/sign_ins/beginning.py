"""Beginning a sign-in, and sending the member's browser off with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

from app.access.callers import Caller
from app.catalogue.schema import callback_url
from app.errors import KeyUnavailable, Refusal, SealError, UserErrorCode
from app.log.events import Change
from app.log.quotas import CHANGES_OF_DAY
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Client, NotConfigured, SharingModel
from app.providers.description import Provider
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import endings
from app.sign_ins.clients import client_of, describe_missing, sign_in_of
from app.sign_ins.models import Authorization, AuthorizationStatus, OAuthClient
from app.storage import database
from app.teams.permissions import find_member
from app.teams.secrets import hash_of, make_secret
from app.web.authorization_requests import challenge_of

LASTS = timedelta(minutes=10)
MOST_OPEN_OF_MEMBER = 5
MOST_OPEN_OF_TEAM = 50


async def begin(
    *,
    provider_key: str,
    oauth_client_id: UUID | None = None,
    wanted_account_id: str | None = None,
    installed_app_id: UUID | None = None,
    integration_id: UUID | None = None,
    field: Sequence[str] = (),
    caller: Caller,
    services: Services,
) -> Authorization:
    """Begin a sign-in of the caller's at a provider; `wanted_account_id` is the only account that it will be accepted for.

    `oauth_client_id`: the team's own client, where the provider has those. A member's sixth open one ends their oldest. Raises
    Refusal: NOT_FOUND for an unknown provider or a client that has ended, INVALID where members sign in at an installed app only,
    NOT_CONFIGURED naming the settings, CONFLICT when the team has 50 open, or has changed all that it may today.
    """
    there = await _find_there(provider_key, oauth_client_id, team_id=caller.team_id, field=field, services=services)
    provider = there.provider
    ticket, verifier = make_secret(services.entropy), make_secret(services.entropy)
    row = Authorization(
        id=uuid4(),
        team_id=caller.team_id,
        member_id=caller.member_id,
        provider=provider.key,
        installed_app_id=installed_app_id,
        oauth_client_id=oauth_client_id,
        integration_id=integration_id,
        wanted_account_id=wanted_account_id,
        origin=there.origin,
        client_id=there.client_id,
        redirect_uri=callback_url(provider, there.base_url, public_url=services.settings.public_url),
        ticket_hash=hash_of(ticket),
        status=AuthorizationStatus.PENDING,
    )
    await _seal_into(row, ticket=ticket, verifier=verifier, services=services)

    async def save(change: Change) -> Authorization:
        await _refuse_who_left(change, row.member_id)
        await _refuse_ended(change, oauth_client_id, field=field)
        change.spend(CHANGES_OF_DAY)  # a row, though no event
        await _make_room(change, row.member_id)
        row.begun_at, row.expires_at = change.now, change.now + LASTS
        await row.save(force_create=True)
        return row

    return await services.events.change(caller.team_id, save, actor=caller.actor)


async def start_url(row: Authorization, *, services: Services) -> str:
    """Return where the member's browser begins. Once the sign-in is no longer open, an address that says so."""
    ticket: Secret | None = None
    if row.sealed_ticket is not None:
        try:
            ticket = await services.vault.open(bytes(row.sealed_ticket), bound_to=row.binding("sealed_ticket"))
        except SealError:
            ticket = None
    return f"{services.settings.public_url}/authorize/{ticket.reveal() if ticket is not None else row.id}"


async def find_by_ticket(ticket: str) -> Authorization | None:
    return await Authorization.get_or_none(ticket_hash=hash_of(Secret(ticket)))


@dataclass(frozen=True)
class Departure:
    """The browser goes on to the provider, with a cookie by which the callback knows it again."""

    url: str
    cookie: Secret


@dataclass(frozen=True)
class NotOpen:
    """The sign-in cannot go on; `message` says why to a person."""

    message: str


async def depart(row: Authorization, *, services: Services) -> Departure | NotOpen:
    """Send the browser of the member who began it to the provider, with a fresh state; an earlier one is worth nothing."""
    try:
        client = await client_of(row, services=services)
        if not isinstance(client, Client) or row.sealed_verifier is None:
            return NotOpen(OVER)
        verifier = await services.vault.open(bytes(row.sealed_verifier), bound_to=row.binding("sealed_verifier"))
    except SealError:
        return NotOpen("A key of this server is missing, so nobody can sign in at present: tell its operator.")
    state, cookie = make_secret(services.entropy), make_secret(services.entropy)
    unfinished = Authorization.filter(id=row.id, status=AuthorizationStatus.PENDING, consumed_at=None)
    is_open = unfinished.filter(expires_at__gt=services.clock.now())
    if not await database.update(is_open, state_hash=hash_of(state), cookie_hash=hash_of(cookie)):
        return NotOpen(OVER)
    url = sign_in_of(row).authorize_url(
        client=client,
        redirect_uri=row.redirect_uri,
        state=state.reveal(),
        challenge=challenge_of(verifier),
        account_id=row.wanted_account_id,
    )
    return Departure(url, cookie)


OVER = "This sign-in is not open any more. Begin another where you began this one."


@dataclass(frozen=True)
class _There:
    """The place of a sign-in, and the client for it; `base_url` is set for a server that is the team's own."""

    provider: Provider
    client_id: str
    origin: str
    base_url: str | None = None


async def _find_there(
    provider_key: str, oauth_client_id: UUID | None, *, team_id: UUID, field: Sequence[str], services: Services
) -> _There:
    provider = CATALOGUE.get(provider_key)
    if provider is None:
        known = ", ".join(CATALOGUE)
        message = f"There is no provider {quote(provider_key[:64], safe='')}; there are: {known}."
        raise Refusal(UserErrorCode.NOT_FOUND, message, field=field)
    if oauth_client_id is not None:
        own = await OAuthClient.get_or_none(id=oauth_client_id, team_id=team_id, provider=provider.key, ended_at__isnull=True)
        if own is None:
            raise _ended(field=field)
        return _There(provider, own.client_id, own.origin, own.base_url)
    if provider.sharing is SharingModel.SHARED_CLIENT:
        message = f"Members sign in at an installed app of {provider.name}: give its installedAppId."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    if provider.sign_in is None:
        message = f"Nobody signs in at {provider.name}: a Team Admin adds an installed app with what it gave, and all use that."
        raise Refusal(UserErrorCode.INVALID, message, field=field)
    client = provider.sign_in.configure(services.settings)
    if isinstance(client, NotConfigured):
        raise Refusal(UserErrorCode.NOT_CONFIGURED, describe_missing(provider, client), field=field)
    return _There(provider, client.id, client.origin)


async def _refuse_ended(change: Change, oauth_client_id: UUID | None, *, field: Sequence[str]) -> None:
    if oauth_client_id is None:
        return
    if not await OAuthClient.filter(id=oauth_client_id, team_id=change.team_id, ended_at__isnull=True).exists():
        raise _ended(field=field)


def _ended(*, field: Sequence[str]) -> Refusal:
    return Refusal(UserErrorCode.NOT_FOUND, "This installed app was deleted, or has another client by now.", field=field)


async def _seal_into(row: Authorization, *, ticket: Secret, verifier: Secret, services: Services) -> None:
    try:
        row.sealed_ticket = await services.vault.seal(ticket, bound_to=row.binding("sealed_ticket"))
        row.sealed_verifier = await services.vault.seal(verifier, bound_to=row.binding("sealed_verifier"))
    except KeyUnavailable as error:
        message = f"Nobody can sign in at present: the operator has to bring back the key {error.key_id}."
        raise Refusal(UserErrorCode.NOT_CONFIGURED, message) from error


async def _refuse_who_left(change: Change, member_id: UUID) -> None:
    if await find_member(change, member_id) is None:
        raise Refusal(UserErrorCode.FORBIDDEN, "You are no longer a member of this team.")


async def _make_room(change: Change, member_id: UUID) -> None:
    """Keep the open sign-ins few. A member who left tabs open is not locked out by them; nobody can end another member's."""
    pending = Authorization.filter(team_id=change.team_id, status=AuthorizationStatus.PENDING, expires_at__gt=change.now)
    own = await pending.filter(member_id=member_id, consumed_at=None).order_by("begun_at", "id")
    for row in own[: max(len(own) - MOST_OPEN_OF_MEMBER + 1, 0)]:
        await endings.close(change, row, "it was left open while others were begun.")
    if await pending.count() >= MOST_OPEN_OF_TEAM:
        message = f"{MOST_OPEN_OF_TEAM} sign-ins of this team are open: finish some, or wait ten minutes."
        raise Refusal(UserErrorCode.CONFLICT, message)
