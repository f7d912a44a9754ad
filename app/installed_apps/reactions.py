"""What becomes of an installed app when the grant that it holds does."""

from app.events import Change
from app.installed_apps.events import InstalledAppStatusChanged
from app.installed_apps.models import InstalledApp
from app.sign_ins.events import GrantEnded, GrantRecovered, GrantTroubled
from app.sign_ins.models import StatusReason


async def mark(change: Change, happening: GrantTroubled | GrantEnded | GrantRecovered) -> None:
    """Show how the grant is as the status of the installed app that holds it."""
    for app in await InstalledApp.filter(team_id=change.team_id, grant_id=happening.grant_id, deleted_at__isnull=True):
        match happening:
            case GrantRecovered():
                await _tell(change, app, None, None)
            case GrantTroubled(reason=reason, message=message) | GrantEnded(reason=reason, message=message):
                await _trouble(change, app, reason, message)


async def _trouble(change: Change, app: InstalledApp, reason: StatusReason, message: str) -> None:
    # What may pass by itself does not hide what needs a member's hand.
    if not (reason.is_passing and app.status_reason is not None and app.status_reason.needs_reauthentication):
        await _tell(change, app, reason, message)


async def _tell(change: Change, app: InstalledApp, reason: StatusReason | None, message: str | None) -> None:
    previous = app.set_trouble(reason, message)
    if previous is None:
        return
    await app.save(update_fields=["status", "status_reason", "status_message"])
    await change.record(InstalledAppStatusChanged(app.id, app.name, app.status, previous, app.status_reason, app.status_message))
