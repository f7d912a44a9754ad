"""The kinds in the API, and which of them a provider's integrations can be."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.catalogue.schema import Provider, node_key
from app.graphql.context import Batch, Context, Info
from app.graphql.extension import Fields
from app.graphql.fields import relation
from app.graphql.ids import encode_id
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.integrations.kinds.contract import AnyKind
from app.integrations.kinds.table import ALL


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


@relation(description="What integrations with it can be.", size=at_most(len(ALL)))
def integration_kinds(root: Provider, info: Info) -> list[IntegrationKind]:
    del info
    return [IntegrationKind.of(kind) for kind in ALL if kind.is_offered_by(root.of_catalogue)]


async def _kinds(keys: Sequence[UUID], *, context: Context) -> list[IntegrationKind | None]:
    del context
    found = {node_key(kind.key): IntegrationKind.of(kind) for kind in ALL}
    return [found.get(key) for key in keys]


FIELDS: Fields = {Provider: {"integration_kinds": integration_kinds}}
NODES: dict[type, Batch[UUID, Any]] = {IntegrationKind: _kinds}
