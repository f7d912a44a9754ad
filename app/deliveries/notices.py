"""What whoever reports a run is told where nothing comes of it: that it is recorded must not look like success."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from app.deliveries.loaders import MOST_MADE
from app.deliveries.models import Delivery
from app.integrations.kinds.listening import listeners_of
from app.monitors.actions import Recorded
from app.monitors.models import RunOutcome

_log = structlog.get_logger("deliveries")


@dataclass(frozen=True)
class _Listeners:
    """The integrations that post a monitor's runs, and how many of them do not."""

    count: int
    stopped: int
    paused: int

    @property
    def quiet(self) -> int:
        return self.stopped + self.paused


async def notice_of(recorded: Recorded, *, made: Sequence[Delivery]) -> str | None:
    """Say why the run is not posted, or not by all that listen to its monitor, and log it; None where all is well.

    `made` are its deliveries, which were just made or read.

    A notify rule that keeps quiet is all well. No integration is named: a token that reports runs need not be one that reads.
    """
    listeners = _known(recorded, made) or await _listeners_of(recorded)
    notices = _notices(recorded, listeners)
    if notices:
        _log.warning(
            "a run may not be posted",
            run=str(recorded.run.id),
            monitor=str(recorded.monitor.id),
            is_new=recorded.is_new,
            integrations=listeners.count,
            stopped=listeners.stopped,
            paused=listeners.paused,
        )
    return " ".join(notices) or None


def _known(recorded: Recorded, made: Sequence[Delivery]) -> _Listeners | None:
    """Return what the deliveries alone tell: where each of them goes out, all that listen do. None where that is not so."""
    goes_out = recorded.is_new and 0 < len(made) < MOST_MADE and all(each.is_waiting for each in made)
    return _Listeners(len(made), stopped=0, paused=0) if goes_out else None


async def _listeners_of(recorded: Recorded) -> _Listeners:
    integrations = [each.integration for each in await listeners_of(recorded.monitor.id)]
    stopped = sum(integration.is_stopped for integration in integrations)
    paused = sum(integration.is_paused and not integration.is_stopped for integration in integrations)
    return _Listeners(len(integrations), stopped, paused)


def _notices(recorded: Recorded, listeners: _Listeners) -> list[str]:
    if not recorded.is_new:
        moment = f"{recorded.run.recorded_at:%Y-%m-%d %H:%M:%S} UTC"
        return [f"This run was recorded before, at {moment}: nothing is posted anew. A run with a runId of its own is posted."]
    nothing_ran = "Nothing ran: the run made no request and ran no test."
    return [*([nothing_ran] if recorded.run.outcome is RunOutcome.NOTHING_RAN else []), *_about(listeners, recorded.monitor.key)]


def _about(listeners: _Listeners, key: str) -> list[str]:
    if not listeners.count:
        return [f"Nothing is posted: no integration listens to the monitor “{key}”. Add one for it, or report under its key."]
    if not listeners.quiet:
        return []
    which = [
        f"{listeners.stopped} stopped (re-authenticate)" if listeners.stopped else "",
        f"{listeners.paused} paused (resume)" if listeners.paused else "",
    ]
    what = "Nothing is posted" if listeners.quiet == listeners.count else "Not all of it is posted"
    of_all = f"of the monitor's {listeners.count} integrations" if listeners.count > 1 else "of the monitor's one integration"
    return [f"{what}: {of_all}, {' and '.join(filter(None, which))}."]
