"""Nodes: objects with an id of their own, and the way from the id to the object."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

import strawberry
from strawberry.types.base import get_object_definition

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import BadUserInput
from app.graphql.connections import LARGEST_SIZE
from app.graphql.context import Batch, Context
from app.graphql.ids import decode_id, type_of


@strawberry.interface(description="Something that `node(id:)` finds again.")
@attributes(PUBLIC_ATTRIBUTE)
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque and unique: the same thing keeps the same id.")


Nodes: TypeAlias = Mapping[str, Batch[UUID, Any]]
"""For each type's name in the schema: the batch function from keys to its objects, None for what the caller's team has not."""


def nodes_of(*tables: Mapping[Any, Batch[UUID, Any]]) -> Nodes:
    """Return the tables, keyed by GraphQL type, as one by the types' names. Raises ValueError when a name stands twice."""
    named = [(get_object_definition(kind, strict=True).name, batch) for table in tables for kind, batch in table.items()]
    if len(dict(named)) != len(named):
        raise ValueError("Two types of nodes have the same name.")
    return dict(named)


async def find_node(id: str, *, nodes: Nodes, context: Context) -> Node | None:
    """Return what `id` names in the caller's team; None for anything else, whatever the cause."""
    type_name = type_of(id)
    if type_name is None or type_name not in nodes:
        return None
    key = decode_id(id, type_name)
    found: Node | None = await context.load(nodes[type_name], key) if key is not None else None
    return found


async def find_nodes(ids: Sequence[str], *, nodes: Nodes, context: Context) -> list[Node | None]:
    """Return what each of `ids` names, in their order. Raises BadUserInput for more than 100."""
    if len(ids) > LARGEST_SIZE:
        raise BadUserInput(f"`ids` takes {LARGEST_SIZE} at most.")
    # At once, so that each type is read by one query.
    return await asyncio.gather(*(find_node(one, nodes=nodes, context=context) for one in ids))
