"""What can happen to a delivery."""

from dataclasses import dataclass
from uuid import UUID

from app.deliveries.models import DeliveryStatus
from app.log.domain_events import LogEntry
from app.log.event_types import EventType

_TYPES = {
    DeliveryStatus.SKIPPED: EventType.DELIVERY_SKIPPED,
    DeliveryStatus.RETRYING: EventType.DELIVERY_RETRYING,
    DeliveryStatus.DELIVERED: EventType.DELIVERY_SUCCEEDED,
    DeliveryStatus.FAILED: EventType.DELIVERY_FAILED,
}
_WORDS = {
    DeliveryStatus.PENDING: "is waiting to be posted",
    DeliveryStatus.SKIPPED: "was kept quiet",
    DeliveryStatus.RETRYING: "will be tried again",
    DeliveryStatus.DELIVERED: "was posted",
    DeliveryStatus.FAILED: "was given up",
}


@dataclass(frozen=True)
class DeliveryCreated:
    delivery_id: UUID
    integration_id: UUID
    integration_name: str
    status: DeliveryStatus

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.DELIVERY_CREATED,
            subject_id=self.delivery_id,
            parent_id=self.integration_id,
            summary=f"A run's result for “{self.integration_name}” {_WORDS[self.status]}.",
            status=self.status,
        )


@dataclass(frozen=True)
class DeliveryChanged:
    """`status` is not PENDING: a delivery is that only once, when it is created."""

    delivery_id: UUID
    integration_id: UUID
    integration_name: str
    status: DeliveryStatus
    previous: DeliveryStatus
    message: str | None = None

    def entry(self) -> LogEntry:
        return LogEntry(
            type=_TYPES[self.status],
            subject_id=self.delivery_id,
            parent_id=self.integration_id,
            summary=f"A run's result for “{self.integration_name}” {_WORDS[self.status]}.",
            status=self.status,
            previous_status=self.previous,
            message=self.message,
        )
