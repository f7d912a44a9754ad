"""Installed apps that hold the team's own OAuth client at a Git server: added and edited by admins."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from app.access.callers import Caller
from app.access.rules import ADMINISTERING
from app.catalogue.addresses import GitServerAddress
from app.errors import KeyUnavailable, Refusal, SealError, UserErrorCode
from app.graphql.inputs import Keep
from app.graphql.revisions import check_unchanged, touch
from app.installed_apps.client_inputs import check_address, check_certificates, check_client_id, check_provider, check_secret
from app.installed_apps.events import InstalledAppAdded, InstalledAppEdited
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.permissions import find_app
from app.installed_apps.servers import ask_server, find_trust
from app.installed_apps.sharing import already_there, live_key, look_for_room
from app.installed_apps.status import record_recovery
from app.log.events import Change
from app.providers.contract import Failure, Fault
from app.providers.description import Provider
from app.providers.hosting import Hosting
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import endings, faults, oauth_clients
from app.sign_ins.models import OAuthClient
from app.sign_ins.oauth_clients import SealedSecret
from app.teams.names import check_name
from app.teams.permissions import recheck_role, refuse_unless_admitted

_FIELD = ("using", "client")
_URL = (*_FIELD, "url")


@dataclass(frozen=True)
class NewClient:
    """A Git server's OAuth client as an admin types it."""

    provider: str
    url: str
    client_id: str
    secret: Secret
    certificates: str | None


@dataclass(frozen=True)
class ClientEdit:
    """An edit; None leaves a value as it is, but for `certificates`, which None clears."""

    client_id: str | None = None
    secret: Secret | None = None
    certificates: str | Keep | None = Keep.KEEP


async def add(new: NewClient, *, name: str | None, caller: Caller, services: Services) -> InstalledApp:
    """Store the team's client for a Git server, once such a server answers at the address. Team Admins only.

    Raises FORBIDDEN; INVALID for what makes no sense, and where something else answers at the address; ALREADY_EXISTS, naming the
    installed app for the same address; CONFLICT where the team has as many as it may; ADDRESS_NOT_ALLOWED, PROVIDER_UNREACHABLE,
    PROVIDER_BUSY; NOT_CONFIGURED without a key.
    """
    refuse_unless_admitted(caller.role, ADMINISTERING)
    checked_name = _check_name(name)
    provider, hosting = check_provider(new.provider, field=(*_FIELD, "provider"))
    address = check_address(new.url, allow=services.settings.allow, field=_URL)
    client = OAuthClient(
        id=uuid4(),
        team_id=caller.team_id,
        provider=provider.key,
        base_url=address.base_url,
        origin=address.origin,
        client_id=check_client_id(new.client_id, field=(*_FIELD, "clientId")),
        certificates=check_certificates(new.certificates, field=(*_FIELD, "caCertificates")),
    )
    secret = check_secret(new.secret.reveal(), field=(*_FIELD, "clientSecret"))
    await _refuse_taken(caller.team_id, provider, address)
    await _meet_server(hosting, client, services=services)
    sealed = await _seal(secret, client, version=1, services=services)

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller, rule=ADMINISTERING)
        await _refuse_taken(change.team_id, provider, address)
        await look_for_room(change)
        sealed.put_into(client)
        client.created_at = client.last_checked_at = change.now
        await client.save(force_create=True)
        app = await _create(client, name=checked_name, change=change, member_id=caller.member_id)
        await change.record(InstalledAppAdded(app.id, app.name, app.connected_to))
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def edit(
    app_id: UUID,
    edited: ClientEdit,
    *,
    name: str | None = None,
    expected_updated_at: datetime | None = None,
    caller: Caller,
    services: Services,
) -> InstalledApp:
    """Edit the name and the client; the address cannot change. Team Admins only. `name` None leaves it as it is.

    A new secret keeps the members' authorizations, a new client id ends them. Raises NOT_FOUND, FORBIDDEN, INVALID, CONFLICT when
    it was edited since `expected_updated_at` or beside this, NOT_CONFIGURED without a key.
    """
    refuse_unless_admitted(caller.role, ADMINISTERING)
    checked_name = check_name(name) if name is not None else None
    app = await find_app(caller.team_id, app_id)
    client = await OAuthClient.get(id=app.oauth_client_id)
    plan = await _plan(client, edited, services=services)

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller, rule=ADMINISTERING)
        fresh = await find_app(change.team_id, app_id)
        check_unchanged(fresh, expected_updated_at)
        await _refuse_overtaken(fresh, client)
        if not await _carry_out(change, fresh, plan) and checked_name in {None, fresh.name}:
            return fresh
        await fresh.refresh_from_db()  # its status may have followed the client's
        fresh.name = checked_name or fresh.name
        touch(fresh, change.now)
        await fresh.save(update_fields=["name", "updated_at"])
        await change.record(InstalledAppEdited(fresh.id, fresh.name))
        return fresh

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


@dataclass(frozen=True)
class _Plan:
    """The effect of an edit on the client: `successor` is set where another client id takes its place."""

    certificates: str | None
    sealed: SealedSecret | None
    successor: OAuthClient | None


async def _plan(client: OAuthClient, edited: ClientEdit, *, services: Services) -> _Plan:
    client_id = check_client_id(edited.client_id, field=["clientId"]) if edited.client_id is not None else client.client_id
    secret = check_secret(edited.secret.reveal(), field=["clientSecret"]) if edited.secret is not None else None
    certificates = client.certificates
    if not isinstance(edited.certificates, Keep):
        certificates = check_certificates(edited.certificates, field=["caCertificates"])
    if client_id == client.client_id:
        sealed = await _seal(secret, client, version=client.version + 1, services=services) if secret is not None else None
        return _Plan(certificates, sealed, None)
    successor = client.clone(pk=uuid4()).update_from_dict(
        {
            "client_id": client_id,
            "trouble": None,
            "certificates": certificates,
            "trust_ends_at": client.trust_ends_at if certificates == client.certificates else None,
            "ended_at": None,
        }
    )
    kept = secret or await _open(client, services=services)
    return _Plan(certificates, await _seal(kept, successor, version=1, services=services), successor)


async def _carry_out(change: Change, app: InstalledApp, plan: _Plan) -> bool:
    """Change the client as planned; return whether that changed anything."""
    client = await OAuthClient.get(id=app.oauth_client_id)
    if plan.successor is not None and plan.sealed is not None:
        why = f"The client id of the installed app “{app.name}” was replaced: sign in there again."
        # While the app still has the old client: what uses a grant of it is found through the app.
        await endings.end_client(change, client, why=why, tells=True)
        plan.sealed.put_into(plan.successor)
        plan.successor.created_at = change.now
        await plan.successor.save(force_create=True)
        app.oauth_client_id = plan.successor.id
        await app.save(update_fields=["oauth_client_id"])
        await record_recovery(change, app)
        return True
    changed = plan.certificates != client.certificates
    client.certificates = plan.certificates
    client.trust_ends_at = None if changed else client.trust_ends_at
    await client.save(update_fields=["certificates", "trust_ends_at"])
    if plan.sealed is not None:
        await oauth_clients.take_secret(change, client, plan.sealed)
    return changed or plan.sealed is not None


async def _create(client: OAuthClient, *, name: str, change: Change, member_id: UUID) -> InstalledApp:
    return await InstalledApp.create(
        id=uuid4(),
        team_id=change.team_id,
        provider=client.provider,
        name=name,
        connected_to=client.base_url,
        account_id=client.base_url,
        origin=client.origin,
        url=client.base_url,
        live_key=live_key(client.provider, client.base_url),
        oauth_client_id=client.id,
        status=InstalledAppStatus.ACTIVE,
        installed_by_id=member_id,
        created_at=change.now,
        updated_at=change.now,
    )


def _check_name(name: str | None) -> str:
    if name is None:
        message = "A Git server's installed app needs a name, for people to know it by."
        raise Refusal(UserErrorCode.INVALID, message, field=["name"])
    return check_name(name)


async def _refuse_taken(team_id: UUID, provider: Provider, address: GitServerAddress) -> None:
    existing = await InstalledApp.get_or_none(team_id=team_id, live_key=live_key(provider.key, address.base_url))
    if existing is not None:
        raise already_there(existing, field=_URL)


async def _meet_server(hosting: Hosting, client: OAuthClient, *, services: Services) -> None:
    """Raise a refusal unless such a server answers there; keep with the client until when it is trusted."""
    found = await ask_server(hosting, client, services=services)
    if not isinstance(found, Failure):
        ends = await find_trust(hosting, client, found, services=services)
        client.certificate_ends_at = ends.server if ends is not None else None
        client.trust_ends_at = ends.authority if ends is not None else None
        return
    if found.fault is Fault.REFUSED:
        raise Refusal(UserErrorCode.INVALID, found.message, field=_URL)
    raise faults.refusal(found, field=_URL)


async def _refuse_overtaken(app: InstalledApp, seen: OAuthClient) -> None:
    """Raise CONFLICT where the client is not the one that the edit was made out for."""
    client = await OAuthClient.get(id=app.oauth_client_id)
    if (client.id, client.version) != (seen.id, seen.version):
        message = "Somebody has edited it at the same moment: read it again, and then decide."
        raise Refusal(UserErrorCode.CONFLICT, message)


async def _seal(secret: Secret, client: OAuthClient, *, version: int, services: Services) -> SealedSecret:
    try:
        return await oauth_clients.seal_secret(secret, client, version=version, services=services)
    except SealError as error:
        raise cannot_store(error) from error


def cannot_store(error: SealError) -> Refusal:
    """Return the refusal for a secret that there is no key to seal with."""
    key = f"bring back the key {error.key_id}" if isinstance(error, KeyUnavailable) else "bring back a backup"
    return Refusal(UserErrorCode.NOT_CONFIGURED, f"Secrets cannot be stored at present: the operator has to {key}.")


async def _open(client: OAuthClient, *, services: Services) -> Secret:
    try:
        return await oauth_clients.open_secret(client, services=services)
    except SealError as error:
        message = "The stored client secret cannot be opened: enter the new client's secret together with its id."
        raise Refusal(UserErrorCode.INVALID, message, field=["clientSecret"]) from error
