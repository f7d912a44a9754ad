"""Until when a provider has asked to be left alone, where it asks so for one method: what else is called goes on meanwhile.

What it asks of posting stands in the grant's row, for all processes. What it asks of other methods is kept here, in this process
alone: a person waits for their answer, and another process that asks once more is told the same.
"""

from collections.abc import Hashable
from datetime import datetime, timedelta

_MOST = 10_000


class QuietTimes:
    """The times until which something is not to be called, by a key for each."""

    def __init__(self) -> None:
        self._until: dict[Hashable, datetime] = {}

    def keep(self, key: Hashable, *, seconds: float, now: datetime) -> None:
        """Have it not called for so long."""
        if len(self._until) >= _MOST:
            for old in [key for key, until in self._until.items() if until <= now] or list(self._until)[: _MOST // 2]:
                del self._until[old]
        self._until[key] = now + timedelta(seconds=seconds)

    def find(self, key: Hashable, *, now: datetime) -> datetime | None:
        """Return until when it is not to be called; None where nothing stands against it."""
        until = self._until.get(key)
        return until if until is not None and now < until else None
