"""Pausing an integration, and letting it go on."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.revisions import touch
from app.integrations.events import IntegrationEdited
from app.integrations.inputs import NOTHING_CHANGED, NULL_WHEN_REFUSED, key_of_integration
from app.integrations.models import Integration as Row
from app.integrations.permissions import find_editable
from app.integrations.status import STATUS_COLUMNS, snapshot_of, tell_status
from app.integrations.types import Integration
from app.log.events import Change
from app.services import Services


@strawberry.input(description="Which integration is paused.")
class PauseIntegrationInput:
    id: strawberry.ID = strawberry.field(description="Which integration.")


@strawberry.type(description="The integration that was paused.")
@attributes(PUBLIC_ATTRIBUTE)
class PauseIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@strawberry.input(description="Which integration goes on.")
class ResumeIntegrationInput:
    id: strawberry.ID = strawberry.field(description="Which integration.")


@strawberry.type(description="The integration that goes on.")
@attributes(PUBLIC_ATTRIBUTE)
class ResumeIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@mutation(CHANGING_OWN, description="Post nothing until it is resumed. Who made it may, and admins.")
async def pause_integration(info: Info, input: PauseIntegrationInput) -> PauseIntegrationPayload:
    integration = await pause(key_of_integration(input.id), caller=info.context.viewer, services=info.context.services)
    return PauseIntegrationPayload(integration=Integration.of(integration))


@mutation(CHANGING_OWN, description="Let a paused integration go on. Who made it may, and admins.")
async def resume_integration(info: Info, input: ResumeIntegrationInput) -> ResumeIntegrationPayload:
    integration = await resume(key_of_integration(input.id), caller=info.context.viewer, services=info.context.services)
    return ResumeIntegrationPayload(integration=Integration.of(integration))


async def pause(integration_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Post nothing until it is resumed. Pausing what is paused changes nothing.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """
    return await _set_paused(integration_id, paused=True, caller=caller, services=services)


async def resume(integration_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Undo `pause`; the same refusals. It is ACTIVE again unless something else holds it back."""
    return await _set_paused(integration_id, paused=False, caller=caller, services=services)


async def _set_paused(integration_id: UUID, *, paused: bool, caller: Caller, services: Services) -> Row:
    async def apply(change: Change) -> Row:
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
