"""Jobs that remove old events. Each does one bounded round."""

from collections.abc import Sequence
from uuid import UUID

from app.log import retention_mark as horizon
from app.log.events import Change, Event
from app.log.retention import BATCH_SIZE, remove_of_teams
from app.services import Services


async def remove_old(*, services: Services) -> int:
    """Remove some of the events that are 400 days old, the oldest first, and return how many."""
    old = Event.filter(occurred_at__lte=services.clock.now() - horizon.KEPT_FOR).order_by("occurred_at", "sequence")
    found = await old.limit(BATCH_SIZE).values_list("team_id", "id")
    return await remove_of_teams(found, _remove, events=services.events)


async def _remove(change: Change, ids: Sequence[UUID]) -> int:
    events = await Event.filter(id__in=list(ids)).only("id", "type", "sequence")
    await horizon.remove(change, events)
    return len(events)
