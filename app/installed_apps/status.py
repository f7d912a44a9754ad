"""An installed app's status: taken over from what it holds, saved, and recorded where it is another."""

from app.installed_apps.events import InstalledAppStatusChanged
from app.installed_apps.models import InstalledApp
from app.log.events import Change
from app.sign_ins.models import StatusReason


async def record_trouble(change: Change, app: InstalledApp, reason: StatusReason, message: str) -> None:
    """Show what is wrong with what it holds; but what may pass by itself does not hide what needs a member's hand.

    It does take the place of a key that was missing: had the key not come back, nobody could have been asked.
    """
    stands = app.status_reason is not None and app.status_reason.needs_reauthentication
    if not (reason.is_passing and stands):
        await _record(change, app, reason, message)


async def record_recovery(change: Change, app: InstalledApp) -> None:
    """Show that nothing is wrong with what it holds."""
    await _record(change, app, None, None)


async def _record(change: Change, app: InstalledApp, reason: StatusReason | None, message: str | None) -> None:
    previous = app.set_trouble(reason, message)
    if previous is None:
        return
    await app.save(update_fields=["status", "status_reason", "status_message"])
    await change.record(InstalledAppStatusChanged(app.id, app.name, app.status, previous, app.status_reason, app.status_message))
