"""Adding an installed app: of a sign-in, a client or a secret."""

from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import ADMINISTERING, CHANGING, PUBLIC_ATTRIBUTE, Rule, attributes
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import chosen
from app.graphql.scalars import URL
from app.installed_apps import shared_clients, shared_secrets
from app.installed_apps.inputs import WHY, SecretFieldInput, read_fields
from app.installed_apps.models import InstalledApp as Row
from app.installed_apps.shared_clients import NewClient
from app.installed_apps.sharing import share
from app.installed_apps.types import InstalledApp
from app.log.events import Change
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins import grants
from app.sign_ins.inputs import key_of_sign_in
from app.teams.permissions import recheck_role


@strawberry.input(description="A Git server's OAuth client, which the team shares.")
class SharedClientInput:
    provider: strawberry.ID = strawberry.field(description="The provider's key.")
    url: URL = strawberry.field(
        description=(
            "The server's base address, such as https://git.example.com (a relative root is kept). It cannot be edited later."
        )
    )
    client_id: str = strawberry.field(description="The client's public name there.")
    client_secret: str = strawberry.field(description="Its secret: sealed at once, and never shown again.")
    ca_certificates: str | None = strawberry.field(
        default=None, description="PEM certificates to trust for this server, beside the system's."
    )


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


@strawberry.type(description="The installed app that was added.")
@attributes(PUBLIC_ATTRIBUTE)
class AddInstalledAppPayload:
    installed_app: InstalledApp | None = strawberry.field(default=None, description="Null when refused.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description=WHY)


def _rule_of(input: AddInstalledAppInput) -> Rule:
    return CHANGING if chosen(input.using.authorization_id) is not None else ADMINISTERING


@mutation(
    CHANGING,
    ADMINISTERING,
    taken=_rule_of,
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
    app = await _add(input, caller=info.context.viewer, services=info.context.services)
    return AddInstalledAppPayload(installed_app=InstalledApp.of(app))


async def add(authorization_id: UUID, *, name: str | None, caller: Caller, services: Services) -> Row:
    """Share the caller's finished sign-in with the team. `name` None: it is named after its workspace.

    Raises what `grants.use` and `share` refuse.
    """

    async def apply(change: Change) -> Row:
        await recheck_role(change, caller)
        field = ("using", "authorizationId")
        grant = await grants.use(
            change, authorization_id, member_id=caller.member_id, shared=True, wanted_account_id=None, field=field
        )
        return await share(change, grant, name=name, member_id=caller.member_id, field=field)

    return await services.events.change(caller.team_id, apply, actor=caller.actor)


async def _add(input: AddInstalledAppInput, *, caller: Caller, services: Services) -> Row:
    client, secret = chosen(input.using.client), chosen(input.using.secret)
    if secret is not None:
        typed = read_fields(secret.fields)
        return await shared_secrets.add(secret.provider, typed, name=input.name, caller=caller, services=services)
    if client is not None:
        return await shared_clients.add(_read(client), name=input.name, caller=caller, services=services)
    key = key_of_sign_in(chosen(input.using.authorization_id) or "", field=("using", "authorizationId"))
    return await add(key, name=input.name, caller=caller, services=services)


def _read(client: SharedClientInput) -> NewClient:
    return NewClient(
        provider=client.provider,
        url=client.url,
        client_id=client.client_id,
        secret=Secret(client.client_secret),
        certificates=client.ca_certificates,
    )
