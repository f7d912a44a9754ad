"""Changing integrations through the API, and deleting the installed apps that they use."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, CHANGING, CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation, relation
from app.graphql.inputs import given, key_of
from app.installed_apps import actions as installed_apps
from app.installed_apps.types import InstalledApp
from app.integrations import actions, loaders
from app.integrations.adding import add
from app.integrations.editing import edit
from app.integrations.inputs import (
    EditIntegrationSettingsInput,
    IntegrationAuthorizationInput,
    IntegrationSettingsInput,
    read_edit,
)
from app.integrations.reauthenticating import reauthenticate
from app.integrations.types import Integration

WHICH = "Which integration."
WHY = "Why nothing was changed."
REFUSED = "Null when refused."
MADE = "The one made by shareWithTeam."


@strawberry.input(description="A new integration.")
class AddIntegrationInput:
    name: str = strawberry.field(description="1 to 200 characters, for people.")
    using: IntegrationAuthorizationInput = strawberry.field(description="What it is authorized by.")
    settings: IntegrationSettingsInput = strawberry.field(description="What it does.")


@strawberry.input(description="What is to be another; what is left out stays as it is.")
class EditIntegrationInput:
    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_updated_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="What `updatedAt` was when it was read: CONFLICT if it was edited since. Left out: whatever it is.",
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    using: IntegrationAuthorizationInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Another authorization, in the same transaction and in every status; another workspace is WRONG_ACCOUNT unless "
            "the same call sets channelId, another server always."
        ),
    )
    settings: EditIntegrationSettingsInput | None = strawberry.field(
        default=strawberry.UNSET, description="Other settings; the kind cannot be changed."
    )


@strawberry.input(description="Which integration is deleted.")
class DeleteIntegrationInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(description="Another authorization for an integration, for the same workspace.")
class ReauthenticateIntegrationInput:
    id: strawberry.ID = strawberry.field(description=WHICH)
    using: IntegrationAuthorizationInput = strawberry.field(description="What it is authorized by from now on.")


@strawberry.input(description="Which integration is paused.")
class PauseIntegrationInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(description="Which integration goes on.")
class ResumeIntegrationInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.input(description="Which installed app is deleted.")
class DeleteInstalledAppInput:
    id: strawberry.ID = strawberry.field(description="Which installed app.")


@strawberry.type(description="The integration that was added.")
@attributes(PUBLIC_ATTRIBUTE)
class AddIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=MADE)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The integration as edited.")
@attributes(PUBLIC_ATTRIBUTE)
class EditIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=MADE)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The integration that is no more.")
@attributes(PUBLIC_ATTRIBUTE)
class DeleteIntegrationPayload:
    deleted_integration_id: strawberry.ID | None = strawberry.field(default=None, description=REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The integration with its other authorization.")
@attributes(PUBLIC_ATTRIBUTE)
class ReauthenticateIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=REFUSED)
    installed_app: InstalledApp | None = strawberry.field(default=None, description=MADE)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The integration that was paused.")
@attributes(PUBLIC_ATTRIBUTE)
class PauseIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The integration that goes on.")
@attributes(PUBLIC_ATTRIBUTE)
class ResumeIntegrationPayload:
    integration: Integration | None = strawberry.field(default=None, description=REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The installed app that is no more, and what stopped with it.")
@attributes(PUBLIC_ATTRIBUTE)
class DeleteInstalledAppPayload:
    app_id: strawberry.Private[UUID | None] = None
    deleted_installed_app_id: strawberry.ID | None = strawberry.field(default=None, description=REFUSED)
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)

    @relation(description="What used it and has stopped, newest first; null when refused.")
    async def stopped_integrations(self, info: Info, page: Arguments) -> Connection[Integration] | None:
        if self.app_id is None:
            return None
        stopped = await info.context.load(loaders.integrations_stopped_with_apps, (self.app_id, page))
        return Connection.of(stopped, Integration.of)


@mutation(CHANGING, description="Put an authorization to work.")
async def add_integration(info: Info, input: AddIntegrationInput) -> AddIntegrationPayload:
    placed = await add(
        input.name,
        using=input.using.using(),
        settings=input.settings.settings(),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return AddIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


@mutation(
    CHANGING_OWN,
    description="Everything in one save, a fresh sign-in included. Who made the integration may, and admins.",
)
async def edit_integration(info: Info, input: EditIntegrationInput) -> EditIntegrationPayload:
    placed = await edit(
        _key(input.id),
        read_edit(name=input.name, using=input.using, settings=input.settings),
        expected_updated_at=given(input.expected_updated_at, field=("expectedUpdatedAt",)),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return EditIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


@mutation(CHANGING_OWN, description="Delete an integration: who made it may, and admins.")
async def delete_integration(info: Info, input: DeleteIntegrationInput) -> DeleteIntegrationPayload:
    await actions.delete(_key(input.id), caller=info.context.viewer, services=info.context.services)
    return DeleteIntegrationPayload(deleted_integration_id=input.id)


@mutation(
    CHANGING,
    description=(
        "Bring a stopped integration back, with a fresh sign-in for the same workspace or with an installed app of the team; any "
        "member may, also who may not edit it. With a Git server's installed app it takes the caller's own authorization from "
        "then on. After the deletion of a Slack app: once for each integration, also where the team has added the app again."
    ),
)
async def reauthenticate_integration(info: Info, input: ReauthenticateIntegrationInput) -> ReauthenticateIntegrationPayload:
    placed = await reauthenticate(
        _key(input.id),
        using=input.using.using(),
        caller=info.context.viewer,
        services=info.context.services,
        budget=info.context.budget,
    )
    return ReauthenticateIntegrationPayload(
        integration=Integration.of(placed.integration),
        installed_app=InstalledApp.of(placed.new_app) if placed.new_app is not None else None,
    )


@mutation(CHANGING_OWN, description="Post nothing until it is resumed. Who made it may, and admins.")
async def pause_integration(info: Info, input: PauseIntegrationInput) -> PauseIntegrationPayload:
    integration = await actions.pause(_key(input.id), caller=info.context.viewer, services=info.context.services)
    return PauseIntegrationPayload(integration=Integration.of(integration))


@mutation(CHANGING_OWN, description="Let a paused integration go on. Who made it may, and admins.")
async def resume_integration(info: Info, input: ResumeIntegrationInput) -> ResumeIntegrationPayload:
    integration = await actions.resume(_key(input.id), caller=info.context.viewer, services=info.context.services)
    return ResumeIntegrationPayload(integration=Integration.of(integration))


@mutation(
    ADMINISTERING,
    description=(
        "Team Admins only. Every integration that uses it stops (NEEDS_REAUTHENTICATION) in the same transaction: "
        "`installedApp.integrations` says before which they are. `addInstalledApp` says what adding it again brings back."
    ),
)
async def delete_installed_app(info: Info, input: DeleteInstalledAppInput) -> DeleteInstalledAppPayload:
    key = key_of(input.id, "InstalledApp", field=("id",))
    app = await installed_apps.delete(key, caller=info.context.viewer, services=info.context.services)
    return DeleteInstalledAppPayload(app_id=app.id, deleted_installed_app_id=input.id)


def _key(id: strawberry.ID) -> UUID:
    return key_of(id, "Integration", field=("id",))
