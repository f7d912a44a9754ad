"""The deliveries that wait, of all teams together, for the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.functions import Count, Min

from app.deliveries.models import WAITING, Delivery


@dataclass(frozen=True)
class Backlog:
    """How many deliveries wait, and how old the oldest of them is: no time at all where none waits."""

    waiting: int
    oldest: timedelta


async def look_at_backlog(*, now: datetime) -> Backlog:
    waiting = Delivery.filter(status__in=WAITING)
    [row] = await waiting.annotate(count=Count("id"), since=Min("created_at")).values("count", "since")
    since: datetime | str | None = row["since"]
    if since is None:
        return Backlog(0, timedelta())
    # SQLite keeps moments as text, and what is calculated from a column is no longer known to be one.
    moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    return Backlog(row["count"], max(now - moment, timedelta()))
