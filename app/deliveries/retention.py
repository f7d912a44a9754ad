"""Old runs go with what was made of them: attempts before their deliveries, deliveries before their runs."""

from collections.abc import Sequence
from uuid import UUID

from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from app.deliveries.models import WAITING, Delivery, DeliveryAttempt, Queued, table_of
from app.log.events import Change
from app.log.retention import Retention
from app.monitors.models import MonitorRun
from app.monitors.retention import KEPT_FOR, removable

_TOLD = RawSQL(f"""(CASE
    WHEN EXISTS (SELECT 1 FROM "{table_of(Delivery)}" AS "told" WHERE "told"."run_id" = "{table_of(MonitorRun)}"."id") THEN 1
    ELSE 0
END)""")  # noqa: S608 - no value from outside is in it


def later_than(model: type[Queued]) -> RawSQL:
    """Return 1 for what is not the newest of an integration that lives."""
    # The newest by MAX, which both databases read off an index; whether there is any later one they would look for row by row.
    table = table_of(model)
    return RawSQL(f"""(CASE
    WHEN "{table}"."position" < (
        SELECT MAX("later"."position") FROM "{table}" AS "later" WHERE "later"."integration_id" = "{table}"."integration_id"
    ) THEN 1
    WHEN EXISTS (
        SELECT 1 FROM "integration" AS "gone" WHERE "gone"."id" = "{table}"."integration_id" AND "gone"."deleted_at" IS NOT NULL
    ) THEN 1
    ELSE 0
END)""")  # noqa: S608 - no value from outside is in it


_LATER = later_than(Delivery)


def _ended() -> QuerySet[Delivery]:
    """Return the deliveries that may go with their runs, which they were made with. None that still waits.

    Nor the newest one of an integration that lives: it shows what was last posted, and they go on being counted from there.
    """
    return Delivery.exclude(status__in=WAITING).annotate(later=_LATER).filter(later=1)


async def _remove_attempts(_: Change, delivery_ids: Sequence[UUID]) -> None:
    await DeliveryAttempt.filter(delivery_id__in=list(delivery_ids)).delete()


OLD_RUNS = (
    Retention(KEPT_FOR, ("created_at",), lambda _: _ended(), first=_remove_attempts),
    Retention(KEPT_FOR, ("recorded_at",), lambda _: removable().annotate(told=_TOLD).filter(told=0)),
)
