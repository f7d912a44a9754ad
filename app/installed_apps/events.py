"""What can happen to an installed app."""

from dataclasses import dataclass
from uuid import UUID

from app.installed_apps.models import InstalledAppStatus
from app.log.domain_events import Logged
from app.log.event_types import EventType
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class InstalledAppAdded(Logged):
    type = EventType.INSTALLED_APP_ADDED
    summary = "The installed app “{name}” was added, connected to {connected_to}."
    status = InstalledAppStatus.ACTIVE

    installed_app_id: UUID
    name: str
    connected_to: str


@dataclass(frozen=True)
class InstalledAppEdited(Logged):
    type = EventType.INSTALLED_APP_EDITED
    summary = "The installed app “{name}” was edited."

    installed_app_id: UUID
    name: str


@dataclass(frozen=True)
class InstalledAppDeleted(Logged):
    type = EventType.INSTALLED_APP_DELETED
    summary = "The installed app “{name}” was deleted."

    installed_app_id: UUID
    name: str


@dataclass(frozen=True)
class InstalledAppReauthenticated(Logged):
    type = EventType.INSTALLED_APP_REAUTHENTICATED
    summary = "The installed app “{name}” was re-authenticated."
    status = InstalledAppStatus.ACTIVE

    installed_app_id: UUID
    name: str
    previous_status: InstalledAppStatus


@dataclass(frozen=True)
class InstalledAppStatusChanged(Logged):
    type = EventType.INSTALLED_APP_STATUS_CHANGED
    summary = "The installed app “{name}” is now {status}{because}."

    installed_app_id: UUID
    name: str
    status: InstalledAppStatus
    previous_status: InstalledAppStatus
    reason: StatusReason | None
    message: str | None
