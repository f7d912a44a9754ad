"""An integration's status: changed by the row's own transitions, saved, and recorded where it is another.

Stopping and noting attempts stand here, below the kinds; what has its authorization again goes on in `restoring`.
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.queryset import QuerySet

from app.integrations.events import AccessEndSeen, IntegrationStatusChanged
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change
from app.providers.contract import Failure, Fault
from app.sign_ins import faults
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

_OLDEST_FIRST = ("created_at", "id")


@dataclass(frozen=True)
class StatusSnapshot:
    """The status of an integration and the reason for it, as listeners are told."""

    status: IntegrationStatus
    reason: StatusReason | None


def living(change: Change) -> QuerySet[Integration]:
    """Return the team's integrations, oldest first: the order in which things happen to them."""
    return Integration.filter(team_id=change.team_id, deleted_at__isnull=True).order_by(*_OLDEST_FIRST)


async def stop(change: Change, integration: Integration, reason: StatusReason, message: str) -> None:
    before = snapshot_of(integration)
    integration.stop(reason, message, now=change.now)
    await save_status(change, integration, before=before)


async def record_attempt(change: Change, integration: Integration, failure: Failure | None) -> None:
    """Take note of how the last attempt to post went: None, it succeeded. The row is read anew.

    A failure of the authorization is none of the integration's own: whoever made the call has told the grant. To be asked for
    patience is no failure.
    """
    await integration.refresh_from_db()
    if integration.is_deleted:
        return
    before = snapshot_of(integration)
    if failure is None:
        integration.succeed(now=change.now)
    elif _is_its_own(failure):
        integration.fail(faults.reason(failure), failure.message, now=change.now)
    await save_status(change, integration, before=before)


async def record_access_end(change: Change, integration: Integration, at: datetime | None) -> None:
    """Keep until when its member has access to what it is connected to, of a row that is as it is in the change."""
    if integration.is_deleted or integration.access_ends_at == at:
        return
    integration.access_ends_at = at
    await integration.save(update_fields=["access_ends_at"])
    await change.record(AccessEndSeen(integration.id))


def snapshot_of(integration: Integration) -> StatusSnapshot:
    return StatusSnapshot(integration.status, integration.reason)


async def save_status(change: Change, integration: Integration, *, before: StatusSnapshot) -> None:
    """Save the status of a row whose status was `before`, and record it if it is another now."""
    await integration.save(update_fields=list(STATUS_COLUMNS))
    await tell_status(change, integration, before=before)


async def tell_status(change: Change, integration: Integration, *, before: StatusSnapshot) -> None:
    """Record the status if it is another than `before`. The row is for the caller to save."""
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


def _is_its_own(failure: Failure) -> bool:
    """Whether it is the integration that fails, rather than its authorization; to be asked for patience is no failure."""
    reason = faults.reason(failure)
    return failure.fault is not Fault.BUSY and (reason.is_passing or reason is StatusReason.TARGET_UNAVAILABLE)
