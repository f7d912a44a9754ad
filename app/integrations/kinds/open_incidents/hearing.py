"""What runs mean to an integration that opens incidents."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from app.integrations.kinds.contract import Heard
from app.integrations.kinds.open_incidents.counting import FAILURES_UNTIL_OPENED, Count, count
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.kinds.open_incidents.outages import come_back, go_down
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import Monitor, MonitorRun
from app.providers.contract import Occasion
from app.storage.written import Written


async def listeners(monitor: Monitor) -> Sequence[Integration]:
    return [settings.integration for settings in await _OF_MONITOR.ask(monitor.id)]


async def monitor_of(integration: Integration) -> Monitor:
    return (await IncidentSettings.get(integration_id=integration.id).select_related("monitor")).monitor


async def hear(change: Change, run: MonitorRun) -> Sequence[Heard]:
    """Let each integration of the monitor count the run, and have an incident opened or resolved where that follows."""
    return [Heard(each.integration, await _hear(change, run, each)) for each in await _OF_MONITOR.ask(run.monitor_id)]


def of_monitor(monitor_id: UUID) -> QuerySet[IncidentSettings]:
    """Return the settings of the living integrations that hear of the monitor's runs, the oldest first."""
    settings = IncidentSettings.filter(monitor_id=monitor_id, integration__deleted_at__isnull=True)
    return settings.select_related("integration").order_by("integration__created_at", "integration_id")


_OF_MONITOR = Written(of_monitor)


async def _hear(change: Change, run: MonitorRun, settings: IncidentSettings) -> Occasion | None:
    """Count the run. What is paused or stopped counts too, and says nothing: it has to say it once it goes on."""
    before = Count(settings.failures_in_a_row, settings.heard_until)
    counted = count(before, outcome=run.outcome, started_at=run.started_at, now=change.now)
    if counted is None:
        return None
    settings.failures_in_a_row, settings.heard_until = counted.failures_in_a_row, counted.heard_until
    await settings.save(update_fields=["failures_in_a_row", "heard_until"])
    integration = settings.integration
    if integration.is_stopped or integration.is_paused:
        return None
    if not counted.failures_in_a_row:
        return await come_back(change, integration)
    return await go_down(change, integration, run) if counted.failures_in_a_row >= FAILURES_UNTIL_OPENED else None
