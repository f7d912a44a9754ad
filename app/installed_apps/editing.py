"""Editing an installed app: its name, and the client or the secret that it holds."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import ADMINISTERING, CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes, require
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import given, given_or_cleared
from app.graphql.revisions import check_unchanged, touch
from app.installed_apps import shared_clients, shared_secrets
from app.installed_apps.events import InstalledAppEdited
from app.installed_apps.inputs import UPDATED_AT, WHICH, WHY, SecretFieldInput, key_of_app, read_fields
from app.installed_apps.models import InstalledApp as Row
from app.installed_apps.permissions import find_app, is_shared_authorization, is_shared_secret, may_edit
from app.installed_apps.shared_clients import ClientEdit
from app.installed_apps.types import InstalledApp
from app.log.events import Change
from app.sealing.secret import Secret
from app.services import Services
from app.teams.names import check_name
from app.teams.permissions import recheck_role


@strawberry.input(description="What is to be another; what is left out stays as it is.")
class EditInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)
    expected_updated_at: datetime | None = strawberry.field(default=strawberry.UNSET, description=UPDATED_AT)
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    client_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="SHARED_CLIENT only, as the next two. A new one ends the members' authorizations."
    )
    client_secret: str | None = strawberry.field(
        default=strawberry.UNSET, description="A new one keeps the members' authorizations."
    )
    ca_certificates: str | None = strawberry.field(default=strawberry.UNSET, description="null clears them.")
    secret: list[SecretFieldInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="SHARED_SECRET only: all of a new secret for the same account. Integrations go on with it, stopped ones too.",
    )


@strawberry.type(description="The installed app as edited.")
@attributes(PUBLIC_ATTRIBUTE)
class EditInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@mutation(
    CHANGING_OWN,
    ADMINISTERING,
    description=(
        "Edit an installed app: admins, and of one that holds a sign-in whoever set it up. That takes INTEGRATIONS_WRITE, "
        "any other ADMIN."
    ),
)
async def edit_installed_app(info: Info, input: EditInstalledAppInput) -> EditInstalledAppPayload:
    app = await _edit(input, caller=info.context.viewer, services=info.context.services)
    return EditInstalledAppPayload(installed_app=InstalledApp.of(app))


async def edit(
    app_id: UUID, *, name: str | None, expected_updated_at: datetime | None, caller: Caller, services: Services
) -> Row:
    """Rename it. `name` None leaves it as it is. Whoever set it up may, and admins.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT when it was edited since `expected_updated_at`, INVALID for a name that is none.
    """
    checked = check_name(name) if name is not None else None

    async def apply(change: Change) -> Row:
        viewer = await recheck_role(change, caller)
        app = await find_app(change.team_id, app_id)
        if not may_edit(viewer, app):
            raise Refusal(UserErrorCode.FORBIDDEN, f"Only Team Admins and who set up “{app.name}” may edit it.")
        check_unchanged(app, expected_updated_at)
        if checked is None or checked == app.name:
            return app
        app.name = checked
        touch(app, change.now)
        await app.save(update_fields=["name", "updated_at"])
        await change.record(InstalledAppEdited(app.id, app.name))
        return app

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def _edit(input: EditInstalledAppInput, *, caller: Caller, services: Services) -> Row:
    key, name = key_of_app(input.id), given(input.name, field=("name",))
    expected = given(input.expected_updated_at, field=("expectedUpdatedAt",))
    app = await find_app(caller.team_id, key)
    secret = given(input.secret, field=("secret",))
    if secret is not None and not is_shared_secret(app):
        raise Refusal(UserErrorCode.INVALID, f"“{app.name}” holds no secret of this kind.", field=["secret"])
    require(caller, CHANGING_OWN if is_shared_authorization(app) else ADMINISTERING)
    if app.oauth_client_id is not None:
        edited = _read_edit(input)
        return await shared_clients.edit(key, edited, name=name, expected_updated_at=expected, caller=caller, services=services)
    _refuse_client_fields(input)
    if secret is not None:
        typed = read_fields(secret)
        return await shared_secrets.replace_secret(
            key, typed, name=name, expected_updated_at=expected, caller=caller, services=services
        )
    return await edit(key, name=name, expected_updated_at=expected, caller=caller, services=services)


def _read_edit(input: EditInstalledAppInput) -> ClientEdit:
    secret = given(input.client_secret, field=("clientSecret",))
    return ClientEdit(
        client_id=given(input.client_id, field=("clientId",)),
        secret=Secret(secret) if secret is not None else None,
        certificates=given_or_cleared(input.ca_certificates),
    )


def _refuse_client_fields(input: EditInstalledAppInput) -> None:
    fields = {"clientId": input.client_id, "clientSecret": input.client_secret, "caCertificates": input.ca_certificates}
    for name, value in fields.items():
        if value is not strawberry.UNSET:
            message = "This installed app holds no OAuth client: there is nothing of the kind to edit."
            raise Refusal(UserErrorCode.INVALID, message, field=[name])
