"""The providers in the API."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any
from uuid import UUID, uuid5

import strawberry

from app.access.rules import ADMINISTERING, CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.catalogue.addresses import read_address
from app.catalogue.routes import icon_url
from app.errors import BadUserInput
from app.graphql.context import Batch, Context, Info
from app.graphql.enums import register_enum
from app.graphql.fields import query, relation
from app.graphql.ids import encode_id
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.scalars import URL
from app.outbound.origins import OddUrl
from app.providers import description
from app.providers.catalogue import CATALOGUE
from app.providers.contract import NotConfigured, SharingModel
from app.providers.description import callback_path

register_enum(
    SharingModel,
    name="SharingModel",
    description="What an installed app of the provider holds.",
    members={
        SharingModel.SHARED_AUTHORIZATION: ("The installed app holds the authorization: members use it without signing in."),
        SharingModel.SHARED_CLIENT: (
            "The installed app holds the team's OAuth client: each member signs in once, as themselves (Git servers)."
        ),
        SharingModel.SHARED_SECRET: (
            "The installed app holds a secret that the provider gave: an admin pastes it, and members use it without signing in."
        ),
    },
)


_NAMESPACE = UUID("5b0d9a52-6a0e-4c35-9a52-1f7f0f2f7c11")
"""Made up, and never another: the catalogue's ids are made in it."""

MOST_SECRET_FIELDS = max(1, *(len(provider.secret_fields) for provider in CATALOGUE.values()))

_Key = Annotated[strawberry.ID, strawberry.argument(description="The provider's key.")]
_Address = Annotated[URL | None, strawberry.argument(description="A Git server's base address: its redirect URI is made of it.")]


@strawberry.type(description="A part of the secret that the provider gave.")
@attributes(PUBLIC_ATTRIBUTE)
class SecretField:
    name: str = strawberry.field(description="What `SecretFieldInput.name` takes.")
    label: str = strawberry.field(description="For people.")
    description: str = strawberry.field(description="Where it is found, and what it looks like.")
    is_required: bool = strawberry.field(description="Whether there is no secret without it.")


@strawberry.type(description="A service that can be connected to.")
@attributes(PUBLIC_ATTRIBUTE)
class Provider(Node):
    of_catalogue: strawberry.Private[description.Provider]
    key: strawberry.ID = strawberry.field(description="Stable, in small letters.")
    name: str = strawberry.field(description="For people.")
    description: str = strawberry.field(description="What connecting to it is good for.")
    sharing: SharingModel = strawberry.field(description="What an installed app of it holds.")
    help_url: URL | None = strawberry.field(
        description="Where the provider itself explains to people what they have to do there; null where it does not."
    )
    requested_scopes: list[str] = strawberry.field(description="What a sign-in asks for; all of it is needed.")
    secret_fields: list[SecretField] = strawberry.field(
        description="SHARED_SECRET only: what an admin pastes, in this order.", metadata=at_most(MOST_SECRET_FIELDS)
    )

    @relation(description="A picture to know it by: a square SVG at this server's own address, for whoever asks.")
    def icon_url(self, info: Info) -> URL:
        return URL(icon_url(self.of_catalogue, public_url=info.context.services.settings.public_url))

    @relation(description="False until the operator has set what it needs; `unavailableReason` names the missing settings.")
    def available(self, info: Info) -> bool:
        return unavailable_reason(self.of_catalogue, info) is None

    @relation(description="What the operator has to set; null when it is available.")
    def unavailable_reason(self, info: Info) -> str | None:
        return unavailable_reason(self.of_catalogue, info)

    @relation(
        description=(
            "The exact redirect URI to register there. A Git server has its own, made from its address: null without `address`."
        )
    )
    def callback_url(self, info: Info, address: _Address = None) -> URL | None:
        public_url = info.context.services.settings.public_url
        if self.sharing is SharingModel.SHARED_AUTHORIZATION:
            return URL(callback_url(self.of_catalogue, public_url=public_url))
        if address is None or self.sharing is SharingModel.SHARED_SECRET:
            return None
        server = read_address(address)
        if isinstance(server, OddUrl):
            raise BadUserInput(f"`address` is no server's address: {server.message}.")
        return URL(callback_url(self.of_catalogue, server.base_url, public_url=public_url))

    @relation(description="Whether the viewer's role allows adding an installed app of it.")
    def viewer_can_add_installed_app(self, info: Info) -> bool:
        rule = CHANGING if self.sharing is SharingModel.SHARED_AUTHORIZATION else ADMINISTERING
        return rule.admits(info.context.viewer.role)


def provider_of(key: str) -> Provider:
    """Return the provider's object. `key` is one of the catalogue's: rows hold no other."""
    described = CATALOGUE[key]
    return Provider(
        of_catalogue=described,
        id=strawberry.ID(encode_id("Provider", node_key(described.key))),
        key=strawberry.ID(described.key),
        name=described.name,
        description=described.description,
        sharing=described.sharing,
        help_url=URL(described.help_url) if described.help_url is not None else None,
        requested_scopes=list(described.scopes),
        secret_fields=[
            SecretField(name=each.name, label=each.label, description=each.description, is_required=each.is_required)
            for each in described.secret_fields
        ],
    )


def callback_url(provider: description.Provider, base_url: str | None = None, *, public_url: str) -> str:
    """Return the redirect URI to register: of a Git server its own, made of its `base_url` in its one spelling."""
    return f"{public_url}{callback_path(provider, base_url)}"


def unavailable_reason(provider: description.Provider, info: Info) -> str | None:
    """Return which settings the operator has to give for it; None where none are missing."""
    if provider.sign_in is None or provider.sharing is SharingModel.SHARED_CLIENT:
        return None  # the teams bring their own clients, or have what the provider gave
    match provider.sign_in.configure(info.context.services.settings):
        case NotConfigured(settings=names):
            return f"The operator has not set {' and '.join(names)}."
        case _:
            return None


@cache
def node_key(key: str) -> UUID:
    """Return what an id is made of: always the same for a key of the catalogue, as a row's own."""
    return uuid5(_NAMESPACE, key)


async def _providers(keys: Sequence[UUID], *, context: Context) -> list[Provider | None]:
    del context
    named = {node_key(key): key for key in CATALOGUE}
    return [provider_of(named[key]) if key in named else None for key in keys]


@query(description="One of the providers; null for a key that is not among them.")
def provider(info: Info, key: _Key) -> Provider | None:
    del info
    return provider_of(key) if key in CATALOGUE else None


QUERY = {"provider": provider}
NODES: dict[type, Batch[UUID, Any]] = {Provider: _providers}
