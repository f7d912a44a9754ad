"""Integrations in the API."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.graphql.connections import Arguments, Connection, Page
from app.graphql.context import Batch, Info
from app.graphql.extension import Fields
from app.graphql.fields import query, relation
from app.graphql.groups import Groups
from app.graphql.ids import decode_id
from app.graphql.objects import objects_by_id
from app.graphql.pages import look_through, paginate
from app.graphql.relations import pages
from app.graphql.row_search import HOW_FAR, nothing_of, showing
from app.graphql.rows import of_team
from app.graphql.shown import columns_shown
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
    installed_app_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only what uses this installed app; by anything else too, it is looked for as by `search`."
    )
    search: str | None = strawberry.field(
        default=None,
        description=f"Only those whose name, or what they are connected to, has this in it, in upper or lower case. {HOW_FAR}",
    )


_NONE = Q(id__in=[])

_Filter = Annotated[IntegrationFilter | None, strawberry.argument(description="Only some of them.")]


@query(description="The team's integrations, newest first.")
async def integrations(info: Info, page: Arguments, filter: _Filter = None) -> Connection[Integration]:
    living = of_team(models.Integration, info.context).filter(deleted_at__isnull=True)
    shown = columns_shown(info, models.Integration)
    return Connection.of(await _find(living, page, filter or IntegrationFilter(), columns=shown), Integration.of)


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


async def _find(
    living: QuerySet[models.Integration], page: Arguments, wanted: IntegrationFilter, *, columns: Sequence[str]
) -> Page[models.Integration]:
    """Return a page of those wanted: by an index, but for a text, and for what narrows an installed app's further down."""
    search = showing(wanted.search, "name", "connected_to")
    is_narrowed = (wanted.provider, wanted.kind, wanted.statuses) != (None, None, None)
    if wanted.installed_app_id is not None:
        key = decode_id(wanted.installed_app_id, "InstalledApp")
        living = living.filter(installed_app_id=key) if key is not None else nothing_of(living)
    if wanted.search or (wanted.installed_app_id is not None and is_narrowed):
        return await look_through(living, page, search & _is_one_of(_groups(wanted)) if is_narrowed else search)
    return await paginate(living, page, groups=_groups(wanted) if is_narrowed else None, columns=columns)


def _groups(wanted: IntegrationFilter) -> Groups:
    kinds = [kind for kind in KINDS.values() if wanted.kind in {None, kind.key}]
    providers = [provider for provider in CATALOGUE.values() if wanted.provider in {None, provider.key}]
    pairs = [(kind.key, each.key) for kind in kinds for each in providers if kind.is_offered_by(each)]
    statuses = dict.fromkeys(IntegrationStatus if wanted.statuses is None else wanted.statuses)
    return Groups(("kind", "provider", "status"), [(*pair, status) for pair in pairs for status in statuses])


def _is_one_of(groups: Groups) -> Q:
    return Q(*(Q(**dict(zip(groups.columns, key, strict=True))) for key in groups.keys), join_type=Q.OR) if groups.keys else _NONE


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
