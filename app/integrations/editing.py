"""Editing an integration: everything in one save, a fresh sign-in included."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from app.access.callers import Caller
from app.catalogue.kinds import CONNECT_API, POST_MONITORING_RESULTS
from app.graphql.revisions import check_unchanged, touch
from app.integrations.actions import check_editable, find, find_editable
from app.integrations.adding import Placed
from app.integrations.events import IntegrationEdited
from app.integrations.kinds.connect_api import settings as connections
from app.integrations.kinds.connect_api.settings import CONNECTION_FIELD, ApiConnectionEdit
from app.integrations.kinds.contract import ReadyEdit, wrong_kind
from app.integrations.kinds.post_monitoring_results import settings as posts
from app.integrations.kinds.post_monitoring_results.settings import POST_FIELD, MonitoringPostEdit
from app.integrations.models import Integration
from app.integrations.reauthenticating import renew, tell_renewed
from app.integrations.sources import Using
from app.integrations.status import snapshot_of, tell_status
from app.log.events import Change
from app.outbound.budget import Budget
from app.services import Services
from app.teams.names import check_name

SettingsEdit: TypeAlias = MonitoringPostEdit | ApiConnectionEdit


@dataclass(frozen=True)
class Edit:
    """An edit; None leaves a value as it is."""

    name: str | None = None
    using: Using | None = None
    settings: SettingsEdit | None = None


async def edit(
    integration_id: UUID,
    wanted: Edit,
    *,
    expected_updated_at: datetime | None,
    caller: Caller,
    services: Services,
    budget: Budget | None = None,
) -> Placed:
    """Make the integration as wanted, in every status, or change nothing.

    Raises NOT_FOUND, FORBIDDEN unless the caller made it or is an admin, CONFLICT when it was edited since `expected_updated_at`,
    INVALID for settings of another kind, WRONG_ACCOUNT for `using` of another workspace without a channel there or of another
    server, and what `adding.add` refuses. `budget` is what may be asked of a Git server.
    """
    name = check_name(wanted.name) if wanted.name is not None else None
    found = await find(caller.team_id, integration_id)
    check_editable(caller, found)
    check_unchanged(found, expected_updated_at)
    ready = await _prepare(found, wanted, caller=caller, services=services, budget=budget or Budget())

    async def apply(change: Change) -> Placed:
        integration = await find_editable(change, integration_id, caller=caller)
        check_unchanged(integration, expected_updated_at)
        return await _apply(change, integration, ready, name=name, using=wanted.using, caller=caller)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def _prepare(found: Integration, wanted: Edit, *, caller: Caller, services: Services, budget: Budget) -> ReadyEdit:
    using, is_connection = wanted.using, found.kind == CONNECT_API.key
    match wanted.settings:
        case MonitoringPostEdit() as edited if found.kind == POST_MONITORING_RESULTS.key:
            return await posts.prepare_edit(found, edited, using=using, caller=caller, services=services)
        case MonitoringPostEdit():
            raise wrong_kind(found, field=POST_FIELD)
        case ApiConnectionEdit() if not is_connection:
            raise wrong_kind(found, field=CONNECTION_FIELD)
        case None if not is_connection:
            return ReadyEdit(None, is_confirmed=False, save=_nothing)
        case ApiConnectionEdit() | None as edited:
            changes = edited or ApiConnectionEdit()
            return await connections.prepare_edit(found, changes, using=using, caller=caller, services=services, budget=budget)


async def _nothing(_change: Change, _integration: Integration) -> bool:
    return False


async def _apply(
    change: Change, integration: Integration, ready: ReadyEdit, *, name: str | None, using: Using | None, caller: Caller
) -> Placed:
    before, new_app = snapshot_of(integration), None
    if using is not None:
        place = ready.account_id or integration.account_id
        new_app = await renew(change, integration, using, member_id=caller.member_id, wanted_account_id=place)
    is_edited = _rename(integration, name)
    is_edited |= await ready.save(change, integration)
    if ready.is_confirmed:
        integration.succeed(now=change.now)
    if is_edited or using is not None or snapshot_of(integration) != before:
        touch(integration, change.now)
        await integration.save()
    if is_edited:
        await change.record(IntegrationEdited(integration.id, integration.name))
    if using is not None:
        await tell_renewed(change, integration)
    await tell_status(change, integration, before=before)
    return Placed(integration, new_app)


def _rename(integration: Integration, name: str | None) -> bool:
    if name is None or name == integration.name:
        return False
    integration.name = name
    return True
