"""Installed apps in the API."""

from typing import Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from app.graphql.connections import Arguments, Connection
from app.graphql.context import Batch, Info
from app.graphql.extension import Fields
from app.graphql.fields import query, relation
from app.graphql.ids import decode_id
from app.graphql.objects import objects_by_id
from app.graphql.pages import look_through, paginate
from app.graphql.relations import reading_shown, reference
from app.graphql.row_search import HOW_FAR, showing
from app.graphql.rows import plain_rows_of_team
from app.graphql.shown import columns_shown
from app.installed_apps import loaders, models
from app.installed_apps.adding import add_installed_app
from app.installed_apps.checking import check_installed_app
from app.installed_apps.deleting import delete_installed_app
from app.installed_apps.editing import edit_installed_app
from app.installed_apps.enums import InstalledAppStatus
from app.installed_apps.reauthenticating import reauthenticate_installed_app
from app.installed_apps.sharing import live_key
from app.installed_apps.subscriptions import InstalledAppChange, installed_app_changed
from app.installed_apps.types import InstalledApp
from app.providers.catalogue import CATALOGUE
from app.sign_ins.types import Authorization

__all__ = ["FIELDS", "MUTATION", "NODES", "QUERY", "SUBSCRIPTION", "InstalledApp", "InstalledAppChange"]


@strawberry.input(description="Which installed apps: those that meet all that is given. Each is looked for as by `search`.")
class InstalledAppFilter:
    provider: strawberry.ID | None = strawberry.field(default=None, description="Only at this provider.")
    statuses: list[InstalledAppStatus] | None = strawberry.field(default=None, description="Only in one of these statuses.")
    search: str | None = strawberry.field(
        default=None,
        description=f"Only those whose name, or what they are connected to, has this in it, in upper or lower case. {HOW_FAR}",
    )


_Filter = Annotated[InstalledAppFilter | None, strawberry.argument(description="Only some of them.")]


@query(description="What the team shares, newest first.")
async def installed_apps(info: Info, page: Arguments, filter: _Filter = None) -> Connection[InstalledApp]:
    living = plain_rows_of_team(models.InstalledApp, info.context, deleted_at__isnull=True)
    shown = columns_shown(info, models.InstalledApp)
    if filter is None:
        return Connection.of(await paginate(living, page, columns=shown), InstalledApp.of)
    return Connection.of(await look_through(living, page, _sought(filter), columns=shown), InstalledApp.of)


@query(description="One of the team's installed apps; null when there is none with this id.")
async def installed_app(info: Info, id: strawberry.ID) -> InstalledApp | None:
    key = decode_id(id, "InstalledApp")
    row = await info.context.load(reading_shown(loaders.installed_apps, info), key) if key is not None else None
    return InstalledApp.of(row) if row is not None else None


@relation(description="The team's installed app with a sign-in for the same account, if any: use that, sharing again is refused.")
async def existing_installed_app(root: Authorization, info: Info) -> InstalledApp | None:
    grant_id = root.row.grant_id
    grant = await info.context.load(loaders.grants, grant_id) if grant_id is not None else None
    if grant is None:
        return None
    row = await info.context.load(loaders.installed_apps_by_live_key, live_key(grant.provider, grant.account_id))
    return InstalledApp.of(row) if row is not None else None


def _sought(wanted: InstalledAppFilter) -> Q:
    sought = showing(wanted.search, "name", "connected_to")
    if wanted.provider is not None:
        sought &= Q(provider__in=[wanted.provider] if wanted.provider in CATALOGUE else [])
    if wanted.statuses is not None:
        sought &= Q(status__in=wanted.statuses)
    return sought


QUERY: dict[str, Any] = {"installed_apps": installed_apps, "installed_app": installed_app}
MUTATION: dict[str, Any] = {
    "add_installed_app": add_installed_app,
    "edit_installed_app": edit_installed_app,
    "reauthenticate_installed_app": reauthenticate_installed_app,
    "check_installed_app": check_installed_app,
    "delete_installed_app": delete_installed_app,
}
SUBSCRIPTION: dict[str, Any] = {"installed_app_changed": installed_app_changed}
FIELDS: Fields = {
    Authorization: {
        "existing_installed_app": existing_installed_app,
        "installed_app": reference(
            loaders.installed_apps_by_client,
            InstalledApp.of,
            by="row.oauth_client_id",
            type=InstalledApp | None,
            description="The Git server's installed app, with whose client the member signs in; null elsewhere.",
        ),
    }
}
NODES: dict[type, Batch[UUID, Any]] = {InstalledApp: objects_by_id(InstalledApp.of, loaders.installed_apps)}
