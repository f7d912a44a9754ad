"""Saying how an installed app is, when that has changed."""

from app.installed_apps.events import InstalledAppStatusChanged
from app.installed_apps.models import InstalledApp
from app.log.events import Change
from app.sign_ins.models import StatusReason


async def tell(change: Change, app: InstalledApp, reason: StatusReason | None, message: str | None) -> None:
    """Show what is wrong with what it holds, or with None that nothing is."""
    previous = app.set_trouble(reason, message)
    if previous is None:
        return
    await app.save(update_fields=["status", "status_reason", "status_message"])
    await change.record(InstalledAppStatusChanged(app.id, app.name, app.status, previous, app.status_reason, app.status_message))


async def record_trouble(change: Change, app: InstalledApp, reason: StatusReason, message: str) -> None:
    """The same; but what may pass by itself does not hide what needs a member's hand.

    It does take the place of a key that was missing: had the key not come back, nobody could have been asked.
    """
    stands = app.status_reason is not None and app.status_reason.needs_reauthentication
    if not (reason.is_passing and stands):
        await tell(change, app, reason, message)
