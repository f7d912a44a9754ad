"""What a member is told of their connection through an installed app, so that no client has to word it."""

from dataclasses import dataclass

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.installed_apps.permissions import WORKING, may_use_without_signing_in
from app.sign_ins.models import Grant


@dataclass(frozen=True)
class ConnectedBy:
    """By whom an app connects: the name of who set it up (`installed_by`), and the member's own grant at a Git server (`own`)."""

    installed_by: str | None = None
    own: Grant | None = None


def message_of(app: InstalledApp, connected_by: ConnectedBy, *, viewer: Caller) -> str:
    """Return what the app connects the viewer to and by whom; or why it does not, and what to do."""
    if app.status not in WORKING:
        return app.status_message or f"“{app.name}” does not work at present. Ask a Team Admin."
    own = connected_by.own
    if app.oauth_client_id is None:
        by_whom = f" as set up by {connected_by.installed_by}" if connected_by.installed_by is not None else ""
        connected = f"Connected to {app.connected_to}{by_whom}"
        return f"{connected}." if viewer.can_write else f"{connected}. Your role, VIEWER, only reads: you cannot put it to use."
    if may_use_without_signing_in(viewer, app, own=own):
        return f"Connected to {app.connected_to} as {own.account_name}." if own else f"Connected to {app.connected_to}."
    if not viewer.can_write:
        return f"Members sign in at {app.connected_to} themselves. Your role, VIEWER, only reads: you cannot sign in there."
    if own is not None and own.trouble_message:
        return f"You are no longer connected to {app.connected_to}. {own.trouble_message}"
    return f"You are not connected to {app.connected_to} yet: sign in there once, as yourself."
