"""Reading installed apps, and what they hold, for many asks at once."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.installed_apps.models import InstalledApp
from app.sign_ins.models import Grant


async def installed_apps(keys: Sequence[UUID], *, context: Context) -> list[InstalledApp | None]:
    """Return the team's installed apps by id; None for deleted ones."""
    living = InstalledApp.filter(team_id=context.viewer.team_id, id__in=list(keys), deleted_at__isnull=True)
    rows = {row.id: row for row in await living}
    return [rows.get(key) for key in keys]


async def installed_apps_by_live_key(keys: Sequence[str], *, context: Context) -> list[InstalledApp | None]:
    """Return the installed apps that the team has, by what they are unique by."""
    rows = {row.live_key: row for row in await InstalledApp.filter(team_id=context.viewer.team_id, live_key__in=list(keys))}
    return [rows.get(key) for key in keys]


async def grants(keys: Sequence[UUID], *, context: Context) -> list[Grant | None]:
    """Return the team's grants by id."""
    rows = {row.id: row for row in await Grant.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]
