"""Relations that are resolved for whole levels: asked once, refused and missed as one by one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated

import pytest
import strawberry
from graphql import parse

from app.access.callers import Caller, Role, Scope
from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection, Page
from app.graphql.context import Batch, Context, Info
from app.graphql.execution.schema import Schema
from app.graphql.fields import query
from app.graphql.lists import at_most
from app.graphql.relations import Narrowing, derived, pages, reference
from tests.graphql.alike import ByLevels, answer, both, essence
from tests.graphql.tiny import World, caller

BATCHES: list[list[int]] = []


async def halves(keys: Sequence[int], /, *, context: Context) -> list[int | None]:
    del context
    BATCHES.append(list(keys))
    return [None if key % 2 else key // 2 for key in keys]


async def lists(keys: Sequence[tuple[int, Arguments]], /, *, context: Context) -> list[Page[int]]:
    del context
    return [
        Page(range(page.size), [str(place) for place in range(page.size)], has_next=False, has_previous=False) for _, page in keys
    ]


@cache
def lists_from(least: int) -> Batch[tuple[int, Arguments], Page[int]]:
    async def batch(keys: Sequence[tuple[int, Arguments]], /, *, context: Context) -> list[Page[int]]:
        return [replace(page, rows=[row + least for row in page.rows]) for page in await lists(keys, context=context)]

    return batch


@strawberry.type(description="A number.")
@attributes(PUBLIC_ATTRIBUTE)
class Number:
    value: int = strawberry.field(description="Its value.")
    square: int = derived(lambda value: value * value, by="value", description="Its square.")
    half: "Number | None" = reference(halves, lambda value: Number(value=value), by="value", description="Its half, if any.")
    needed: "Number" = reference(
        halves,
        lambda value: Number(value=value),
        by="value",
        missing=lambda: LookupError("No half."),
        description="Its half.",
    )
    secret: "Number | None" = reference(
        halves, lambda value: Number(value=value), by="value", rule=ADMINISTERING, description="Not for everybody."
    )
    list: Connection["Number"] = pages(
        lists,
        Connection,
        lambda value: Number(value=value),
        by="value",
        description="Numbers.",
    )
    narrow_list: Connection["Number"] = pages(
        lists,
        Connection,
        lambda value: Number(value=value),
        by="value",
        description="Numbers from some on.",
        narrowed=Narrowing(Annotated[int | None, strawberry.argument(description="The least of them.")], lists_from),
    )


@strawberry.type(description="Questions.")
class Query:
    @query(description="Numbers.", size=at_most(9))
    def numbers(self, info: Info) -> list[Number]:
        del info
        return [Number(value=value) for value in range(5)]


SCHEMA = Schema(Query)._schema  # noqa: SLF001 - around the limits


@pytest.mark.parametrize(
    "selected",
    [
        "value square half { value half { value } }",
        "list(first: 2) { nodes { value square } pageInfo { hasNextPage startCursor endCursor } }",
        "list(first: 0) { nodes { value } }",
        "narrowList(first: 2) { nodes { value } } from: narrowList(first: 2, filter: 7) { nodes { value } }",
        "narrowList(first: 2, filter: null) { nodes { value } } wrong: narrowList(first: 0, filter: 7) { nodes { value } }",
        "needed { value }",
        "value secret { value }",
    ],
)
async def test_they_are_answered_as_one_by_one(selected: str) -> None:
    by_levels, one_by_one = await both(SCHEMA, parse(f"{{ numbers {{ {selected} }} }}"), context=_context())

    assert essence(by_levels) == essence(one_by_one)


async def test_one_question_is_asked_for_all_objects_and_fields_of_a_level() -> None:
    BATCHES.clear()

    found = await answer(SCHEMA, parse("{ numbers { half { value } needed: half { value } } }"), ByLevels, context=_context())

    assert BATCHES == [[0, 1, 2, 3, 4]]
    assert [number["half"] for number in found["data"]["numbers"]] == [{"value": 0}, None, {"value": 1}, None, {"value": 2}]


async def test_a_list_is_narrowed_by_what_its_filter_says() -> None:
    found = await answer(
        SCHEMA, parse("{ numbers { narrowList(first: 2, filter: 7) { nodes { value } } } }"), ByLevels, context=_context()
    )

    assert found["data"]["numbers"] == [{"narrowList": {"nodes": [{"value": 7}, {"value": 8}]}}] * 5


async def test_who_is_refused_is_told_so_for_each_object() -> None:
    refused: list[str] = []
    context = replace(_context(), note_refusal=lambda _, action, __: refused.append(action))

    found = await answer(SCHEMA, parse("{ numbers { secret { value } } }"), ByLevels, context=context)

    assert [error["path"] for error in found["errors"]] == [["numbers", place, "secret"] for place in range(5)]
    assert refused == ["Number.secret"]


def _context() -> Context:
    viewer: Caller = replace(caller(), role=Role.VIEWER, scopes=frozenset({Scope.READ}), is_session=False)
    return Context(caller=viewer, services=World().services, request_id="1")
