"""Reading installed apps, and what they hold, for many asks at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.functions import Max

from app.graphql.context import Context
from app.graphql.rows import find_rows, of_team, rows_by
from app.installed_apps.models import InstalledApp
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, OAuthClient

installed_apps = rows_by(InstalledApp, deleted_at__isnull=True)
"""The team's installed apps by id; None for deleted ones."""


installed_apps_by_client = rows_by(InstalledApp, "oauth_client_id", deleted_at__isnull=True)
"""The team's installed apps by their OAuth clients' ids."""


async def installed_apps_by_live_key(keys: Sequence[str], *, context: Context) -> list[InstalledApp | None]:
    """Return the installed apps that the team has, by what they are unique by."""
    return await find_rows(InstalledApp, keys, context=context, by="live_key")


grants = rows_by(Grant)
"""The team's grants by id."""


oauth_clients = rows_by(OAuthClient)
"""The team's OAuth clients by id."""


async def own_grants(keys: Sequence[UUID], *, context: Context) -> list[Grant | None]:
    """Return the viewer's own live grants by their OAuth clients' ids."""
    own: dict[str, Any] = {"member_id": context.viewer.member_id, "state": GrantState.ACTIVE}
    return await find_rows(Grant, keys, context=context, by="oauth_client_id", **own)


async def own_authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    """Return the viewer's own sign-ins in force, by their OAuth clients' ids."""
    own: dict[str, Any] = {"member_id": context.viewer.member_id, "status": AuthorizationStatus.COMPLETED}
    return await find_rows(Authorization, keys, context=context, by="oauth_client_id", **own)


async def last_uses(keys: Sequence[UUID], *, context: Context) -> list[datetime | None]:
    """Return when any member's grant was last put to use, by the OAuth clients' ids."""
    used = of_team(Grant, context).filter(oauth_client_id__in=list(keys), last_used_at__isnull=False)
    latest = await used.annotate(latest=Max("last_used_at")).group_by("oauth_client_id").values_list("oauth_client_id", "latest")
    found = dict(latest)
    return [found.get(key) for key in keys]
