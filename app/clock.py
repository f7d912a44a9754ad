"""The one source of time, so that whoever needs to know it can be handed another."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

APART = timedelta(minutes=1)
"""How far the clocks of two machines may differ.

What was set to lie ahead, and lies further ahead than it can by more than this, was set by a clock that has been set back since.
"""


class Clock(Protocol):
    """Tells the time: UTC, in whole milliseconds, which is what the API shows and both databases keep."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's time, cut (not rounded, which could lie in the future) to milliseconds."""
        present = datetime.now(UTC)
        return present.replace(microsecond=present.microsecond // 1000 * 1000)
