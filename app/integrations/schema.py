"""Integrations in the API."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from tortoise.queryset import QuerySet

from app.graphql.connections import Arguments, Connection
from app.graphql.context import Batch, Info
from app.graphql.extension import Fields
from app.graphql.fields import query, relation
from app.graphql.ids import decode_id
from app.graphql.objects import objects_by_id
from app.graphql.pages import paginate
from app.graphql.relations import pages
from app.graphql.row_search import nothing_of, search_in
from app.graphql.rows import of_team
from app.installed_apps.deleting import DeleteInstalledAppPayload
from app.installed_apps.types import InstalledApp
from app.integrations import loaders, models
from app.integrations.adding import add_integration
from app.integrations.beginning import begin_authorization
from app.integrations.deleting import delete_integration
from app.integrations.editing import edit_integration
from app.integrations.enums import IntegrationStatus
from app.integrations.kinds import schema as kinds
from app.integrations.kinds.table import KINDS
from app.integrations.pausing import pause_integration, resume_integration
from app.integrations.reauthenticating import reauthenticate_integration
from app.integrations.subscriptions import (
    IntegrationChange,
    IntegrationStatusChange,
    integration_changed,
    integration_status_changed,
)
from app.integrations.types import Integration
from app.providers.catalogue import CATALOGUE

__all__ = ["FIELDS", "MUTATION", "NODES", "QUERY", "SUBSCRIPTION", "Integration", "IntegrationChange", "IntegrationStatusChange"]


@strawberry.input(description="Which integrations: those that meet all that is given.")
class IntegrationFilter:
    provider: strawberry.ID | None = strawberry.field(default=None, description="Only with this provider.")
    kind: strawberry.ID | None = strawberry.field(default=None, description="Only of this kind.")
    statuses: list[IntegrationStatus] | None = strawberry.field(default=None, description="Only in one of these statuses.")
    installed_app_id: strawberry.ID | None = strawberry.field(default=None, description="Only what uses this installed app.")
    search: str | None = strawberry.field(
        default=None, description="Only those whose name, or what they are connected to, has this in it, in upper or lower case."
    )


_Filter = Annotated[IntegrationFilter | None, strawberry.argument(description="Only some of them.")]


@query(description="The team's integrations, newest first.")
async def integrations(info: Info, page: Arguments, filter: _Filter = None) -> Connection[Integration]:
    living = of_team(models.Integration, info.context).filter(deleted_at__isnull=True)
    return Connection.of(await paginate(_narrow(living, filter), page), Integration.of)


@query(description="One of the team's integrations; null when there is none with this id.")
async def integration(info: Info, id: strawberry.ID) -> Integration | None:
    key = decode_id(id, "Integration")
    row = await info.context.load(loaders.integrations, key) if key is not None else None
    return Integration.of(row) if row is not None else None


@relation(description="What used it and has stopped, newest first; null when refused.")
async def stopped_integrations(root: DeleteInstalledAppPayload, info: Info, page: Arguments) -> Connection[Integration] | None:
    if root.app_id is None:
        return None
    stopped = await info.context.load(loaders.integrations_stopped_with_apps, (root.app_id, page))
    return Connection.of(stopped, Integration.of)


def _narrow(rows: QuerySet[models.Integration], wanted: IntegrationFilter | None) -> QuerySet[models.Integration]:
    if wanted is None:
        return rows
    if wanted.provider is not None:
        rows = rows.filter(provider=wanted.provider) if wanted.provider in CATALOGUE else nothing_of(rows)
    if wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind) if wanted.kind in KINDS else nothing_of(rows)
    if wanted.statuses is not None:
        rows = rows.filter(status__in=wanted.statuses)
    if wanted.installed_app_id is not None:
        key = decode_id(wanted.installed_app_id, "InstalledApp")
        rows = rows.filter(installed_app_id=key) if key is not None else nothing_of(rows)
    return search_in(rows, wanted.search, "name", "connected_to")


QUERY: dict[str, Any] = {"integrations": integrations, "integration": integration}
MUTATION: dict[str, Any] = {
    "begin_authorization": begin_authorization,
    "add_integration": add_integration,
    "edit_integration": edit_integration,
    "delete_integration": delete_integration,
    "reauthenticate_integration": reauthenticate_integration,
    "pause_integration": pause_integration,
    "resume_integration": resume_integration,
}
SUBSCRIPTION: dict[str, Any] = {
    "integration_status_changed": integration_status_changed,
    "integration_changed": integration_changed,
}
FIELDS: Fields = {
    InstalledApp: {
        "integrations": pages(
            loaders.integrations_of_apps,
            partial(Connection.of, wrap=Integration.of),
            by="row.id",
            type=Connection[Integration],
            description="What would stop if this were deleted now, newest first: read it before `deleteInstalledApp`.",
        )
    },
    DeleteInstalledAppPayload: {"stopped_integrations": stopped_integrations},
    **kinds.FIELDS,
}
NODES: dict[type, Batch[UUID, Any]] = {Integration: objects_by_id(Integration.of, loaders.integrations), **kinds.NODES}
