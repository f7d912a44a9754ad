"""Objects that show rows are read by columns, and made where they are looked at."""

from typing import Any

import strawberry
from graphql import parse

from app.graphql.execution.levels.objects import Lists, Objects, lists_among
from app.graphql.objects import ShowsRow
from tests.graphql.alike import ByLevels, answer


class Row:
    def __init__(self, name: str) -> None:
        self.name = name
        self.parent_id = name.upper()


@strawberry.type
class Thing:
    row: strawberry.Private[Row]
    name: str

    of = ShowsRow[Row]()


@strawberry.type
class Query:
    things: list[Thing]


def test_a_column_of_many_objects_is_what_each_has() -> None:
    things = Thing.of.each([Row("a"), Row("b")])

    assert [*things.read("name")] == ["a", "b"] == [thing.name for thing in things]
    assert [*things.read("row.parent_id")] == ["A", "B"] == [thing.row.parent_id for thing in things]


def test_who_looks_twice_at_an_object_is_given_the_same() -> None:
    things = Thing.of.each([Row("a"), Row("b")])

    assert things[1] is things[1]
    assert type(things[1]) is type(Thing.of(Row("c"))) is things.kind


def test_lists_are_cut_out_of_what_they_have_together() -> None:
    things = Thing.of.each([Row("a"), Row("b"), Row("c")])

    lists = Lists(things, [2, 0, 1])

    assert [[thing.name for thing in each] for each in lists] == [["a", "b"], [], ["c"]]


def test_objects_stay_together_where_they_are_the_only_list() -> None:
    things = Thing.of.each([Row("a")])

    [alone, several, other] = [lists_among(values) for values in ([things], [things, [things[0]]], [things, None])]

    assert alone is not None
    assert isinstance(alone.objects, Objects)
    assert several is not None
    assert [thing.name for thing in several.objects] == ["a", "a"]
    assert other is None


async def test_of_objects_of_which_only_columns_are_asked_for_none_is_made() -> None:
    schema, asked = strawberry.Schema(Query)._schema, parse("{ things { name } }")  # noqa: SLF001 - what graphql-core executes
    known, things = (Thing.of.each([Row("a"), Row("b")]) for _ in range(2))
    await answer(schema, asked, ByLevels, root=_root(known))  # the first of a plan is looked at for its type

    told = await answer(schema, asked, ByLevels, root=_root(things))

    assert told == {"data": {"things": [{"name": "a"}, {"name": "b"}]}, "errors": []}
    assert "_made" in vars(known)
    assert "_made" not in vars(things)


def _root(things: Any) -> Query:
    return Query(things=things)
