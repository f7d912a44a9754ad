"""Where an integration has its authorization from: an installed app of the team, or a sign-in of the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias
from uuid import UUID

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import WORKING, find_app, is_shared_secret
from app.installed_apps.sharing import share
from app.integrations.models import Integration
from app.log.events import Change
from app.repositories.asking import sign_in_required
from app.services import Services
from app.sign_ins import grants
from app.sign_ins.models import Grant, OAuthClient
from app.teams.permissions import recheck_role

INSTALLED_APP_FIELD = ("using", "installedAppId")
SIGN_IN_FIELD = ("using", "authorization", "authorizationId")
SHARE_FIELD = ("using", "authorization", "shareWithTeam")


@dataclass(frozen=True)
class ThroughApp:
    """Use what an installed app of the team holds."""

    installed_app_id: UUID


@dataclass(frozen=True)
class BySignIn:
    """Use a finished sign-in of the caller's: for the integration alone, or made into an installed app for the whole team."""

    authorization_id: UUID
    shares_with_team: bool


Using: TypeAlias = ThroughApp | BySignIn


@dataclass(frozen=True)
class Source:
    """A grant that works, and the installed app that it is had through; without one it is the integration's own.

    `client` is set where the installed app holds only the OAuth client: the grant is then its member's own, there.
    """

    grant: Grant
    installed_app: InstalledApp | None
    made_app: bool = False
    client: OAuthClient | None = None

    @property
    def account_id(self) -> str:
        """Return what has to stay the same when an integration is re-authenticated: the workspace, or the server's address."""
        return self.client.base_url if self.client is not None else self.grant.account_id

    @property
    def connected_to(self) -> str:
        """Return the same for people."""
        return self.client.base_url if self.client is not None else self.grant.account_name

    @property
    def new_app(self) -> InstalledApp | None:
        """The installed app, when it was made by this very use."""
        return self.installed_app if self.made_app else None

    def give_to(self, integration: Integration) -> None:
        """Let the integration use it from now on."""
        is_members_own = self.installed_app is None or self.client is not None
        integration.provider = self.grant.provider
        integration.connected_to = self.connected_to
        integration.account_id, integration.origin = self.account_id, self.grant.origin
        integration.uses_installed_app = self.installed_app is not None
        integration.installed_app_id = self.installed_app.id if self.installed_app is not None else None
        # At a Git server the member may sign in anew at any time: whose grant it is stays, which one it is does not.
        integration.grant_id = self.grant.id if self.installed_app is None else None
        if is_members_own and integration.authorized_by_id != self.grant.member_id:
            integration.access_ends_at = None
        integration.authorized_by_id = self.grant.member_id if is_members_own else None


@dataclass(frozen=True)
class Placed:
    """An integration, and the installed app that the same call made, if it did."""

    integration: Integration
    new_app: InstalledApp | None


async def take(change: Change, using: Using, *, member_id: UUID, wanted_account_id: str | None) -> Source:
    """Put it to use, within a change: a sign-in is used up by it, and shared where that was asked for.

    `wanted_account_id`: the only workspace or server that will do. Raises NOT_FOUND, WRONG_ACCOUNT, CONFLICT for an installed app
    that does not work, SIGN_IN_REQUIRED at a Git server, ALREADY_EXISTS for sharing what the team shares already, and what
    `grants.use` refuses.
    """
    match using:
        case ThroughApp(installed_app_id):
            source = await _through(await usable_app(change.team_id, installed_app_id), member_id=member_id)
            if wanted_account_id is not None and source.account_id != wanted_account_id:
                raise wrong_account(source, wanted=await _name_of(change, source, wanted_account_id), field=INSTALLED_APP_FIELD)
            return source
        case BySignIn(authorization_id, shares):
            grant = await grants.use(
                change,
                authorization_id,
                member_id=member_id,
                shared=shares,
                wanted_account_id=wanted_account_id,
                field=SIGN_IN_FIELD,
            )
            if not shares:
                return Source(grant, None)
            app = await share(change, grant, name=None, member_id=member_id, field=SHARE_FIELD)
            return Source(grant, app, made_app=True)


async def dry_run(using: Using, *, caller: Caller, services: Services, wanted_account_id: str | None = None) -> Grant:
    """Return the grant that `take` would put to use, having changed nothing; for asking the provider with it first.

    Raises what `take` refuses.
    """

    async def apply(change: Change) -> NoReturn:
        await recheck_role(change, caller)
        source = await take(change, using, member_id=caller.member_id, wanted_account_id=wanted_account_id)
        raise _Rehearsed(source.grant)

    try:
        await services.events.change(caller.team_id, apply, actor=caller.actor)
    except _Rehearsed as rehearsed:
        return rehearsed.grant


class _Rehearsed(Exception):
    """Undoes the change: everything in it would have been fine."""

    def __init__(self, grant: Grant) -> None:
        super().__init__()
        self.grant = grant


async def grant_of(integration: Integration) -> UUID | None:
    """Return the grant that it speaks with: its own, its installed app's or, at a Git server, its member's there.

    None when there is none: the installed app was deleted, or the member's authorization ended.
    """
    if integration.grant_id is not None or integration.installed_app_id is None:
        return integration.grant_id
    app = await InstalledApp.get_or_none(id=integration.installed_app_id, deleted_at__isnull=True)
    if app is None or app.oauth_client_id is None or integration.authorized_by_id is None:
        return app.grant_id if app is not None else None
    grant = await grants.live_grant_of(app.oauth_client_id, integration.authorized_by_id)
    return grant.id if grant is not None else None


WITH_GRANTS = ("grant", "installed_app__grant")

GRANT_JOINED = """
LEFT JOIN "installed_app" ON "installed_app"."id" = "integration"."installed_app_id"
AND "installed_app"."deleted_at" IS NULL AND "installed_app"."oauth_client_id" IS NULL
LEFT JOIN "grant" ON "grant"."id" = COALESCE("integration"."grant_id", "installed_app"."grant_id")"""
"""The same grant as `grant_read_with` returns, in statements that are written by hand."""


def grant_read_with(integration: Integration) -> Grant | None:
    """Return the grant of an integration that was read together with WITH_GRANTS: its own, or its installed app's.

    None where `grant_of` has to say whether there is one.
    """
    app = integration.installed_app
    if integration.grant is not None or app is None or app.is_deleted or app.oauth_client_id is not None:
        return integration.grant
    return app.grant


async def usable_app(team_id: UUID, installed_app_id: UUID) -> InstalledApp:
    """Return the team's installed app. Raises NOT_FOUND; CONFLICT, with what to do, when it does not work."""
    app = await find_app(team_id, installed_app_id, field=INSTALLED_APP_FIELD)
    holds_client = app.oauth_client_id is not None
    is_admins = holds_client or is_shared_secret(app)
    if app.status not in WORKING or (app.grant_id is None and not holds_client):
        way_out = (
            "A Team Admin has to mend it first."
            if is_admins
            else "Re-authenticate it first, or sign in anew for this integration."
        )
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"The installed app “{app.name}” does not work at present: {app.status_message or app.status} {way_out}",
            field=INSTALLED_APP_FIELD,
        )
    return app


async def _through(app: InstalledApp, *, member_id: UUID) -> Source:
    if app.oauth_client_id is None:
        return Source(await Grant.get(id=app.grant_id), app)
    grant = await grants.live_grant_of(app.oauth_client_id, member_id)
    if grant is None or (grant.trouble is not None and grant.trouble.needs_reauthentication):
        why = f" {grant.trouble_message}" if grant is not None and grant.trouble_message else ""
        raise sign_in_required(
            field=INSTALLED_APP_FIELD,
            message=f"You have to sign in at {app.connected_to} first, with `beginAuthorization` and this installed app.{why}",
        )
    return Source(grant, app, client=await OAuthClient.get(id=app.oauth_client_id))


async def _name_of(change: Change, source: Source, account_id: str) -> str:
    """Return what people call the workspace or server: a server's account is its address."""
    if source.client is not None:
        return account_id
    return await grants.name_of_account(source.grant.provider, account_id, team_id=change.team_id)


def wrong_account(source: Source, *, wanted: str, field: Sequence[str]) -> Refusal:
    way_out = "" if source.client is not None else ", or choose a channel there in the same edit"
    message = f"This is for {source.connected_to}, and the integration is for {wanted}: use one for {wanted}{way_out}."
    return Refusal(UserErrorCode.WRONG_ACCOUNT, message, field=field)
