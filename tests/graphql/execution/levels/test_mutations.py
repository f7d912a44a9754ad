"""Mutations by levels: one field after the other, each to its end, and answered as field by field."""

import asyncio
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse

from app.errors import BadUserInput, DatabaseAway
from app.storage.outages import unknown
from tests.graphql.alike import ByLevels, FieldByField, answer, both, essence

SHELF = """
type Query { count: Int }
type Mutation { put(name: String!): Shelf, must(name: String!): Shelf! }
type Shelf { names: [String!]! top: Book! books: [Book!] }
type Book { name: String! breaks: String! away: String slow: String }
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{ a: put(name: "a") { names } b: put(name: "b") { names } }', ["a", "b"]),
        ('{ a: put(name: "a") { top { slow } } b: put(name: "b") { names } }', ["a", "slow a", "b"]),
        ('{ a: put(name: "a") { top { breaks } } b: put(name: "b") { books { name } } }', ["a", "b"]),
        ('{ __typename a: must(name: "a") { names books { name slow } } }', ["a", "slow a"]),
        ('{ a: must(name: "a") { top { breaks } } b: put(name: "b") { names } }', ["a"]),
        ('{ a: must(name: "refused") { names } b: put(name: "b") { names } }', []),
        ('{ a: put(name: "refused") { names } b: put(name: "b") { names } }', ["b"]),
        (
            '{ ...More put(name: "b") { names } } fragment More on Mutation { put(name: "b") { top { name slow } } }',
            ["b", "slow b"],
        ),
        ('{ a: put(name: "a") @skip(if: true) { names } b: put(name: "b") { top { away } } }', ["b"]),
        ('{ a: put(name: "away") { names } }', []),
    ],
)
async def test_each_field_is_done_to_its_end_before_the_next(text: str, names: list[str]) -> None:
    document = parse(f"mutation {text}")
    did: dict[type, list[str]] = {ByLevels: [], FieldByField: []}

    by_levels, one_by_one = [await answer(_shelf(done), document, executor) for executor, done in did.items()]

    assert did == {ByLevels: names, FieldByField: names}
    assert essence(by_levels) == essence(one_by_one)


async def test_what_could_not_be_read_below_a_change_says_that_it_is_made() -> None:
    document = parse('mutation { a: put(name: "away") { names } b: put(name: "b") { top { away } } }')

    by_levels, one_by_one = await both(_shelf([]), document)

    assert [(error["path"], error["of"]) for error in by_levels["errors"]] == [
        (["a"], repr(DatabaseAway("It is away.", fault="away"))),
        (["b", "top", "away"], repr(unknown("away"))),
    ]
    assert essence(by_levels) == essence(one_by_one)


def _shelf(done: list[str]) -> GraphQLSchema:
    """Return a schema whose mutations put books on a shelf, and note what they did in its order."""
    schema = build_schema(SHELF)
    changes: Any = schema.mutation_type
    book: Any = schema.get_type("Book")

    async def put(_source: Any, _info: Any, name: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        if name == "refused":
            raise BadUserInput("That book is none.")
        if name == "away":
            await _go_away()
        done.append(name)
        return {"names": list(done), "top": {"name": name}, "books": [{"name": name}]}

    async def be_slow(source: dict[str, Any], _info: Any) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        done.append(f"slow {source['name']}")
        return "slow"

    for name in ("put", "must"):
        changes.fields[name].resolve = put
    for name, resolve in {"slow": be_slow, "away": _go_away, "breaks": _fail}.items():
        book.fields[name].resolve = resolve
    return schema


async def _go_away(*_: Any) -> str:
    await asyncio.sleep(0)
    raise DatabaseAway("It is away.", fault="away")


def _fail(*_: Any) -> str:
    raise BadUserInput("It breaks.")
