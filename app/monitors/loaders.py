"""Reading monitors and runs for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.rows import find_rows, of_team, rows_by
from app.monitors.models import COLUMNS_BUT_FAILURES, Failure, Monitor, MonitorRun
from app.teams.names import LONGEST_NAME
from app.text.characters import describe_unseen

LATEST_FIRST = ("-position",)


monitors = rows_by(Monitor)


async def monitors_by_key(keys: Sequence[str], *, context: Context) -> list[Monitor | None]:
    """Return the team's monitors by what its reporters call them; None for what no monitor can be called."""
    fit = [key for key in keys if len(key) <= LONGEST_NAME and describe_unseen(key) is None]
    found = dict(zip(fit, await find_rows(Monitor, fit, context=context, by="key"), strict=True)) if fit else {}
    return [found.get(key) for key in keys]


runs = rows_by(MonitorRun, columns=COLUMNS_BUT_FAILURES)
"""The runs without what failed in them: see `failures_of`."""


async def failures_of(keys: Sequence[UUID], *, context: Context) -> list[tuple[Failure, ...]]:
    """Return what failed in each run. It is most of what there is of one: read where it is asked for, and paid."""
    rows = await find_rows(MonitorRun, keys, context=context, columns=("id", "failures_json"))
    return [row.failures if row is not None else () for row in rows]


async def runs_of(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[MonitorRun]]:
    """Return a page of the runs of each monitor, the one recorded last first, without what failed in them and without tests."""
    runs_of_team = of_team(MonitorRun, context).filter(position__gt=0)
    return await paginate_each(runs_of_team, keys, by="monitor_id", order=LATEST_FIRST, columns=COLUMNS_BUT_FAILURES)
