from typing import Any

import pytest
import strawberry

from app.graphql.context import Info
from app.graphql.execution.schema import Schema
from app.graphql.extension import extend_types
from app.graphql.fields import query, relation
from tests.graphql.tiny import World


def make_query() -> type:
    @strawberry.type(description="Questions.")
    class Query:
        @query(description="One.")
        async def one(self, info: Info) -> int:
            return len(info.field_name)

    return Query


@relation(description="Two.")
async def two(info: Info) -> int:
    return len(info.field_name)


@query(description="Another one.")
async def one(info: Info) -> int:
    return len(info.field_name)


async def test_a_field_stands_in_the_type_it_was_put_into() -> None:
    kind = make_query()

    extend_types({kind: {"two_more": two}})
    extend_types({kind: {"two_more": two}})
    context = World(caller=None).view()._endpoint.context(None)  # noqa: SLF001 - what a transport does
    schema = Schema(kind)
    result = await schema.execute("{ twoMore }", context_value=context)

    assert '"""Two."""\n  twoMore: Int!' in schema.as_str()
    assert result.errors is not None
    assert type(result.errors[0].original_error).__name__ == "Unauthenticated"


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match="Query has a field one already"):
        extend_types({make_query(): {"one": one}})


def test_a_plain_function_is_refused() -> None:
    async def plain(info: Info) -> int:
        return len(info.field_name)

    with pytest.raises(TypeError, match="not decorated"):
        extend_types({make_query(): {"plain": plain}})


def test_a_field_without_a_description_is_refused() -> None:
    bare: Any = strawberry.field(resolver=lambda: 1)

    with pytest.raises(ValueError, match="no description"):
        extend_types({make_query(): {"bare": bare}})
