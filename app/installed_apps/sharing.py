"""Installed apps that hold a grant: made of one, and renewed with another. What they, and all others, are unique by."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from app.errors import Refusal, UserErrorCode
from app.graphql.revisions import touch
from app.installed_apps.events import InstalledAppAdded, InstalledAppReauthenticated
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.permissions import is_shared_authorization, is_shared_secret
from app.log.events import Change
from app.log.quotas import INSTALLED_APPS, require_room
from app.sign_ins import grants
from app.sign_ins.models import Grant
from app.teams.names import check_name


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


async def replace_grant(change: Change, app: InstalledApp, grant: Grant) -> None:
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


async def look_for_room(change: Change) -> None:
    """Raise CONFLICT where the team has as many installed apps as it may."""
    living = InstalledApp.filter(team_id=change.team_id, live_key__isnull=False)
    await require_room(INSTALLED_APPS, living, quotas=change.quotas)


def live_key(provider: str, account_id: str) -> str:
    """Return what a living installed app that holds an authorization is unique by in its team."""
    return f"{provider} {account_id}"


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
