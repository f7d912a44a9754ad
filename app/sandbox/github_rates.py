"""GitHub's count of requests: so many an hour for each person."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clock import Clock

LIMIT = 15_000
_WINDOW = timedelta(hours=1)


@dataclass
class _Window:
    ends_at: datetime
    used: int = 0


@dataclass
class Rates:
    clock: Clock
    windows: dict[str, _Window] = field(default_factory=dict)

    def count(self, login: str) -> bool:
        """Count a request, and tell whether it was still within the limit."""
        window = self._window(login)
        window.used = min(window.used + 1, LIMIT + 1)
        return window.used <= LIMIT

    def headers(self, login: str) -> dict[str, str]:
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in self.show(login).items()}

    def show(self, login: str) -> dict[str, object]:
        window = self._window(login)
        used = min(window.used, LIMIT)
        return {
            "limit": LIMIT,
            "remaining": LIMIT - used,
            "reset": int(window.ends_at.timestamp()),
            "used": used,
            "resource": "core",
        }

    def _window(self, login: str) -> _Window:
        now = self.clock.now()
        window = self.windows.get(login)
        if window is None or now >= window.ends_at:
            window = self.windows[login] = _Window(now + _WINDOW)
        return window
