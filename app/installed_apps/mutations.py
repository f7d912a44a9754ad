"""Changing installed apps through the API. Deleting one answers with integrations, and stands with those."""

from datetime import datetime

import strawberry

from app.access.rules import ADMINISTERING, CHANGING, CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes, require
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import chosen, given, key_of
from app.graphql.scalars import URL
from app.installed_apps import actions, checks, shared_clients, shared_secrets
from app.installed_apps.permissions import is_shared_authorization, is_shared_secret
from app.installed_apps.shared_clients import ClientEdit, NewClient
from app.installed_apps.shared_secrets import PastedField
from app.installed_apps.types import InstalledApp
from app.sealing.secret import Secret
from app.sign_ins.inputs import key_of_sign_in

WHICH = "Which installed app."
UPDATED_AT = "What `updatedAt` was when it was read: CONFLICT if it was edited since. Left out: whatever it is."
WHY = "Why nothing was changed."


@strawberry.input(description="A Git server's OAuth client, which the team shares.")
class SharedClientInput:
    provider: strawberry.ID = strawberry.field(description="The provider's key.")
    url: URL = strawberry.field(
        description=(
            "The server's base address, such as https://gitlab.example.com (a relative root is kept). It cannot be edited later."
        )
    )
    client_id: str = strawberry.field(description="The client's public name there.")
    client_secret: str = strawberry.field(description="Its secret: sealed at once, and never shown again.")
    ca_certificates: str | None = strawberry.field(
        default=None, description="PEM certificates to trust for this server, beside the system's."
    )


@strawberry.input(description="A part of a secret, as the provider's `secretFields` describe it.")
class SecretFieldInput:
    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="Sealed at once, and never shown again.")


@strawberry.input(description="A secret that the provider gave, which the team shares.")
class SharedSecretInput:
    provider: strawberry.ID = strawberry.field(description="The provider's key.")
    fields: list[SecretFieldInput] = strawberry.field(description="All that is required of `secretFields`, each once.")


@strawberry.input(one_of=True, description="What the team is to share: exactly one of these.")
class InstalledAppSourceInput:
    authorization_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="A finished sign-in of the caller's, where installed apps hold the authorization.",
    )
    client: SharedClientInput | None = strawberry.field(
        default=strawberry.UNSET, description="An OAuth client, where members sign in as themselves (Git servers)."
    )
    secret: SharedSecretInput | None = strawberry.field(
        default=strawberry.UNSET, description="A secret that the provider gave, where nobody signs in."
    )


@strawberry.input(description="A new installed app. Without a `name` it is named after what it connects to.")
class AddInstalledAppInput:
    using: InstalledAppSourceInput = strawberry.field(description="What it shares.")
    name: str | None = strawberry.field(default=None, description="1 to 200 characters, for people; required with `client`.")


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


@strawberry.input(description="A fresh sign-in for an installed app.")
class ReauthenticateInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)
    authorization_id: strawberry.ID = strawberry.field(description="A finished sign-in of the caller's for the same workspace.")


@strawberry.input(description="Which installed app to ask about.")
class CheckInstalledAppInput:
    id: strawberry.ID = strawberry.field(description=WHICH)


@strawberry.type(description="The installed app that was added.")
@attributes(PUBLIC_ATTRIBUTE)
class AddInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The installed app as edited.")
@attributes(PUBLIC_ATTRIBUTE)
class EditInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The installed app with its fresh authorization.")
@attributes(PUBLIC_ATTRIBUTE)
class ReauthenticateInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@strawberry.type(description="The installed app with what the provider said as its status.")
@attributes(PUBLIC_ATTRIBUTE)
class CheckInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


@mutation(
    CHANGING,
    ADMINISTERING,
    description=(
        "Share a sign-in with the team, so that every member can put it to use (MEMBER, scope INTEGRATIONS_WRITE), or "
        "store the team's OAuth client for a Git server, where each member then signs in (ADMIN, scope ADMIN), or store a secret "
        "that the provider gave, which every member puts to use (ADMIN, scope ADMIN). "
        "A Git server that is added again, at the same address and with any client, adopts the integrations that the deletion "
        "of the one before has stopped: each goes on once the member whose authorization it uses has signed in there. Any other "
        "app that is added again adopts none: each integration is brought back by `reauthenticateIntegration`."
    ),
)
async def add_installed_app(info: Info, input: AddInstalledAppInput) -> AddInstalledAppPayload:
    context, client, secret = info.context, chosen(input.using.client), chosen(input.using.secret)
    if secret is not None:
        require(context.viewer, ADMINISTERING)
        typed = _read_fields(secret.fields)
        app = await shared_secrets.add(secret.provider, typed, name=input.name, caller=context.viewer, services=context.services)
    elif client is None:
        require(context.viewer, CHANGING)
        key = key_of_sign_in(chosen(input.using.authorization_id) or "", field=("using", "authorizationId"))
        app = await actions.add(key, name=input.name, caller=context.viewer, services=context.services)
    else:
        require(context.viewer, ADMINISTERING)
        app = await shared_clients.add(_read(client), name=input.name, caller=context.viewer, services=context.services)
    return AddInstalledAppPayload(installed_app=InstalledApp.of(app))


@mutation(
    CHANGING_OWN,
    ADMINISTERING,
    description=(
        "Edit an installed app: admins, and of one that holds a sign-in whoever set it up. That takes INTEGRATIONS_WRITE, "
        "any other ADMIN."
    ),
)
async def edit_installed_app(info: Info, input: EditInstalledAppInput) -> EditInstalledAppPayload:
    context = info.context
    key = key_of(input.id, "InstalledApp", field=("id",))
    name = given(input.name, field=("name",))
    expected = given(input.expected_updated_at, field=("expectedUpdatedAt",))
    app = await actions.find(context.viewer.team_id, key)
    secret = given(input.secret, field=("secret",))
    if secret is not None and not is_shared_secret(app):
        raise Refusal(UserErrorCode.INVALID, f"“{app.name}” holds no secret of this kind.", field=["secret"])
    if is_shared_secret(app):
        require(context.viewer, ADMINISTERING)
        _refuse_client_fields(input)
        if secret is None:
            app = await actions.edit(
                key, name=name, expected_updated_at=expected, caller=context.viewer, services=context.services
            )
        else:
            app = await shared_secrets.replace_secret(
                key,
                _read_fields(secret),
                name=name,
                expected_updated_at=expected,
                caller=context.viewer,
                services=context.services,
            )
    elif is_shared_authorization(app):
        require(context.viewer, CHANGING_OWN)
        _refuse_client_fields(input)
        app = await actions.edit(key, name=name, expected_updated_at=expected, caller=context.viewer, services=context.services)
    else:
        require(context.viewer, ADMINISTERING)
        app = await shared_clients.edit(
            key, _read_edit(input), name=name, expected_updated_at=expected, caller=context.viewer, services=context.services
        )
    return EditInstalledAppPayload(installed_app=InstalledApp.of(app))


@mutation(
    CHANGING,
    description="Put a fresh sign-in for the same workspace into the same installed app; its integrations work again.",
)
async def reauthenticate_installed_app(info: Info, input: ReauthenticateInstalledAppInput) -> ReauthenticateInstalledAppPayload:
    app = await actions.reauthenticate(
        key_of(input.id, "InstalledApp", field=("id",)),
        key_of_sign_in(input.authorization_id, field=("authorizationId",)),
        caller=info.context.viewer,
        services=info.context.services,
    )
    return ReauthenticateInstalledAppPayload(installed_app=InstalledApp.of(app))


@mutation(CHANGING, description="Ask the provider now whether the stored authorization still works.")
async def check_installed_app(info: Info, input: CheckInstalledAppInput) -> CheckInstalledAppPayload:
    app = await checks.check(
        key_of(input.id, "InstalledApp", field=("id",)), caller=info.context.viewer, services=info.context.services
    )
    return CheckInstalledAppPayload(installed_app=InstalledApp.of(app))


def _read(client: SharedClientInput) -> NewClient:
    return NewClient(
        provider=client.provider,
        url=client.url,
        client_id=client.client_id,
        secret=Secret(client.client_secret),
        certificates=client.ca_certificates,
    )


def _read_fields(fields: list[SecretFieldInput]) -> list[PastedField]:
    return [PastedField(each.name, Secret(each.value)) for each in fields]


def _read_edit(input: EditInstalledAppInput) -> ClientEdit:
    secret = given(input.client_secret, field=("clientSecret",))
    return ClientEdit(
        client_id=given(input.client_id, field=("clientId",)),
        secret=Secret(secret) if secret is not None else None,
        certificates=chosen(input.ca_certificates),
        sets_certificates=input.ca_certificates is not strawberry.UNSET,
    )


def _refuse_client_fields(input: EditInstalledAppInput) -> None:
    fields = {"clientId": input.client_id, "clientSecret": input.client_secret, "caCertificates": input.ca_certificates}
    for name, value in fields.items():
        if value is not strawberry.UNSET:
            message = "This installed app holds no OAuth client: there is nothing of the kind to edit."
            raise Refusal(UserErrorCode.INVALID, message, field=[name])
