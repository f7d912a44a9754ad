"""A team's own OAuth client at a Git server: its secret in and out, and what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.errors import KeyUnavailable, SealError
from app.log.events import Change
from app.log.quotas import TROUBLES_OF_DAY
from app.outbound import Ends
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.events import ClientRecovered, ClientTroubled, ServerCertificateSeen
from app.sign_ins.models import LIVE, Authorization, AuthorizationStatus, Grant, GrantState, OAuthClient, StatusReason
from app.sign_ins.sealing import was_due
from app.storage import database

_HINTED_FROM = 8  # of a shorter secret, four characters would tell too much
_EXCHANGED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class SealedSecret:
    """A client's secret as its row keeps it, bound to one version of it."""

    sealed_secret: bytes
    secret_hint: str
    version: int

    def put_into(self, client: OAuthClient) -> None:
        client.sealed_secret, client.secret_hint, client.version = self.sealed_secret, self.secret_hint, self.version


async def seal_secret(secret: Secret, client: OAuthClient, *, version: int, services: Services) -> SealedSecret:
    """Seal a secret for the client. Never inside a transaction. Raises SealError."""
    sealed = await services.vault.seal(secret, bound_to=client.binding("sealed_secret", version=version))
    text = secret.reveal()
    return SealedSecret(sealed, text[-4:] if len(text) >= _HINTED_FROM else "", version)


async def open_secret(client: OAuthClient, *, services: Services) -> Secret:
    """Return the client's secret, which must not be shredded. Raises SealError, and writes it down."""
    try:
        return await services.vault.open(bytes(client.sealed_secret or b""), bound_to=client.binding("sealed_secret"))
    except SealError as error:
        await note_trouble(client.id, StatusReason.KEY_UNAVAILABLE, _words_of(error), services=services)
        raise


async def take_secret(change: Change, client: OAuthClient, sealed: SealedSecret) -> None:
    """Put a new secret in the place of the old one; the authorizations stay, and what waited for it goes on at once."""
    sealed.put_into(client)
    await client.save(update_fields=["sealed_secret", "secret_hint", "version"])
    await record_recovery(change, client.id)
    made = Grant.filter(team_id=change.team_id, oauth_client_id=client.id)
    for grant in await made.filter(state__in=LIVE, refresh_at__gt=change.now):
        if was_due(grant, now=change.now):
            await Grant.filter(id=grant.id, version=grant.version).update(refresh_at=change.now)
    await made.filter(state=GrantState.REVOKING, next_revocation_at__gt=change.now).update(next_revocation_at=change.now)


async def note_trouble(client_id: UUID, reason: StatusReason, message: str, *, services: Services) -> None:
    """Write down that the client does not work. An ended one is nobody's trouble."""
    client = await OAuthClient.get(id=client_id)

    async def trouble(change: Change) -> None:
        await record_trouble(change, client_id, reason, message)

    if client.trouble is not reason and not client.has_ended:
        await services.events.change(client.team_id, trouble)


async def record_trouble(change: Change, client_id: UUID, reason: StatusReason, message: str) -> None:
    """The same, within a change."""
    living = OAuthClient.filter(id=client_id, team_id=change.team_id, ended_at__isnull=True)
    row = await living.get_or_none()
    if row is not None and row.trouble is not reason:
        await living.update(trouble=reason)
        await change.record(ClientTroubled(client_id, reason, message))


async def record_ends(change: Change, client: OAuthClient, ends: Ends) -> None:
    """Keep when the certificates end by which the server was trusted that the client, as it was read, belongs to."""
    seen = {"certificate_ends_at": ends.server, "trust_ends_at": ends.authority}
    if seen == {name: getattr(client, name) for name in seen}:
        return
    as_read = OAuthClient.filter(id=client.id, team_id=change.team_id, certificates=client.certificates)
    if await as_read.update(**seen):
        await change.record(ServerCertificateSeen(client.id))


async def note_recovery(client_id: UUID, *, services: Services) -> None:
    """Write down that the client works, where it was in trouble: the server has just taken it."""
    client = await OAuthClient.get(id=client_id)

    async def recover(change: Change) -> None:
        if change.let(TROUBLES_OF_DAY):
            await record_recovery(change, client_id)

    if client.trouble is not None:
        await services.events.change(client.team_id, recover)


async def record_recovery(change: Change, client_id: UUID) -> None:
    """The same, within a change."""
    troubled = OAuthClient.filter(id=client_id, team_id=change.team_id, ended_at__isnull=True, trouble__isnull=False)
    if await troubled.update(trouble=None):
        await change.record(ClientRecovered(client_id))


async def shred_ended(now: datetime) -> int:
    """Shred the secrets of ended clients that nothing is left to give back with, and return how many those were."""
    kept = OAuthClient.filter(ended_at__isnull=False, sealed_secret__isnull=False)
    spent = [client.id for client in await kept if not await _is_needed(client, now=now)]
    return await database.update(kept.filter(id__in=spent), sealed_secret=None) if spent else 0


async def _is_needed(client: OAuthClient, *, now: datetime) -> bool:
    """Whether there is something to give back, or a sign-in whose exchange was under way at the end may bring something yet."""
    if await Grant.filter(oauth_client_id=client.id).exclude(state=GrantState.GONE).exists():
        return True
    exchanged = Authorization.filter(
        oauth_client_id=client.id,
        grant_id__isnull=True,
        status__in=(AuthorizationStatus.PENDING, AuthorizationStatus.EXPIRED),
        consumed_at__gt=now - _EXCHANGED_WITHIN,
    )
    return await exchanged.exists()


def _words_of(error: SealError) -> str:
    if isinstance(error, KeyUnavailable):
        return f"The stored client secret cannot be opened: the operator has to bring back the key {error.key_id}."
    return "The stored client secret cannot be opened: it was damaged. Enter it again."
