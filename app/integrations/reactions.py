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
from app.integrations.restoring import restore_stopped
from app.integrations.status import living, stop
from app.log.events import Change
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled, MemberSignedIn
from app.sign_ins.models import StatusReason
from app.teams.models import Member


async def stop_those_using(change: Change, domain_event: InstalledAppDeleted) -> None:
    """Stop whatever used an installed app that is gone."""
    app = await InstalledApp.get(id=domain_event.installed_app_id)
    way_out = (
        "Once a Team Admin has added it again, it goes on when the member whose authorization it uses has signed in there."
        if app.oauth_client_id is not None
        else "Re-authenticate this integration to go on: sign in anew, or use another installed app for the same account."
    )
    message = f"The installed app “{domain_event.name}” was deleted{await _by_whom(change)}. {way_out}"
    for integration in await living(change).filter(installed_app_id=domain_event.installed_app_id):
        await stop(change, integration, StatusReason.INSTALLED_APP_DELETED, message)


async def adopt(change: Change, domain_event: InstalledAppAdded) -> None:
    """Let a Git server that was added again have the integrations that its deletion stopped; their members have to sign in."""
    app = await InstalledApp.get(id=domain_event.installed_app_id)
    if app.oauth_client_id is not None:
        await members_own.adopt(change, app, oauth_client_id=app.oauth_client_id)


async def follow_installed_app(change: Change, domain_event: InstalledAppStatusChanged) -> None:
    """Stop what uses an installed app that no longer works; let it go on once the app works again."""
    if domain_event.status in WORKING:
        await bring_back(change, domain_event)
    elif domain_event.reason is not None:
        message = f"The installed app “{domain_event.name}” no longer works. {domain_event.message or ''}".rstrip()
        for integration in await living(change).filter(installed_app_id=domain_event.installed_app_id):
            await stop(change, integration, domain_event.reason, message)


async def bring_back(change: Change, domain_event: InstalledAppStatusChanged | InstalledAppReauthenticated) -> None:
    """Let everything that uses the installed app go on, now that it works again."""
    using = living(change).filter(installed_app_id=domain_event.installed_app_id, grant_id__isnull=True)
    # Those that use the very authorization that the app holds: nothing else can have stopped them.
    await restore_stopped(change, using.filter(authorized_by_id__isnull=True))
    await members_own.review(change, await using.filter(authorized_by_id__isnull=False))


async def bring_back_theirs(change: Change, domain_event: MemberSignedIn) -> None:
    """Let what uses the member's own authorization at a Git server go on with the fresh one."""
    theirs = await members_own.of_member(change, domain_event.oauth_client_id, domain_event.member_id)
    await members_own.review(change, theirs)


async def stop_those_with_grant(change: Change, domain_event: GrantTroubled | GrantEnded) -> None:
    """Stop whatever has the grant for its own. What may pass by itself stops nothing."""
    if domain_event.reason.is_passing:
        return
    for integration in await living(change).filter(grant_id=domain_event.grant_id):
        await stop(change, integration, domain_event.reason, domain_event.message)
    for integration in await members_own.of_grant(change, domain_event.grant_id):
        cause = await members_own.find_cause(integration)
        # What holds for everyone there (the app deleted, its client refused) is said already, and says more.
        if cause is not None and cause.reason is not integration.stopped_by:
            await stop(change, integration, domain_event.reason, domain_event.message)


async def restore_those_with_grant(change: Change, domain_event: GrantRecovered) -> None:
    """Let whatever has the grant for its own go on, now that it works again."""
    await restore_stopped(change, living(change).filter(grant_id=domain_event.grant_id))
    await members_own.review(change, await members_own.of_grant(change, domain_event.grant_id))


async def _by_whom(change: Change) -> str:
    actor = await Member.get_or_none(id=change.actor_id) if change.actor_id is not None else None
    return f" by {actor.name}" if actor is not None else ""
