"""Reading the log for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.deliveries.activity.models import ActivityDelivery
from app.graphql.context import Context
from app.graphql.rows import find_rows, of_team, rows_by
from app.log.counters import Counter
from app.log.events import Event

events = rows_by(Event)


async def told_by(keys: Sequence[UUID], *, context: Context) -> list[Sequence[Event]]:
    """Return what each delivery tells of the log, in its order, without what retention has removed."""
    deliveries = await find_rows(ActivityDelivery, keys, context=context)
    numbers = sorted({number for row in deliveries if row is not None for number in row.numbers})
    rows = {row.sequence: row for row in await of_team(Event, context).filter(sequence__in=numbers)} if numbers else {}
    return [[rows[number] for number in row.numbers if number in rows] if row is not None else [] for row in deliveries]


async def lengths_of_logs(keys: Sequence[UUID], *, context: Context) -> list[int]:
    """Return how many events each team's log has had; of another team's nothing is said."""
    counters = await find_rows(Counter, keys, context=context, by="team_id")
    return [counter.sequence if counter is not None else 0 for counter in counters]
