"""Removing what is old: a bounded batch a round, in short changes of one team each.

Whoever removes holds the team's counter, as every change does. So any number of processes may do so side by side, what was found
old is looked at again before it goes, and who is killed in the middle leaves the rest for the next round.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from app.log.events import Change, Events

BATCH_SIZE = 200


@dataclass(frozen=True)
class Retention:
    """A rule of removal: those of `rows` go whose first column of `by` lies `kept_for` back, in that order.

    `rows` is given the moment before which everything is old. `first` is done with the rows' ids before they go, in their change.
    """

    kept_for: timedelta
    by: tuple[str, ...]
    rows: Callable[[datetime], QuerySet[Any]]
    first: Callable[[Change, Sequence[UUID]], Awaitable[object]] | None = None

    def old(self, now: datetime) -> QuerySet[Any]:
        """Return the rows that may go now."""
        before = now - self.kept_for
        return self.rows(before).filter(**{f"{self.by[0]}__lte": before})


async def remove_old(retentions: Sequence[Retention], *, events: Events) -> int:
    """Remove some of the rows that are old, of one kind after the other, and return how many."""
    removed = 0
    for retention in retentions:
        of_team: dict[UUID, list[UUID]] = defaultdict(list)
        old = retention.old(events.now()).order_by(*retention.by).limit(BATCH_SIZE)
        for team_id, row_id in await old.values_list("team_id", "id"):
            of_team[team_id].append(row_id)
        for team_id, ids in of_team.items():

            async def remove(change: Change, retention: Retention = retention, ids: Sequence[UUID] = ids) -> int:
                return await _remove(retention, ids, change=change)

            removed += await events.change(team_id, remove)
    return removed


async def _remove(retention: Retention, ids: Sequence[UUID], *, change: Change) -> int:
    rows = retention.old(change.now).filter(id__in=list(ids))
    still: list[Any] = list(await rows.values_list("id", flat=True))
    if retention.first is not None:
        await retention.first(change, still)
    removed: int = await rows.model.filter(id__in=still).delete()
    return removed
