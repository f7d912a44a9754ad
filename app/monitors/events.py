"""The events of monitors."""

from dataclasses import dataclass, field

from tortoise.models import Model

from app.log.domain_events import Unlogged
from app.monitors.models import Monitor, MonitorRun


@dataclass(frozen=True)
class RunRecorded(Unlogged):
    """No event of the log: the deliveries that it makes are. Whoever makes something of the run adds it to what is `made`."""

    monitor: Monitor
    run: MonitorRun
    made: list[Model] = field(default_factory=list)
