from collections.abc import Sequence
from uuid import UUID

import pytest
import strawberry

from app.errors import BadUserInput
from app.graphql.context import Context
from app.graphql.ids import encode_id
from app.graphql.nodes import Node, find_node, find_nodes
from tests.graphql.tiny import World, caller

KEYS = [UUID(int=number) for number in range(3)]


def context() -> Context:
    return World().view()._endpoint.context(caller())  # noqa: SLF001 - what a transport does


async def test_ids_of_one_type_are_read_together_and_answered_in_order() -> None:
    asked: list[list[UUID]] = []

    async def read(keys: Sequence[UUID], /, *, context: Context) -> Sequence[Node | None]:
        assert context.viewer == caller()
        asked.append(list(keys))
        return [None if key == KEYS[1] else Node(id=strawberry.ID(encode_id("Thing", key))) for key in keys]

    ids = [*(encode_id("Thing", key) for key in KEYS), "odd", encode_id("Other", KEYS[0])]
    found = await find_nodes(ids, nodes={"Thing": read}, context=context())

    assert [node.id if node else None for node in found] == [ids[0], None, ids[2], None, None]
    assert asked == [KEYS]


async def test_an_id_that_names_nothing_is_null() -> None:
    assert await find_node("odd", nodes={}, context=context()) is None


async def test_more_than_a_hundred_ids_are_refused() -> None:
    with pytest.raises(BadUserInput):
        await find_nodes(["x"] * 101, nodes={}, context=context())
