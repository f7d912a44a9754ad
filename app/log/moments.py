"""Where in a team's log a moment lies. Its numbers are in the order of time, so it is halved, and needs no index of moments."""

from datetime import datetime
from uuid import UUID

from app.log.counters import head
from app.log.events import Event


async def first_since(team_id: UUID, moment: datetime) -> int:
    """Return a number: with it and behind it stands what happened at that moment or later, and before it what happened earlier.

    Where the clocks of several processes differ, an event may stand on the other side by as much as they do.
    """
    behind, end = 0, await head(team_id) + 1
    while end - behind > 1:
        middle = (behind + end) // 2
        found = await Event.filter(team_id=team_id, sequence__gte=middle).order_by("sequence").limit(1)
        if found and found[0].occurred_at < moment:
            behind = found[0].sequence
        else:
            end = middle
    return end
