"""Reading installed apps, and what they hold, for many asks at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.functions import Max

from app.graphql.context import Context
from app.installed_apps.models import InstalledApp
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, OAuthClient


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


async def oauth_clients(keys: Sequence[UUID], *, context: Context) -> list[OAuthClient | None]:
    """Return the team's OAuth clients by id."""
    rows = {row.id: row for row in await OAuthClient.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def own_grants(keys: Sequence[UUID], *, context: Context) -> list[Grant | None]:
    """Return the viewer's own live grants by their OAuth clients' ids."""
    viewer = context.viewer
    own = Grant.filter(team_id=viewer.team_id, member_id=viewer.member_id, state=GrantState.ACTIVE)
    rows = {row.oauth_client_id: row for row in await own.filter(oauth_client_id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def own_authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    """Return the viewer's own sign-ins in force, by their OAuth clients' ids."""
    viewer = context.viewer
    own = Authorization.filter(team_id=viewer.team_id, member_id=viewer.member_id, status=AuthorizationStatus.COMPLETED)
    rows = {row.oauth_client_id: row for row in await own.filter(oauth_client_id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def last_uses(keys: Sequence[UUID], *, context: Context) -> list[datetime | None]:
    """Return when any member's grant was last put to use, by the OAuth clients' ids."""
    used = Grant.filter(team_id=context.viewer.team_id, oauth_client_id__in=list(keys), last_used_at__isnull=False)
    latest = await used.annotate(latest=Max("last_used_at")).group_by("oauth_client_id").values_list("oauth_client_id", "latest")
    found = dict(latest)
    return [found.get(key) for key in keys]
