"""What runs mean to an integration that opens incidents."""

from app.integrations.kinds.contract import Heard, Listener
from app.integrations.kinds.open_incidents.counting import FAILURES_UNTIL_OPENED, Count, count
from app.integrations.kinds.open_incidents.models import IncidentSettings
from app.integrations.kinds.open_incidents.outages import come_back, go_down
from app.integrations.models import Integration
from app.log.events import Change
from app.monitors.models import Monitor, MonitorRun
from app.providers.contract import Occasion


async def monitor_of(integration: Integration) -> Monitor:
    return (await IncidentSettings.get(integration_id=integration.id).select_related("monitor")).monitor


async def hear(change: Change, run: MonitorRun, listener: Listener[IncidentSettings]) -> Heard:
    """Let the integration count the run, and have an incident opened or resolved where that follows."""
    return Heard(listener.integration, await _hear(change, run, listener.integration, listener.settings))


async def _hear(change: Change, run: MonitorRun, integration: Integration, settings: IncidentSettings) -> Occasion | None:
    """Count the run. What is paused or stopped counts too, and says nothing: it has to say it once it goes on."""
    before = Count(settings.failures_in_a_row, settings.heard_until)
    counted = count(before, outcome=run.outcome, started_at=run.started_at, now=change.now)
    if counted is None:
        return None
    settings.failures_in_a_row, settings.heard_until = counted.failures_in_a_row, counted.heard_until
    change.save(settings, ("failures_in_a_row", "heard_until"))
    if integration.is_stopped or integration.is_paused:
        return None
    if not counted.failures_in_a_row:
        return await come_back(change, integration)
    return await go_down(change, integration, run) if counted.failures_in_a_row >= FAILURES_UNTIL_OPENED else None
