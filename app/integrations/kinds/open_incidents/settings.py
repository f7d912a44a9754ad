"""Settings of the kind "Open incidents": a monitor, and how bad it is when that fails."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

from app.access.callers import Caller
from app.integrations.kinds.contract import Ready, ReadyEdit
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.models import Integration
from app.integrations.sources import Using
from app.log.events import Change
from app.log.quotas import INTEGRATIONS_OF_MONITOR, require_room
from app.monitors.actions import find_or_make
from app.monitors.reported import check_name as check_key
from app.outbound.budget import Budget
from app.providers.incidents import Severity
from app.services import Services
from app.sign_ins.models import Grant

KEY = "open-incidents"

INCIDENTS_FIELD = ("settings", "openIncidents")
MONITOR_FIELD = (*INCIDENTS_FIELD, "monitorKey")
SEVERITY_FIELD = (*INCIDENTS_FIELD, "severity")


@dataclass(frozen=True)
class OpenIncidentsSettings:
    """`monitor_key` is the caller's own name for the monitor, made where it is new."""

    kind: ClassVar[str] = KEY

    monitor_key: str
    severity: Severity


@dataclass(frozen=True)
class OpenIncidentsEdit:
    """An edit; None leaves the severity as it is. The monitor stays: what is open is resolved by its runs alone."""

    kind: ClassVar[str] = KEY

    severity: Severity | None = None


async def prepare(settings: OpenIncidentsSettings, *, grant: Grant, services: Services, budget: Budget) -> Ready:
    """Check the monitor's key. Nothing is asked: an account has one place for incidents.

    Raises INVALID, and CONFLICT for a monitor too many, or one that too many open incidents for already.
    """
    del services, budget
    check_key(settings.monitor_key, field=MONITOR_FIELD)

    async def save(change: Change, integration: Integration) -> None:
        monitor = await find_or_make(change, key=settings.monitor_key, field=MONITOR_FIELD)
        living = IncidentSettings.filter(monitor_id=monitor.id, integration__deleted_at__isnull=True)
        await require_room(INTEGRATIONS_OF_MONITOR, living, quotas=change.quotas, field=MONITOR_FIELD)
        await IncidentSettings.create(
            id=uuid4(), integration_id=integration.id, monitor_id=monitor.id, severity=settings.severity
        )

    return Ready(grant.account_id, save)


async def prepare_edit(
    found: Integration,
    edit: OpenIncidentsEdit | None,
    *,
    using: Using | None,
    caller: Caller,
    services: Services,
    budget: Budget,
) -> ReadyEdit:
    """Leave the account open: it stays, since what is open there can be resolved there alone."""
    del found, using, caller, services, budget
    severity = edit.severity if edit is not None else None

    async def save(change: Change, integration: Integration) -> bool:
        del change
        mine = IncidentSettings.filter(integration_id=integration.id)
        if severity is None or not await mine.exclude(severity=severity).exists():
            return False
        await mine.update(severity=severity)
        return True

    return ReadyEdit(None, is_confirmed=False, save=save)
