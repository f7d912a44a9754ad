"""The kinds in the API, and which of them a provider's integrations can be."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, node_key, provider_of
from app.graphql.context import Batch, Context, Info
from app.graphql.extension import Fields
from app.graphql.fields import query, relation
from app.graphql.ids import encode_id
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.graphql.searches import check_search
from app.integrations.kinds.contract import AnyKind
from app.integrations.kinds.table import ALL
from app.providers import description
from app.providers.catalogue import CATALOGUE

_Search = Annotated[
    str | None,
    strawberry.argument(
        description="Only those whose name, or a kind's that they offer, has this in it, in upper or lower case."
    ),
]


@strawberry.type(description="What an integration can be.")
@attributes(PUBLIC_ATTRIBUTE)
class IntegrationKind(Node):
    key: strawberry.ID = strawberry.field(description="Stable: the key by which clients name it.")
    name: str = strawberry.field(description="For people.")
    description: str = strawberry.field(description="What such an integration does.")
    supports_installed_apps: bool = strawberry.field(description="Whether it can use an installed app of the team.")

    @classmethod
    def of(cls, kind: AnyKind) -> "IntegrationKind":
        return object_of(cls, kind, id=strawberry.ID(encode_id("IntegrationKind", node_key(kind.key))))


@query(description="What can be connected to, in alphabetical order.", size=at_most(len(CATALOGUE)))
def providers(info: Info, search: _Search = None) -> list[Provider]:
    del info
    wanted = (check_search(search) or "").casefold()
    return [provider_of(key) for key, each in CATALOGUE.items() if any(wanted in name.casefold() for name in _names_of(each))]


def _names_of(provider: description.Provider) -> list[str]:
    """Return what people may look for it by: its own name, and those of the kinds that it offers."""
    return [provider.name, *(kind.name for kind in ALL if kind.is_offered_by(provider))]


@relation(description="What integrations with it can be.", size=at_most(len(ALL)))
def integration_kinds(root: Provider, info: Info) -> list[IntegrationKind]:
    del info
    return [IntegrationKind.of(kind) for kind in ALL if kind.is_offered_by(root.of_catalogue)]


async def _kinds(keys: Sequence[UUID], *, context: Context) -> list[IntegrationKind | None]:
    del context
    found = {node_key(kind.key): IntegrationKind.of(kind) for kind in ALL}
    return [found.get(key) for key in keys]


QUERY: dict[str, Any] = {"providers": providers}
FIELDS: Fields = {Provider: {"integration_kinds": integration_kinds}}
NODES: dict[type, Batch[UUID, Any]] = {IntegrationKind: _kinds}
