"""What becomes of integrations when the authorization that they use does."""

from app.installed_apps.events import (
    InstalledAppAdded,
    InstalledAppDeleted,
    InstalledAppReauthenticated,
    InstalledAppStatusChanged,
)
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import WORKING
from app.integrations import members_own
from app.integrations.standing import bring_back as restore, living, stop
from app.log.events import Change
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled, MemberSignedIn
from app.sign_ins.models import StatusReason
from app.teams.models import Member


async def stop_those_using(change: Change, happening: InstalledAppDeleted) -> None:
    """Stop whatever used an installed app that is gone."""
    app = await InstalledApp.get(id=happening.installed_app_id)
    way_out = (
        "Once a Team Admin has added it again, it goes on when the member whose authorization it uses has signed in there."
        if app.oauth_client_id is not None
        else "Re-authenticate this integration to go on: sign in anew, or use another installed app for the same account."
    )
    message = f"The installed app “{happening.name}” was deleted{await _by_whom(change)}. {way_out}"
    for integration in await living(change).filter(installed_app_id=happening.installed_app_id):
        await stop(change, integration, StatusReason.INSTALLED_APP_DELETED, message)


async def adopt(change: Change, happening: InstalledAppAdded) -> None:
    """Let a Git server that was added again have the integrations that its deletion stopped; their members have to sign in."""
    app = await InstalledApp.get(id=happening.installed_app_id)
    if app.oauth_client_id is not None:
        await members_own.adopt(change, app, oauth_client_id=app.oauth_client_id)


async def follow_installed_app(change: Change, happening: InstalledAppStatusChanged) -> None:
    """Stop what uses an installed app that no longer works; let it go on once the app works again."""
    if happening.status in WORKING:
        await _bring_back_through(change, happening)
    elif happening.reason is not None:
        message = f"The installed app “{happening.name}” no longer works. {happening.message or ''}".rstrip()
        for integration in await living(change).filter(installed_app_id=happening.installed_app_id):
            await stop(change, integration, happening.reason, message)


async def bring_back(change: Change, happening: InstalledAppReauthenticated) -> None:
    """Let everything that uses the installed app go on with its fresh authorization."""
    await _bring_back_through(change, happening)


async def bring_back_theirs(change: Change, happening: MemberSignedIn) -> None:
    """Let what uses the member's own authorization at a Git server go on with the fresh one."""
    theirs = await members_own.of_member(change, happening.oauth_client_id, happening.member_id)
    await members_own.review(change, theirs)


async def stop_those_with_grant(change: Change, happening: GrantTroubled | GrantEnded) -> None:
    """Stop whatever has the grant for its own. What may pass by itself stops nothing."""
    if happening.reason.is_passing:
        return
    for integration in await living(change).filter(grant_id=happening.grant_id):
        await stop(change, integration, happening.reason, happening.message)
    for integration in await members_own.of_grant(change, happening.grant_id):
        hindrance = await members_own.find_hindrance(integration)
        # What holds for everyone there (the app deleted, its client refused) is said already, and says more.
        if hindrance is not None and hindrance.reason is not integration.stopped_by:
            await stop(change, integration, happening.reason, happening.message)


async def restore_those_with_grant(change: Change, happening: GrantRecovered) -> None:
    """Let whatever has the grant for its own go on, now that it works again."""
    await restore(change, living(change).filter(grant_id=happening.grant_id))
    await members_own.review(change, await members_own.of_grant(change, happening.grant_id))


async def _bring_back_through(change: Change, happening: InstalledAppStatusChanged | InstalledAppReauthenticated) -> None:
    using = living(change).filter(installed_app_id=happening.installed_app_id, grant_id__isnull=True)
    # Those that use the very authorization that the app holds: nothing else can have stopped them.
    await restore(change, using.filter(authorized_by_id__isnull=True))
    await members_own.review(change, await using.filter(authorized_by_id__isnull=False))


async def _by_whom(change: Change) -> str:
    actor = await Member.get_or_none(id=change.actor_id) if change.actor_id is not None else None
    return f" by {actor.name}" if actor is not None else ""
