"""The events of monitors."""

from dataclasses import dataclass

from app.monitors.models import Monitor, MonitorRun


@dataclass(frozen=True)
class RunRecorded:
    """No event of the log: the deliveries that it makes are."""

    monitor: Monitor
    run: MonitorRun

    def entry(self) -> None:
        return None
