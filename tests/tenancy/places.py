"""Where the schema takes an id or a cursor: found by looking at it, so that nothing new is left out."""

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

CURSORS = frozenset({"after", "before"})


@dataclass(frozen=True)
class Place:
    """An argument of a field, or what lies in its inputs: `path` leads there."""

    type: str
    field: str
    path: tuple[str, ...]
    takes_list: bool
    takes_cursor: bool

    @property
    def owner(self) -> str:
        return f"{self.type}.{self.field}"

    def __str__(self) -> str:
        return f"{self.owner}({'.'.join(self.path)})"


def places(schema: GraphQLSchema) -> list[Place]:
    """Return every one of them, in the order of the schema."""
    kinds = (kind for name, kind in schema.type_map.items() if not name.startswith("__"))
    return [
        Place(kind.name, name, path, is_list_type(get_nullable_type(taken.type)), path[-1] in CURSORS)
        for kind in kinds
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        for argument, it in field.args.items()
        for path, taken in _within((argument,), it, frozenset())
    ]


def _within(
    path: tuple[str, ...], taken: GraphQLArgument | GraphQLInputField, inside: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], GraphQLArgument | GraphQLInputField]]:
    kind = get_named_type(taken.type)
    if kind.name == "ID" or (kind.name == "String" and path[-1] in CURSORS):
        yield path, taken
    if isinstance(kind, GraphQLInputObjectType) and kind.name not in inside:
        for name, field in kind.fields.items():
            yield from _within((*path, name), field, inside | {kind.name})
