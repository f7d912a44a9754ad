"""Deleting an integration."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.revisions import touch
from app.integrations.events import IntegrationDeleted
from app.integrations.inputs import NOTHING_CHANGED, NULL_WHEN_REFUSED, key_of_integration
from app.integrations.kinds.table import kind_of
from app.integrations.models import Integration as Row
from app.integrations.permissions import find_editable
from app.integrations.restoring import give_back
from app.log.events import Change
from app.services import Services


@strawberry.input(description="Which integration is deleted.")
class DeleteIntegrationInput:
    id: strawberry.ID = strawberry.field(description="Which integration.")


@strawberry.type(description="The integration that is no more.")
@attributes(PUBLIC_ATTRIBUTE)
class DeleteIntegrationPayload:
    deleted_integration_id: strawberry.ID | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)


@mutation(CHANGING_OWN, description="Delete an integration: who made it may, and admins.")
async def delete_integration(info: Info, input: DeleteIntegrationInput) -> DeleteIntegrationPayload:
    await delete(key_of_integration(input.id), caller=info.context.viewer, services=info.context.services)
    return DeleteIntegrationPayload(deleted_integration_id=input.id)


async def delete(integration_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Delete it, and give back the grant that it had for its own.

    Raises NOT_FOUND; FORBIDDEN unless the caller made it or is an admin.
    """

    async def apply(change: Change) -> Row:
        integration = await find_editable(change, integration_id, caller=caller)
        integration.deleted_at = change.now
        touch(integration, change.now)
        await integration.save(update_fields=["deleted_at", "updated_at"])
        if integration.grant_id is not None:
            await give_back(change, integration.grant_id, but=integration.id)
        checks = kind_of(integration).checks
        if checks is not None:
            await checks.release(change, integration.id)
        await change.record(IntegrationDeleted(integration.id, integration.name))
        return integration

    return await services.events.change(caller.team_id, apply, actor=caller.actor, is_free=True)
