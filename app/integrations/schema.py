"""Integrations in the API."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from tortoise.expressions import Q

from app.graphql.connections import Arguments, Connection, Page
from app.graphql.context import Batch, Context, Info
from app.graphql.extension import Fields
from app.graphql.fields import query, relation
from app.graphql.groups import Groups
from app.graphql.ids import decode_id
from app.graphql.objects import objects_by_id
from app.graphql.pages import look_through, paginate
from app.graphql.relations import pages, reading_shown
from app.graphql.row_search import HOW_FAR, nothing_of, showing
from app.graphql.rows import plain_rows_of_team
from app.graphql.shown import columns_shown
from app.installed_apps.adding import AddInstalledAppPayload
from app.installed_apps.deleting import DeleteInstalledAppPayload
from app.installed_apps.types import InstalledApp
from app.integrations import loaders, models
from app.integrations.adding import AddIntegrationPayload, add_integration
from app.integrations.beginning import begin_authorization
from app.integrations.deleting import delete_integration
from app.integrations.editing import edit_integration
from app.integrations.enums import IntegrationStatus
from app.integrations.kinds import schema as kinds
from app.integrations.kinds.listening import listeners_of
from app.integrations.kinds.table import KINDS
from app.integrations.pausing import pause_integration, resume_integration
from app.integrations.reauthenticating import reauthenticate_integration
from app.integrations.reauthenticating_all import reauthenticate_integrations, stopped_at_account_of
from app.integrations.subscriptions import (
    IntegrationChange,
    IntegrationStatusChange,
    integration_changed,
    integration_status_changed,
)
from app.integrations.types import Integration
from app.log.counters import kept_total
from app.monitors.loaders import monitors, monitors_by_key
from app.monitors.models import Monitor
from app.providers.catalogue import CATALOGUE
from app.storage.statements import AnyRows

__all__ = ["FIELDS", "MUTATION", "NODES", "QUERY", "SUBSCRIPTION", "Integration", "IntegrationChange", "IntegrationStatusChange"]


@strawberry.input(description="Which integrations: those that meet all that is given.")
class IntegrationFilter:
    provider: strawberry.ID | None = strawberry.field(default=None, description="Only with this provider.")
    kind: strawberry.ID | None = strawberry.field(default=None, description="Only of this kind.")
    statuses: list[IntegrationStatus] | None = strawberry.field(default=None, description="Only in one of these statuses.")
    installed_app_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only what uses this installed app; by anything else too, it is looked for as by `search`."
    )
    monitor_id: strawberry.ID | None = strawberry.field(default=None, description="Only those that hear of this monitor's runs.")
    monitor_key: str | None = strawberry.field(default=None, description="The same, by the monitor's key.")
    search: str | None = strawberry.field(
        default=None,
        description=(
            "Only those whose name, what they are connected to, or their provider's or kind's name has this in it, in upper or "
            f"lower case. {HOW_FAR}"
        ),
    )


_NONE = Q(id__in=[])
_COULD_BRING_BACK = (
    "What has stopped with an installed app that the team had for the same workspace or server, newest first: "
    "`reauthenticateIntegrations` brings all of it back, with the new app's id as `stoppedBy` and in `using`. Null where no app "
    "was added."
)

_Filter = Annotated[IntegrationFilter | None, strawberry.argument(description="Only some of them.")]


@query(description="The team's integrations, newest first. Without a filter, all are counted.")
async def integrations(info: Info, page: Arguments, filter: _Filter = None) -> Connection[Integration]:
    living = plain_rows_of_team(models.Integration, info.context, deleted_at__isnull=True)
    wanted = filter or IntegrationFilter()
    if (wanted.monitor_id, wanted.monitor_key) == (None, None):
        shown = columns_shown(info, models.Integration)
        if wanted == IntegrationFilter():
            total = partial(kept_total, info.context.viewer.team_id, "integrations")
            return Connection.of(await paginate(living, page, columns=shown, total=total), Integration.of)
        return Connection.of(await _find(living, page, wanted, columns=shown), Integration.of)
    heard = Groups(("id",), [(key,) for key in await _listeners(wanted, context=info.context)])
    return Connection.of(await paginate(_of_app(living, wanted).filter(_sought(wanted)), page, groups=heard), Integration.of)


@query(description="One of the team's integrations; null when there is none with this id.")
async def integration(info: Info, id: strawberry.ID) -> Integration | None:
    key = decode_id(id, "Integration")
    row = await info.context.load(reading_shown(loaders.integrations, info), key) if key is not None else None
    return Integration.of(row) if row is not None else None


@relation(description="What used it and has stopped, newest first; null when refused.")
async def stopped_integrations(root: DeleteInstalledAppPayload, info: Info, page: Arguments) -> Connection[Integration] | None:
    if root.app_id is None:
        return None
    stopped = await info.context.load(loaders.integrations_stopped_with_apps, (root.app_id, page))
    return Connection.of(stopped, Integration.of)


async def _could_bring_back(
    root: AddInstalledAppPayload | AddIntegrationPayload, info: Info, page: Arguments
) -> Connection[Integration] | None:
    if root.installed_app is None:
        return None
    living = plain_rows_of_team(models.Integration, info.context, deleted_at__isnull=True)
    stopped = await look_through(living, page, stopped_at_account_of(root.installed_app.row))
    return Connection.of(stopped, Integration.of)


async def _find(
    living: AnyRows[models.Integration], page: Arguments, wanted: IntegrationFilter, *, columns: Sequence[str]
) -> Page[models.Integration]:
    """Return a page of those wanted. An index finds them, but for a text, and for what narrows down an installed app's."""
    living, sought = _of_app(living, wanted), _sought(wanted)
    if wanted.search or (wanted.installed_app_id is not None and _is_narrowed(wanted)):
        return await look_through(living, page, sought, columns=columns)
    return await paginate(living, page, groups=_groups(wanted) if _is_narrowed(wanted) else None, columns=columns)


async def _listeners(wanted: IntegrationFilter, *, context: Context) -> list[UUID]:
    """Return the integrations, of whatever kind, that hear of the monitor: no more than a team may have of one."""
    named = await _monitors(wanted, context=context)
    monitor = named[0]
    if monitor is None or any(each is None or each.id != monitor.id for each in named):
        return []
    return [each.integration.id for each in await listeners_of(monitor.id)]


async def _monitors(wanted: IntegrationFilter, *, context: Context) -> list[Monitor | None]:
    """Return the monitor for each way in which it is named; None for one that leads to none of the team's."""
    found: list[Monitor | None] = []
    if wanted.monitor_id is not None:
        key = decode_id(wanted.monitor_id, "Monitor")
        found.append(await context.load(monitors, key) if key is not None else None)
    if wanted.monitor_key is not None:
        found.append(await context.load(monitors_by_key, wanted.monitor_key))
    return found


def _of_app(living: AnyRows[models.Integration], wanted: IntegrationFilter) -> AnyRows[models.Integration]:
    if wanted.installed_app_id is None:
        return living
    key = decode_id(wanted.installed_app_id, "InstalledApp")
    return living.filter(installed_app_id=key) if key is not None else nothing_of(living)


def _is_narrowed(wanted: IntegrationFilter) -> bool:
    return (wanted.provider, wanted.kind, wanted.statuses) != (None, None, None)


def _sought(wanted: IntegrationFilter) -> Q:
    """Return all of it that rows can be asked for, but for the installed app."""
    sought = showing(wanted.search, "name", "connected_to")
    if wanted.search:
        text = wanted.search.casefold()
        providers = [each.key for each in CATALOGUE.values() if text in each.name.casefold()]
        sought |= Q(provider__in=providers) | Q(kind__in=[each.key for each in KINDS.values() if text in each.name.casefold()])
    return sought & _is_one_of(_groups(wanted)) if _is_narrowed(wanted) else sought


def _groups(wanted: IntegrationFilter) -> Groups:
    kinds = [kind for kind in KINDS.values() if wanted.kind in {None, kind.key}]
    providers = [provider for provider in CATALOGUE.values() if wanted.provider in {None, provider.key}]
    pairs = [(kind.key, each.key) for kind in kinds for each in providers if kind.is_offered_by(each)]
    statuses = dict.fromkeys(IntegrationStatus if wanted.statuses is None else wanted.statuses)
    return Groups(("kind", "provider", "status"), [(*pair, status) for pair in pairs for status in statuses])


def _is_one_of(groups: Groups) -> Q:
    return Q(*(Q(**dict(zip(groups.columns, key, strict=True))) for key in groups.keys), join_type=Q.OR) if groups.keys else _NONE


QUERY: dict[str, Any] = {**kinds.QUERY, "integrations": integrations, "integration": integration}
MUTATION: dict[str, Any] = {
    "begin_authorization": begin_authorization,
    "add_integration": add_integration,
    "edit_integration": edit_integration,
    "delete_integration": delete_integration,
    "reauthenticate_integration": reauthenticate_integration,
    "reauthenticate_integrations": reauthenticate_integrations,
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
            Connection,
            Integration.of,
            by="row.id",
            type=Connection[Integration],
            description="What would stop if this were deleted now, newest first: read it before `deleteInstalledApp`.",
        )
    },
    DeleteInstalledAppPayload: {"stopped_integrations": stopped_integrations},
    AddInstalledAppPayload: {"could_bring_back": relation(description=_COULD_BRING_BACK)(_could_bring_back)},
    AddIntegrationPayload: {"could_bring_back": relation(description=_COULD_BRING_BACK)(_could_bring_back)},
    **kinds.FIELDS,
}
NODES: dict[type, Batch[UUID, Any]] = {Integration: objects_by_id(Integration.of, loaders.integrations), **kinds.NODES}
