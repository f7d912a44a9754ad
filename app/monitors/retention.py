"""Which runs are old enough to go."""

from datetime import timedelta

from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from app.monitors.models import MonitorRun

KEPT_FOR = timedelta(days=90)

# By MAX, which both databases read off an index; whether there is any newer one they would look for row by row.
_NEWER = RawSQL("""(CASE
    WHEN "monitor_run"."position" < 0 THEN 1
    WHEN "monitor_run"."position" < (
        SELECT MAX("newer"."position") FROM "monitor_run" AS "newer" WHERE "newer"."monitor_id" = "monitor_run"."monitor_id"
    ) THEN 1
    ELSE 0
END)""")


def removable() -> QuerySet[MonitorRun]:
    """Return the runs that may go once they are old.

    Not a monitor's newest one: a monitor always shows what was last reported of it, and its runs go on being counted from there.
    Tests are no runs that it shows.
    """
    return MonitorRun.annotate(newer=_NEWER).filter(newer=1)
