"""The deliveries that wait, of all teams together, for the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.functions import Count, Min

from app.deliveries.activity.models import ActivityDelivery
from app.deliveries.models import WAITING, Delivery, Queued


@dataclass(frozen=True)
class Backlog:
    """How many deliveries wait, and how old the oldest of them is: no time at all where none waits."""

    waiting: int
    oldest: timedelta


async def look_at_backlog(*, now: datetime) -> Backlog:
    """Look at both what runs made and what tells of the log."""
    found = [await _look_at(model, now=now) for model in (Delivery, ActivityDelivery)]
    return Backlog(sum(each.waiting for each in found), max(each.oldest for each in found))


async def _look_at(model: type[Queued], *, now: datetime) -> Backlog:
    waiting = model.filter(status__in=WAITING)
    [row] = await waiting.annotate(count=Count("id"), since=Min("created_at")).values("count", "since")
    since: datetime | str | None = row["since"]
    if since is None:
        return Backlog(0, timedelta())
    # SQLite keeps moments as text, and what is calculated from a column is no longer known to be one.
    moment = datetime.fromisoformat(since) if isinstance(since, str) else since
    return Backlog(row["count"], max(now - moment, timedelta()))
