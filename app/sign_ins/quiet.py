"""Until when a provider has asked to be left alone, where it asks so for one method: what else is called goes on meanwhile.

What it asks of posting stands in the grant's row, for all processes. What it asks of other methods is kept here, in this process
alone: a person waits for their answer, and another process that asks once more is told the same.
"""

from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from app.log.events import Events
from app.services import Services

_MOST = 10_000

Key = tuple[UUID, str]

# One for each running service, as flights are.
_QUIET: WeakKeyDictionary[Events, dict[Key, datetime]] = WeakKeyDictionary()


def keep_quiet(grant_id: UUID, method: str, *, seconds: float, services: Services) -> None:
    """Have the method not called for the grant for so long."""
    now = services.clock.now()
    quiet = _QUIET.setdefault(services.events, {})
    if len(quiet) >= _MOST:
        for key in [key for key, until in quiet.items() if until <= now] or list(quiet)[: _MOST // 2]:
            del quiet[key]
    quiet[grant_id, method] = now + timedelta(seconds=seconds)


def quiet_of(grant_id: UUID, method: str, *, services: Services) -> datetime | None:
    """Return until when the method is not to be called for the grant; None where nothing stands against it."""
    until = _QUIET.setdefault(services.events, {}).get((grant_id, method))
    return until if until is not None and services.clock.now() < until else None
