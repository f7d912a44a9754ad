"""A clock that a test holds in its hands."""

from datetime import UTC, datetime, timedelta


class HeldClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


class HeldSeconds:
    """A monotonic clock that says `now`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
