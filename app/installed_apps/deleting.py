"""Deleting an installed app. What stopped with it is told by the integrations, which stand above."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.installed_apps.events import InstalledAppDeleted
from app.installed_apps.inputs import WHICH, WHY, key_of_app
from app.installed_apps.models import InstalledApp as Row
from app.installed_apps.permissions import find_app
from app.log.events import Change
from app.services import Services
from app.sign_ins import endings, grants
from app.sign_ins.models import OAuthClient
from app.teams.permissions import recheck_role


@strawberry.input(description="Which installed app is deleted.")
class DeleteInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.type(description="The installed app that is no more, and what stopped with it.")
@attributes(PUBLIC_ATTRIBUTE)
class DeleteInstalledAppPayload:
    app_id: strawberry.Private[UUID | None] = None
    deleted_installed_app_id: strawberry.ID | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@mutation(
    ADMINISTERING,
    description=(
        "Team Admins only. Every integration that uses it stops (NEEDS_REAUTHENTICATION) in the same transaction: "
        "`installedApp.integrations` says before which they are. `addInstalledApp` says what adding it again brings back."
    ),
)
async def delete_installed_app(info: Info, input: DeleteInstalledAppInput) -> DeleteInstalledAppPayload:
    app = await delete(key_of_app(input.id), caller=info.context.viewer, services=info.context.services)
    return DeleteInstalledAppPayload(app_id=app.id, deleted_installed_app_id=input.id)


async def delete(app_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Delete it and give its authorization, or the members' own, back; every integration that uses it stops in the same change.

    Team Admins only. Raises NOT_FOUND, FORBIDDEN.
    """

    async def apply(change: Change) -> Row:
        await recheck_role(change, caller, rule=ADMINISTERING)
        app = await find_app(change.team_id, app_id)
        app.delete_at(change.now)
        await app.save(update_fields=["live_key", "deleted_at", "updated_at"])
        if app.grant_id is not None:
            await grants.retire(change, app.grant_id)
        if app.oauth_client_id is not None:
            client = await OAuthClient.get(id=app.oauth_client_id)
            await endings.end_client(change, client, why=f"The installed app “{app.name}” was deleted.", tells=False)
        await change.record(InstalledAppDeleted(app.id, app.name))
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor, is_free=True)
