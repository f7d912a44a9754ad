"""What can happen to an integration."""

from dataclasses import dataclass
from uuid import UUID

from app.integrations.models import IntegrationStatus
from app.log.event_types import EventType
from app.log.events import LogEntry
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class IntegrationAdded:
    integration_id: UUID
    name: str
    connected_to: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INTEGRATION_ADDED,
            subject_id=self.integration_id,
            summary=f"The integration “{self.name}” was added, connected to {self.connected_to}.",
            status=IntegrationStatus.ACTIVE,
        )


@dataclass(frozen=True)
class IntegrationEdited:
    integration_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INTEGRATION_EDITED,
            subject_id=self.integration_id,
            summary=f"The integration “{self.name}” was edited.",
        )


@dataclass(frozen=True)
class IntegrationDeleted:
    integration_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INTEGRATION_DELETED,
            subject_id=self.integration_id,
            summary=f"The integration “{self.name}” was deleted.",
        )


@dataclass(frozen=True)
class IntegrationReauthenticated:
    integration_id: UUID
    name: str
    connected_to: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INTEGRATION_REAUTHENTICATED,
            subject_id=self.integration_id,
            summary=f"The integration “{self.name}” was re-authenticated, connected to {self.connected_to}.",
        )


@dataclass(frozen=True)
class IntegrationStatusChanged:
    integration_id: UUID
    name: str
    status: IntegrationStatus
    previous: IntegrationStatus
    reason: StatusReason | None
    message: str | None

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.INTEGRATION_STATUS_CHANGED,
            subject_id=self.integration_id,
            summary=f"The integration “{self.name}” is now {self.status}" + (f" ({self.reason})." if self.reason else "."),
            status=self.status,
            previous_status=self.previous,
            reason=self.reason,
            message=self.message,
        )
