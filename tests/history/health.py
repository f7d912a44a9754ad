"""Laws of what may come of trouble that passes."""

from collections.abc import Iterator

from tests.history.findings import Finding
from tests.history.kept import Kept
from tests.history.records import History

_STOPPED = frozenset({"NEEDS_REAUTHENTICATION", "UNAVAILABLE"})


def no_server_ends_by_itself(history: History, _: Kept) -> Iterator[Finding]:
    """Whatever it stands on may go away: a server that runs goes on."""
    for fault in history.faults:
        if fault.name == "ended by itself":
            yield Finding("ended", f"{fault.target} ended by itself before {fault.begun:.1f}")


def what_passes_stops_nothing(_: History, kept: Kept) -> Iterator[Finding]:
    """Nobody revoked anything and no key was lost: so nobody is asked to sign in again."""
    for event in kept.events:
        if event.status in _STOPPED:
            yield Finding("stopped", f"{event.team}: {event.sequence} says {event.summary}")
