"""Reading monitors and runs for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.monitors.models import Monitor, MonitorRun

LATEST_FIRST = ("-position",)


async def monitors(keys: Sequence[UUID], *, context: Context) -> list[Monitor | None]:
    rows = {row.id: row for row in await Monitor.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def runs(keys: Sequence[UUID], *, context: Context) -> list[MonitorRun | None]:
    rows = {row.id: row for row in await MonitorRun.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def runs_of(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> list[Page[MonitorRun]]:
    """Return a page of the runs of each monitor, the one recorded last first."""
    return await paginate_each(MonitorRun.filter(team_id=context.viewer.team_id), keys, by="monitor_id", order=LATEST_FIRST)
