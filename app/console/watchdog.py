"""The look at a server process from outside, and the verdict whether to end it.

One that is merely busy is let be for a minute: what it is busy with is in flight. One that stands still as a whole, and wants no
processor either (halted, or in a deadlock), will not come back by itself.
"""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_STATE, _USER, _SYSTEM = 0, 11, 12
"""Where they stand in /proc/PID/stat behind the program's name."""

_WAITING = frozenset("STt")
_HARDLY = 0.1
"""The part of the time: a process that used less of a processor was not at work, also where many want it."""


@dataclass(frozen=True)
class Patience:
    """In seconds: until a process serves, unless it is at work; for one that is halted, or does not turn; between two looks."""

    start: float = 60.0
    halted: float = 10.0
    stuck: float = 60.0
    look_every: float = 1.0


class Stall(StrEnum):
    """Why a server process is replaced."""

    HALTED = "halted"
    BUSY = "busy"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Responsiveness:
    """For how many seconds it has not answered, and its loop not turned; what it used of a processor since (None: unknown)."""

    silent: float
    still: float
    cpu_silent: float | None = None
    cpu_still: float | None = None
    is_waiting: bool | None = None
    """Whether it wants no processor at this moment."""


def find_stall(responsiveness: Responsiveness, *, patience: Patience) -> Stall | None:
    """Return why the process has to be replaced; None while it may go on."""
    if responsiveness.silent > patience.halted and _idles(responsiveness, responsiveness.cpu_silent, responsiveness.silent):
        return Stall.HALTED
    if responsiveness.still <= patience.stuck:
        return None
    return Stall.BLOCKED if _idles(responsiveness, responsiveness.cpu_still, responsiveness.still) else Stall.BUSY


def _idles(responsiveness: Responsiveness, cpu: float | None, seconds: float) -> bool:
    return responsiveness.is_waiting is True and cpu is not None and cpu < _HARDLY * seconds


def processor_seconds(pid: int) -> float | None:
    """Return how many seconds of a processor the process has used; None where the system does not say, as on macOS."""
    fields = _read(Path(f"/proc/{pid}/stat"))
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK") if fields else None


def wants_nothing(pid: int) -> bool | None:
    """Whether the process' main thread would not run if it could: it sleeps, or is halted; None where the system does not say."""
    fields = _read(Path(f"/proc/{pid}/stat"))
    return fields[_STATE] in _WAITING if fields else None


def _read(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []
