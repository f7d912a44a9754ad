"""What can happen to an installed app."""

from dataclasses import dataclass
from uuid import UUID

from app.installed_apps.models import InstalledAppStatus
from app.log.event_types import EventType
from app.log.events import LogEntry
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class InstalledAppAdded:
    installed_app_id: UUID
    name: str
    connected_to: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INSTALLED_APP_ADDED,
            subject_id=self.installed_app_id,
            summary=f"The installed app “{self.name}” was added, connected to {self.connected_to}.",
            status=InstalledAppStatus.ACTIVE,
        )


@dataclass(frozen=True)
class InstalledAppEdited:
    installed_app_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INSTALLED_APP_EDITED,
            subject_id=self.installed_app_id,
            summary=f"The installed app “{self.name}” was edited.",
        )


@dataclass(frozen=True)
class InstalledAppDeleted:
    installed_app_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INSTALLED_APP_DELETED,
            subject_id=self.installed_app_id,
            summary=f"The installed app “{self.name}” was deleted.",
        )


@dataclass(frozen=True)
class InstalledAppReauthenticated:
    installed_app_id: UUID
    name: str
    previous: InstalledAppStatus

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INSTALLED_APP_REAUTHENTICATED,
            subject_id=self.installed_app_id,
            summary=f"The installed app “{self.name}” was re-authenticated.",
            status=InstalledAppStatus.ACTIVE,
            previous_status=self.previous,
        )


@dataclass(frozen=True)
class InstalledAppStatusChanged:
    installed_app_id: UUID
    name: str
    status: InstalledAppStatus
    previous: InstalledAppStatus
    reason: StatusReason | None
    message: str | None

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INSTALLED_APP_STATUS_CHANGED,
            subject_id=self.installed_app_id,
            summary=f"The installed app “{self.name}” is now {self.status}" + (f" ({self.reason})." if self.reason else "."),
            status=self.status,
            previous_status=self.previous,
            reason=self.reason,
            message=self.message,
        )
