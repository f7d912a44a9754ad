"""The events of monitors."""

from dataclasses import dataclass

from app.log.domain_events import Unlogged
from app.monitors.models import Monitor, MonitorRun


@dataclass(frozen=True)
class RunRecorded(Unlogged):
    """No event of the log: the deliveries that it makes are."""

    monitor: Monitor
    run: MonitorRun
