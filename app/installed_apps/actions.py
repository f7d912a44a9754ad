"""What members do with the apps that their team shares."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from app.access.callers import Caller
from app.access.rules import ADMINISTERING
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import not_found
from app.graphql.revisions import check_unchanged, touch
from app.installed_apps.events import InstalledAppAdded, InstalledAppDeleted, InstalledAppEdited, InstalledAppReauthenticated
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.permissions import is_shared_authorization, is_shared_secret, may_edit, may_reauthenticate
from app.log.events import Change
from app.log.quotas import INSTALLED_APPS, require_room
from app.services import Services
from app.sign_ins import endings, grants
from app.sign_ins.models import Grant, OAuthClient
from app.teams.names import check_name
from app.teams.permissions import recheck_role


async def add(authorization_id: UUID, *, name: str | None, caller: Caller, services: Services) -> InstalledApp:
    """Share the caller's finished sign-in with the team. `name` None: it is named after its workspace.

    Raises what `grants.use` and `share` refuse.
    """

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller)
        field = ("using", "authorizationId")
        grant = await grants.use(
            change, authorization_id, member_id=caller.member_id, shared=True, wanted_account_id=None, field=field
        )
        return await share(change, grant, name=name, member_id=caller.member_id, field=field)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def share(change: Change, grant: Grant, *, name: str | None, member_id: UUID, field: Sequence[str]) -> InstalledApp:
    """Make an installed app that holds `grant`, which was just put to use as a shared one.

    Raises ALREADY_EXISTS, naming it, where the team has one for the same workspace; CONFLICT where it has as many as it may;
    INVALID for a name that is none.
    """
    checked = check_name(name) if name is not None else grant.account_name[:200]
    key = live_key(grant.provider, grant.account_id)
    existing = await InstalledApp.get_or_none(team_id=change.team_id, live_key=key)
    if existing is not None:
        raise already_there(existing, field=field)
    await look_for_room(change)
    app = await InstalledApp.create(
        id=uuid4(),
        team_id=change.team_id,
        provider=grant.provider,
        name=checked,
        connected_to=grant.account_name,
        account_id=grant.account_id,
        origin=grant.origin,
        url=grant.url,
        live_key=key,
        grant_id=grant.id,
        status=InstalledAppStatus.ACTIVE,
        installed_by_id=member_id,
        created_at=change.now,
        updated_at=change.now,
    )
    await change.record(InstalledAppAdded(app.id, app.name, app.connected_to))
    return app


async def look_for_room(change: Change) -> None:
    """Raise CONFLICT where the team has as many installed apps as it may."""
    living = InstalledApp.filter(team_id=change.team_id, live_key__isnull=False)
    await require_room(INSTALLED_APPS, living, quotas=change.quotas)


def live_key(provider: str, account_id: str) -> str:
    """Return what a living installed app that holds an authorization is unique by in its team."""
    return f"{provider} {account_id}"


async def edit(
    app_id: UUID, *, name: str | None, expected_updated_at: datetime | None, caller: Caller, services: Services
) -> InstalledApp:
    """Rename it. `name` None leaves it as it is. Whoever set it up may, and admins.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT when it was edited since `expected_updated_at`, INVALID for a name that is none.
    """
    checked = check_name(name) if name is not None else None

    async def apply(change: Change) -> InstalledApp:
        viewer = await recheck_role(change, caller)
        app = await find(change.team_id, app_id)
        if not may_edit(viewer, app):
            raise Refusal(UserErrorCode.FORBIDDEN, f"Only Team Admins and who set up “{app.name}” may edit it.")
        check_unchanged(app, expected_updated_at)
        if checked is None or checked == app.name:
            return app
        app.name = checked
        touch(app, change.now)
        await app.save(update_fields=["name", "updated_at"])
        await change.record(InstalledAppEdited(app.id, app.name))
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def delete(app_id: UUID, *, caller: Caller, services: Services) -> InstalledApp:
    """Delete it and give its authorization, or the members' own, back; every integration that uses it stops in the same change.

    Team Admins only. Raises NOT_FOUND, FORBIDDEN.
    """

    async def apply(change: Change) -> InstalledApp:
        await recheck_role(change, caller, rule=ADMINISTERING)
        app = await find(change.team_id, app_id)
        app.delete_at(change.now)
        await app.save(update_fields=["live_key", "deleted_at", "updated_at"])
        if app.grant_id is not None:
            await grants.retire(change, app.grant_id)
        if app.oauth_client_id is not None:
            client = await OAuthClient.get(id=app.oauth_client_id)
            await endings.end_client(change, client, why=f"The installed app “{app.name}” was deleted.", tells=False)
        await change.record(InstalledAppDeleted(app.id, app.name))
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor, is_free=True)


async def reauthenticate(app_id: UUID, authorization_id: UUID, *, caller: Caller, services: Services) -> InstalledApp:
    """Put the caller's fresh sign-in for the same workspace in the place of the old one, in every status.

    Raises NOT_FOUND, INVALID where members sign in themselves, WRONG_ACCOUNT for another workspace, and what `grants.use`
    refuses.
    """

    async def apply(change: Change) -> InstalledApp:
        viewer = await recheck_role(change, caller)
        app = await find(change.team_id, app_id)
        if is_shared_secret(app):
            message = f"“{app.name}” holds a secret and no sign-in: a Team Admin puts a new secret into it, by editing it."
            raise Refusal(UserErrorCode.INVALID, message, field=["id"])
        if not is_shared_authorization(app):
            message = f"Members sign in at “{app.name}” themselves: begin a sign-in there with its installedAppId."
            raise Refusal(UserErrorCode.INVALID, message, field=["id"])
        if not may_reauthenticate(viewer, app):
            raise Refusal(UserErrorCode.FORBIDDEN, f"Your role does not allow re-authenticating “{app.name}”: ask a Team Admin.")
        grant = await grants.use(
            change,
            authorization_id,
            member_id=caller.member_id,
            shared=True,
            wanted_account_id=app.account_id,
            field=["authorizationId"],
        )
        await renew(change, app, grant)
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def renew(change: Change, app: InstalledApp, grant: Grant) -> None:
    """Put a fresh grant in the place of the old one, which is given back; the app works again, and what uses it."""
    replaced, previous = app.grant_id, app.status
    app.grant_id = grant.id
    app.connected_to, app.url, app.origin = grant.account_name, grant.url, grant.origin
    app.set_trouble(None, None)
    touch(app, change.now)
    await app.save()
    if replaced is not None:
        await grants.retire(change, replaced)
    await change.record(InstalledAppReauthenticated(app.id, app.name, previous))


async def find(team_id: UUID, app_id: UUID, *, field: Sequence[str] = ("id",)) -> InstalledApp:
    """Return the team's installed app. Raises NOT_FOUND, for a deleted one too."""
    app = await InstalledApp.get_or_none(id=app_id, team_id=team_id, deleted_at__isnull=True)
    if app is None:
        raise not_found(field=field)
    return app


def already_there(app: InstalledApp, *, field: Sequence[str]) -> Refusal:
    """Return the refusal for what the team shares already."""
    advice = "If it no longer works, re-authenticate it."
    if not is_shared_authorization(app):
        advice = f"Edit it if its {'secret' if is_shared_secret(app) else 'client'} changed."
    return Refusal(
        UserErrorCode.ALREADY_EXISTS,
        f"Your team shares {app.connected_to} already, as the installed app “{app.name}”: use that one. {advice}",
        field=field,
    )
