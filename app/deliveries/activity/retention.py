"""Old deliveries that told of the log go as those of runs do: after 90 days, their attempts first."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery
from app.deliveries.models import WAITING
from app.deliveries.retention import later_than
from app.log.events import Change
from app.log.retention import Retention
from app.monitors.retention import KEPT_FOR


def _ended() -> QuerySet[ActivityDelivery]:
    """Return those that may go: none that still waits, nor the newest of an integration that lives: they are counted from it."""
    return ActivityDelivery.exclude(status__in=WAITING).annotate(later=later_than(ActivityDelivery)).filter(later=1)


async def _remove_attempts(_: Change, delivery_ids: Sequence[UUID]) -> None:
    await ActivityAttempt.filter(delivery_id__in=list(delivery_ids)).delete()


OLD_TELLINGS = Retention(KEPT_FOR, ("created_at",), lambda _: _ended(), first=_remove_attempts)
