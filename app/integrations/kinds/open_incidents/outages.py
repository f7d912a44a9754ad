"""Which run opens an incident, and which resolves it: one incident for one outage, told until the provider has said so."""

from datetime import timedelta
from uuid import uuid4

from app.integrations.kinds.open_incidents.models import Incident
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import MonitorRun
from app.monitors.retention import KEPT_FOR
from app.providers.contract import Occasion

_PATIENCE = timedelta(minutes=15)
"""A delivery that has not got there in this time waits for an hour, and then for longer: another one begins anew."""


async def go_down(change: Change, integration: Integration, run: MonitorRun) -> Occasion | None:
    """Return THIRD_FAILURE where the run, one of at least three failures in a row, is to open the incident of its outage.

    That is the first run of the outage that the integration may tell of, and a later one where the provider does not know yet.
    """
    incident = await Incident.filter(integration_id=integration.id, is_over=False).first()
    if incident is None:
        await _forget_old(change, integration)
        await Incident.create(id=uuid4(), integration_id=integration.id, position=run.position, asked_at=change.now)
        return Occasion.THIRD_FAILURE
    if incident.is_opened or _is_on_its_way(incident, integration, change):
        return None
    await _ask_again(incident, change)
    return Occasion.THIRD_FAILURE


async def come_back(change: Change, integration: Integration) -> Occasion | None:
    """Return RECOVERY where the success is to resolve what is open: of the outage that it ends, or of one that was not told."""
    is_due = False
    for incident in await Incident.filter(integration_id=integration.id, is_resolved=False):
        if not incident.is_over or not _is_on_its_way(incident, integration, change):
            incident.is_over = True
            await _ask_again(incident, change)
            is_due = True
    return Occasion.RECOVERY if is_due else None


def _is_on_its_way(incident: Incident, integration: Integration, change: Change) -> bool:
    """Whether a delivery still waits that will be tried soon. Being paused, or stopped, drops all that wait.

    In doubt another is made: what is told twice is one incident all the same.
    """
    was_held_back = integration.status_changed_at > incident.asked_at
    return not was_held_back and incident.asked_at > change.now - _PATIENCE


async def _ask_again(incident: Incident, change: Change) -> None:
    incident.asked_at = change.now
    await incident.save(update_fields=["asked_at", "is_over"])


async def _forget_old(change: Change, integration: Integration) -> None:
    """Remove those whose runs are gone: no delivery is left that could be about them."""
    old = Incident.filter(integration_id=integration.id, is_resolved=True, asked_at__lt=change.now - KEPT_FOR)
    await old.delete()
