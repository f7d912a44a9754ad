"""Removing old runs with what was made of them: attempts before their deliveries, deliveries before their runs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from app.deliveries.models import WAITING, Delivery, DeliveryAttempt
from app.log.events import Change
from app.log.retention import BATCH_SIZE, remove_of_teams
from app.monitors import retention as runs
from app.monitors.models import MonitorRun
from app.services import Services

# The newest by MAX, which both databases read off an index; whether there is any later one they would look for row by row.
_LATER = RawSQL("""(CASE
    WHEN "delivery"."position" < (
        SELECT MAX("later"."position") FROM "delivery" AS "later" WHERE "later"."integration_id" = "delivery"."integration_id"
    ) THEN 1
    WHEN EXISTS (
        SELECT 1 FROM "integration" AS "gone" WHERE "gone"."id" = "delivery"."integration_id" AND "gone"."deleted_at" IS NOT NULL
    ) THEN 1
    ELSE 0
END)""")
_TOLD = RawSQL("""(
    CASE WHEN EXISTS (SELECT 1 FROM "delivery" AS "told" WHERE "told"."run_id" = "monitor_run"."id") THEN 1 ELSE 0 END
)""")


async def remove_old(*, services: Services) -> int:
    """Remove some of the runs that were recorded 90 days ago, their deliveries first, and return how many rows that were."""
    now = services.clock.now()
    deliveries = await _removable(now).order_by("created_at").limit(BATCH_SIZE).values_list("team_id", "id")
    removed = await remove_of_teams(deliveries, _remove_deliveries, events=services.events)
    untold = await _untold(now).order_by("recorded_at").limit(BATCH_SIZE).values_list("team_id", "id")
    return removed + await remove_of_teams(untold, _remove_runs, events=services.events)


def _removable(now: datetime) -> QuerySet[Delivery]:
    """Return the deliveries of old runs, which were made with them. None that still waits.

    Nor the newest one of an integration that lives: it shows what was last posted, and they go on being counted from there.
    """
    old = Delivery.filter(created_at__lte=now - runs.KEPT_FOR).exclude(status__in=WAITING)
    return old.annotate(later=_LATER).filter(later=1)


def _untold(now: datetime) -> QuerySet[MonitorRun]:
    return runs.removable(now).annotate(told=_TOLD).filter(told=0)


async def _remove_deliveries(change: Change, ids: Sequence[UUID]) -> int:
    still = await _removable(change.now).filter(id__in=list(ids)).values_list("id", flat=True)
    await DeliveryAttempt.filter(delivery_id__in=list(still)).delete()
    return await Delivery.filter(id__in=list(still)).delete()


async def _remove_runs(change: Change, ids: Sequence[UUID]) -> int:
    return await runs.remove([run.id for run in await _untold(change.now).filter(id__in=list(ids)).only("id")])
