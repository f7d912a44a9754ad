"""The horizon of a log: the numbers up to which a team's old events were removed. Their numbers stay.

For each type of event the highest number that was removed is kept. So whoever listens has to start anew only where an event of a
type that they ask for was removed behind their cursor. Every other cursor goes on, however old it is.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from tortoise import fields
from tortoise.models import Model

from app.errors import CursorExpired
from app.log.events import Change, Event
from app.log.retention import Retention
from app.storage.statements import read_rows

KEPT_FOR = timedelta(days=400)


class Horizon(Model):
    """The highest number among the removed events of one type of a team's log."""

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    type = fields.CharField(max_length=64)
    sequence = fields.BigIntField()

    class Meta:
        table = "horizon"
        unique_together = (("team_id", "type"),)


async def horizons(team_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """Return up to where events were removed, by team and type; nothing for a team that has all of its events."""
    found: dict[UUID, dict[str, int]] = {}
    for row in await read_rows(Horizon, list(team_ids), by="team_id", conditions={}, columns=("team_id", "type", "sequence")):
        found.setdefault(row.team_id, {})[row.type] = row.sequence
    return found


def refuse_behind(horizon: Mapping[str, int], *, after: int, types: Collection[str] | None) -> None:
    """Raise CursorExpired where one of a team's `horizons` lies behind `after`, of one of the `types` (None: of any)."""
    if any(sequence > after and (types is None or kind in types) for kind, sequence in horizon.items()):
        raise CursorExpired(
            f"Events that this subscription asks for were removed behind its cursor: they are kept for {KEPT_FOR.days} days. "
            "Read the lists again and go on from a fresh `eventCursor`."
        )


async def mark(change: Change, event_ids: Sequence[UUID]) -> None:
    """Remember, of events that will be removed in this change of their team, up to where each type then was."""
    events = await Event.filter(id__in=list(event_ids)).only("id", "type", "sequence")
    reached = {row.type: row for row in await Horizon.filter(team_id=change.team_id)}
    for event in events:
        row = reached.setdefault(event.type, Horizon(id=uuid4(), team_id=change.team_id, type=event.type, sequence=0))
        row.sequence = max(row.sequence, event.sequence)
    for row in {reached[event.type] for event in events}:
        await row.save()


OLD_EVENTS = Retention(KEPT_FOR, ("occurred_at", "sequence"), lambda _: Event.all(), first=mark)
