"""The most objects of a list: each field that returns one says so, and a schema with one that does not is not built.

A page (`edges`, `nodes`) has as many as its connection was asked for; any other list declares its bound, or one for each of the
ids that it is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_wrapping_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from app.graphql.connections import Connection, UncountedConnection

C = TypeVar("C", bound=type)

Fielded: TypeAlias = GraphQLObjectType | GraphQLInterfaceType

PAGES = frozenset({"edges", "nodes"})


@dataclass(frozen=True)
class Bounded:
    """A list of at most so many."""

    most: int


@dataclass(frozen=True)
class OneForEach:
    """A list of one for each item of the argument."""

    argument: str


class OfPage:
    """A page of the connection that it stands in."""


ListSize: TypeAlias = Bounded | OneForEach | OfPage

_KEY = "__list_size__"


def at_most(count: int) -> dict[str, Any]:
    """Return what the metadata of a field says of its list: it has `count` objects at most."""
    return {_KEY: Bounded(count)}


def one_for_each(argument: str) -> dict[str, Any]:
    """Return what the metadata of a field says of its list: an object, or null, for each item of that argument."""
    return {_KEY: OneForEach(argument)}


def comes_at_most(count: int) -> Callable[[C], C]:
    """Declare, under `strawberry.type`, how many of a type stand in each list of them that says nothing itself."""

    def declare(kind: C) -> C:
        setattr(kind, _KEY, Bounded(count))
        return kind

    return declare


def list_size(kind: Fielded, name: str) -> ListSize | None:
    """Return how many objects the field of that name has; None where it is no list of objects.

    Raises TypeError where it is one that does not say.
    """
    field = kind.fields[name]
    if not _lists_objects(field):
        return None
    size = _declared(field)
    if size is None and is_connection(kind) and name in PAGES:
        return OfPage()
    if size is None:
        size = _declared_by(get_named_type(field.type))
    if size is None:
        raise TypeError(f"{kind.name}.{name} does not say how long its list may be: see `at_most` and `one_for_each`.")
    return size


def is_connection(kind: GraphQLNamedType) -> bool:
    """Whether it is a page of a list, with `edges` and `nodes`."""
    made_of = getattr(_definition_of(kind), "concrete_of", None)
    return made_of is not None and made_of.origin in {Connection, UncountedConnection}


def require_list_sizes(schema: GraphQLSchema) -> Mapping[str, ListSize]:
    """Return how long each list of objects in the schema may be, by its name ("Query.nodes").

    Raises TypeError for one that does not say.
    """
    return {f"{kind.name}.{name}": size for kind, name, size in _lists(schema)}


def _lists(schema: GraphQLSchema) -> Iterator[tuple[Fielded, str, ListSize]]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            for name in kind.fields:
                if (size := list_size(kind, name)) is not None:
                    yield kind, name, size


def _lists_objects(field: GraphQLField) -> bool:
    if not is_composite_type(get_named_type(field.type)):
        return False
    kind = field.type
    while is_wrapping_type(kind):
        if isinstance(kind, GraphQLList):
            return True
        kind = kind.of_type
    return False


def _declared(field: GraphQLField) -> ListSize | None:
    declaration: StrawberryField = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    size: ListSize | None = declaration.metadata.get(_KEY)
    return size


def _declared_by(kind: GraphQLNamedType) -> ListSize | None:
    origin = getattr(_definition_of(kind), "origin", None)
    size: ListSize | None = vars(origin).get(_KEY) if origin is not None else None
    return size


def _definition_of(kind: GraphQLNamedType) -> object:
    return kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
