"""When a cause is told: once when it is known or its date comes near, and again as the date comes nearer."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.forecasts.causes import Prospect

STEPS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))


def is_time(prospect: Prospect, *, now: datetime) -> bool:
    """Whether it is to be told by now."""
    return prospect.begins is None or prospect.begins <= now


def stage_at(at: datetime | None, *, now: datetime) -> int:
    """Return how many of the steps have come; none where there is no date."""
    return 0 if at is None else sum(now >= at - step for step in STEPS)


def next_step(found: Iterable[Prospect], *, now: datetime) -> datetime | None:
    """Return the first moment ahead at which there is more to tell, should nothing else change."""
    moments = [moment for each in found for moment in _moments(each) if moment > now]
    return min(moments, default=None)


def _moments(prospect: Prospect) -> list[datetime]:
    steps = [prospect.at - step for step in STEPS] if prospect.at is not None else []
    return [*steps, *([prospect.begins] if prospect.begins is not None else [])]
