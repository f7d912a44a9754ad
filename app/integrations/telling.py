"""Saving what transitions made of an integration, and saying so where its status or the reason for it changed."""

from dataclasses import dataclass

from app.integrations.events import IntegrationStatusChanged
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change
from app.sign_ins.models import StatusReason

STATUS_COLUMNS = (
    "status",
    "status_changed_at",
    "stopped_by",
    "stopped_message",
    "is_paused",
    "failing_by",
    "failing_message",
)


@dataclass(frozen=True)
class StatusSnapshot:
    """What listeners are told of: an integration's status, and the reason for it."""

    status: IntegrationStatus
    reason: StatusReason | None


def snapshot_of(integration: Integration) -> StatusSnapshot:
    return StatusSnapshot(integration.status, integration.reason)


async def save_status(change: Change, integration: Integration, *, before: StatusSnapshot) -> None:
    """Save the status of a row that was in the standing `before`, and record it if it is another now."""
    await integration.save(update_fields=list(STATUS_COLUMNS))
    await tell_status(change, integration, before=before)


async def tell_status(change: Change, integration: Integration, *, before: StatusSnapshot) -> None:
    """The same, for a row that is saved already."""
    if snapshot_of(integration) == before:
        return
    await change.record(
        IntegrationStatusChanged(
            integration.id,
            integration.name,
            integration.status,
            before.status,
            integration.reason,
            integration.message,
        )
    )
