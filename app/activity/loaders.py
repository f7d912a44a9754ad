"""Reading the log for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import find_rows, rows_by
from app.log.events import Counter, Event

events = rows_by(Event)


async def by_number(keys: Sequence[int], *, context: Context) -> list[Event | None]:
    """Return the team's events by their numbers."""
    return await find_rows(Event, keys, context=context, by="sequence")


async def lengths_of_logs(keys: Sequence[UUID], *, context: Context) -> list[int]:
    """Return how many events each team's log has had; of another team's nothing is said."""
    counters = await find_rows(Counter, keys, context=context, by="team_id")
    return [counter.sequence if counter is not None else 0 for counter in counters]
