"""Rows that every request asks for, kept for a second, and no longer than until this process hears of news in their team's log.

What a process changes itself it hears of at the commit, before anybody is answered; of what others change it is woken. A wake-up
may be lost: then the second is how long something may still be taken for true that no longer is.
"""

import time
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT_SECONDS = 1.0
_MOST = 2_000


class Begun(NamedTuple):
    """When a reading began: in seconds, and after how much news."""

    at: float
    news: int


class _Kept(NamedTuple, Generic[V]):
    value: V
    at: float


class KeptRows(Generic[K, V]):
    """What was read by key, of teams whose logs are followed. `now` is a monotonic clock, in seconds."""

    def __init__(self, *, seconds: float = KEPT_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._news = 0
        self._kept: dict[K, _Kept[V]] = {}
        self._of_teams: dict[UUID, set[K]] = {}

    def find(self, key: K) -> V | None:
        """Return what was read a moment ago; None where it is to be read."""
        kept = self._kept.get(key)
        return kept.value if kept is not None and self._now() - kept.at < self._seconds else None

    def begin(self) -> Begun:
        """Begin to read, before the database is asked."""
        return Begun(self._now(), self._news)

    def keep(self, key: K, value: V, *, team_id: UUID, begun: Begun) -> None:
        """Keep what was read since, unless there was news meanwhile: it may have been read before that was written."""
        if begun.news != self._news:
            return
        if len(self._kept) >= _MOST:
            self.forget(None)
        self._kept[key] = _Kept(value, begun.at)
        self._of_teams.setdefault(team_id, set()).add(key)

    def forget(self, team_id: UUID | None) -> None:
        """Forget what is of the team, which has news; None: what is of any."""
        self._news += 1
        if team_id is None:
            self._kept.clear()
            self._of_teams.clear()
            return
        for key in self._of_teams.pop(team_id, ()):
            self._kept.pop(key, None)
