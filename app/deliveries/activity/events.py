"""What can happen to a delivery that tells of the log: all but its end goes without saying, or the log would tell of itself."""

from dataclasses import dataclass
from uuid import UUID

from app.deliveries.models import DeliveryStatus
from app.log.domain_events import Logged
from app.log.event_types import EventType


@dataclass(frozen=True)
class ActivityDeliveryFailed(Logged):
    type = EventType.ACTIVITY_DELIVERY_FAILED
    summary = "What “{integration_name}” tells of the team's log was given up."
    status = DeliveryStatus.FAILED

    delivery_id: UUID
    parent_id: UUID
    integration_name: str
    previous_status: DeliveryStatus
    message: str | None
