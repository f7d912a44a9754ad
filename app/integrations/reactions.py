"""What becomes of integrations when the authorization that they use does."""

from tortoise.queryset import QuerySet

from app.events import Change
from app.installed_apps.events import InstalledAppDeleted, InstalledAppReauthenticated, InstalledAppStatusChanged
from app.installed_apps.permissions import WORKING
from app.integrations.models import Integration
from app.integrations.telling import save_status, standing_of
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled
from app.sign_ins.models import StatusReason
from app.teams.models import Member

_OLDEST_FIRST = ("created_at", "id")


async def stop_those_using(change: Change, happening: InstalledAppDeleted) -> None:
    """Stop whatever used an installed app that is gone."""
    message = (
        f"The installed app “{happening.name}” was deleted{await _by_whom(change)}. "
        "Re-authenticate this integration to go on: sign in anew, or use another installed app for the same account."
    )
    for integration in await _living(change).filter(installed_app_id=happening.installed_app_id):
        await _stop(change, integration, StatusReason.INSTALLED_APP_DELETED, message)


async def follow_installed_app(change: Change, happening: InstalledAppStatusChanged) -> None:
    """Stop what uses an installed app that no longer works; let it go on once the app works again."""
    if happening.status in WORKING:
        await _bring_back(change, _holding_through(change, happening))
    elif happening.reason is not None:
        message = f"The installed app “{happening.name}” no longer works. {happening.message or ''}".rstrip()
        for integration in await _living(change).filter(installed_app_id=happening.installed_app_id):
            await _stop(change, integration, happening.reason, message)


async def bring_back(change: Change, happening: InstalledAppReauthenticated) -> None:
    """Let everything that uses the installed app go on with its fresh authorization."""
    await _bring_back(change, _holding_through(change, happening))


async def stop_those_with_grant(change: Change, happening: GrantTroubled | GrantEnded) -> None:
    """Stop whatever has the grant for its own. What may pass by itself stops nothing."""
    if happening.reason.is_passing:
        return
    for integration in await _living(change).filter(grant_id=happening.grant_id):
        await _stop(change, integration, happening.reason, happening.message)


async def restore_those_with_grant(change: Change, happening: GrantRecovered) -> None:
    """Let whatever has the grant for its own go on, now that it works again."""
    await _bring_back(change, _living(change).filter(grant_id=happening.grant_id))


def _living(change: Change) -> QuerySet[Integration]:
    return Integration.filter(team_id=change.team_id, deleted_at__isnull=True).order_by(*_OLDEST_FIRST)


def _holding_through(change: Change, happening: InstalledAppStatusChanged | InstalledAppReauthenticated) -> QuerySet[Integration]:
    """Those that use the very authorization that the installed app holds: nothing else can have stopped them."""
    return _living(change).filter(installed_app_id=happening.installed_app_id, grant_id__isnull=True)


async def _stop(change: Change, integration: Integration, reason: StatusReason, message: str) -> None:
    before = standing_of(integration)
    integration.stop(reason, message, now=change.now)
    await save_status(change, integration, before=before)


async def _bring_back(change: Change, integrations: QuerySet[Integration]) -> None:
    for integration in await integrations.filter(stopped_by__isnull=False):
        before = standing_of(integration)
        integration.restore(now=change.now)
        await save_status(change, integration, before=before)


async def _by_whom(change: Change) -> str:
    actor = await Member.get_or_none(id=change.actor_id) if change.actor_id is not None else None
    return f" by {actor.name}" if actor is not None else ""
