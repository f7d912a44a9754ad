"""Deleting an installed app, as the API answers it: with the integrations that stopped, so it stands above those."""

from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation, relation
from app.graphql.inputs import key_of
from app.installed_apps.actions import delete
from app.integrations import loaders
from app.integrations.inputs import NOTHING_CHANGED, NULL_WHEN_REFUSED
from app.integrations.types import Integration


@strawberry.input(description="Which installed app is deleted.")
class DeleteInstalledAppInput:
    id: strawberry.ID = strawberry.field(description="Which installed app.")


@strawberry.type(description="The installed app that is no more, and what stopped with it.")
@attributes(PUBLIC_ATTRIBUTE)
class DeleteInstalledAppPayload:
    app_id: strawberry.Private[UUID | None] = None
    deleted_installed_app_id: strawberry.ID | None = strawberry.field(default=None, description=NULL_WHEN_REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=NOTHING_CHANGED)

    @relation(description="What used it and has stopped, newest first; null when refused.")
    async def stopped_integrations(self, info: Info, page: Arguments) -> Connection[Integration] | None:
        if self.app_id is None:
            return None
        stopped = await info.context.load(loaders.integrations_stopped_with_apps, (self.app_id, page))
        return Connection.of(stopped, Integration.of)


@mutation(
    ADMINISTERING,
    description=(
        "Team Admins only. Every integration that uses it stops (NEEDS_REAUTHENTICATION) in the same transaction: "
        "`installedApp.integrations` says before which they are. `addInstalledApp` says what adding it again brings back."
    ),
)
async def delete_installed_app(info: Info, input: DeleteInstalledAppInput) -> DeleteInstalledAppPayload:
    key = key_of(input.id, "InstalledApp", field=("id",))
    app = await delete(key, caller=info.context.viewer, services=info.context.services)
    return DeleteInstalledAppPayload(app_id=app.id, deleted_installed_app_id=input.id)
