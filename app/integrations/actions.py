"""What is done with an integration that is there: paused, resumed, deleted, taken note of."""

from collections.abc import Sequence
from uuid import UUID

from app.access.callers import Caller
from app.errors import Refusal, UserErrorCode
from app.graphql.inputs import not_found
from app.graphql.revisions import touch
from app.integrations.events import IntegrationDeleted, IntegrationEdited
from app.integrations.kinds.connect_api import settings as connections
from app.integrations.models import Integration
from app.integrations.permissions import may_edit
from app.integrations.status import STATUS_COLUMNS, snapshot_of, tell_status
from app.log.events import Change
from app.services import Services
from app.sign_ins import grants
from app.teams.permissions import recheck_role


async def pause(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Post nothing until it is resumed. Pausing what is paused changes nothing.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """
    return await _set_paused(integration_id, paused=True, caller=caller, services=services)


async def resume(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Undo `pause`; the same refusals. It is ACTIVE again unless something else holds it back."""
    return await _set_paused(integration_id, paused=False, caller=caller, services=services)


async def delete(integration_id: UUID, *, caller: Caller, services: Services) -> Integration:
    """Delete it, and give back the grant that it had for its own.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """

    async def apply(change: Change) -> Integration:
        integration = await find_editable(change, integration_id, caller=caller)
        integration.deleted_at = change.now
        touch(integration, change.now)
        await integration.save(update_fields=["deleted_at", "updated_at"])
        if integration.grant_id is not None:
            await grants.retire(change, integration.grant_id)
        await connections.free(change, integration.id)
        await change.record(IntegrationDeleted(integration.id, integration.name))
        return integration

    return await services.events.change(caller.team_id, apply, actor=caller.actor, is_free=True)


async def find(team_id: UUID, integration_id: UUID, *, field: Sequence[str] = ("id",)) -> Integration:
    """Return the team's integration. Raises NOT_FOUND, for a deleted one too."""
    integration = await Integration.get_or_none(id=integration_id, team_id=team_id, deleted_at__isnull=True)
    if integration is None:
        raise not_found(field=field)
    return integration


async def find_editable(change: Change, integration_id: UUID, *, caller: Caller) -> Integration:
    """The same, for a caller who is about to change it. Raises FORBIDDEN unless they made it or are an admin."""
    viewer = await recheck_role(change, caller)
    integration = await find(change.team_id, integration_id)
    check_editable(viewer, integration)
    return integration


def check_editable(caller: Caller, integration: Integration) -> None:
    """Raise FORBIDDEN unless the caller may edit it."""
    if not may_edit(caller, integration):
        raise Refusal(
            UserErrorCode.FORBIDDEN,
            f"Only who made “{integration.name}” and Team Admins may change it. Re-authenticating it is open to every member.",
        )


async def _set_paused(integration_id: UUID, *, paused: bool, caller: Caller, services: Services) -> Integration:
    async def apply(change: Change) -> Integration:
        integration = await find_editable(change, integration_id, caller=caller)
        if integration.is_paused is paused:
            return integration
        before = snapshot_of(integration)
        turn = integration.pause if paused else integration.resume
        turn(now=change.now)
        touch(integration, change.now)
        await integration.save(update_fields=[*STATUS_COLUMNS, "updated_at"])
        if snapshot_of(integration) == before:
            # Stopped all the same: its status says nothing of the pause, and listeners would not hear of it.
            await change.record(IntegrationEdited(integration.id, integration.name))
        await tell_status(change, integration, before=before)
        return integration

    return await services.events.change(caller.team_id, apply, actor=caller.actor)
