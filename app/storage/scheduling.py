"""Work that falls due: a column of each row says when, and one conditional update decides who does it.

No row is held while the work is done. A claim moves the row's time on, so whoever dies at the work leaves it to be done then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.clock import APART, Clock
from app.storage import database
from app.storage.slots import Claimant, Slots

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Schedule:
    """When rows are due, by `column`: claimed ones `every` later, less up to `jitter`.

    `longest` is how far ahead a row's time is set at most; as far as `every` where nothing is said.
    """

    column: str
    every: timedelta
    jitter: timedelta = timedelta(0)
    longest: timedelta | None = None

    def next(self, key: UUID, *, now: datetime) -> datetime:
        """Return when the row of that key is due after `now`: each at a time of its own, so that they do not come all at once."""
        return now + self.every - timedelta(seconds=key.int % max(int(self.jitter.total_seconds()), 1))

    async def due(self, rows: QuerySet[M], *, now: datetime, limit: int) -> list[M]:
        """Return those of `rows` that are due, the longest due first."""
        is_due = is_time(self.column, now=now, longest=self.longest or self.every)
        return await rows.filter(is_due).order_by(self.column, "id").limit(limit)

    async def claim(self, row: M, rows: QuerySet[M], *, now: datetime) -> bool:
        """Take the work for this process, while the row is one of `rows` and as it was read; False where somebody else has."""
        return await take(row, rows, **{self.column: self.next(row.pk, now=now)})

    async def bring_forward(self, rows: QuerySet[M], *, to: datetime) -> int:
        """Have the rows due by `to` which would be later, or never; return how many those were."""
        later = _where(self.column, "isnull", to=True) | _where(self.column, "gt", to=to)
        return await database.update(rows.filter(later), **{self.column: to})

    async def work(
        self,
        rows: QuerySet[M],
        do: Callable[[M], Awaitable[object]],
        *,
        whose: Callable[[M], Claimant],
        clock: Clock,
        slots: Slots,
        limit: int,
    ) -> int:
        """Claim those of `rows` that are due and begin to `do` each in a slot of its own, `limit` at most; return how many.

        Who is cancelled leaves them due.
        """
        now, left = clock.now(), slots.room().left
        return await slots.fill(
            await self.due(rows, now=now, limit=min(limit, left)) if left else (),
            lambda row: self._finish(row, rows, do, clock=clock),
            whose=whose,
            claim=lambda row: self.claim(row, rows, now=now),
        )

    async def _finish(self, row: M, rows: QuerySet[M], do: Callable[[M], Awaitable[object]], *, clock: Clock) -> None:
        try:
            await do(row)
        except asyncio.CancelledError:
            await self.bring_forward(rows.filter(pk=row.pk), to=clock.now())
            raise


async def take(row: M, rows: QuerySet[M], **columns: object) -> bool:
    """Set the columns while they are as `row` was read, and it is one of `rows`; False where they no longer are."""
    as_read = {name: getattr(row, name) for name in columns}
    return await database.update(rows.filter(pk=row.pk, **as_read), **columns) == 1


def is_time(column: str, *, now: datetime, longest: timedelta) -> Q:
    """Return the condition that a time has come.

    One further ahead than `longest` was set by a clock that has been set back since: it is not waited for.
    """
    return _where(column, "lte", to=now) | _where(column, "gt", to=now + longest + APART)


def unleased(*, now: datetime, lasts: timedelta) -> Q:
    """Return the condition that nobody has the row until `lease_until`, which lies `lasts` ahead at most."""
    return Q(lease_until__isnull=True) | is_time("lease_until", now=now, longest=lasts)


def lies_ahead(moment: datetime | None, *, now: datetime, longest: timedelta) -> bool:
    """Return whether a moment is still to come, by the same rule; None is not."""
    return moment is not None and now < moment <= now + longest + APART


def _where(column: str, lookup: str, *, to: Any) -> Q:
    return Q(**{f"{column}__{lookup}": to})
