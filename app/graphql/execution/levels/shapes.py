"""The shapes of fields: what stands around a named type, and what leaves may stand in an answer as they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLOutputType,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.executor import Executor
from graphql.pyutils.undefined import UndefinedType

Complete: TypeAlias = Callable[[Any], Any]
"""Makes of a value what stands in the answer. Raises what graphql-core would."""

Column: TypeAlias = Callable[[Sequence[Any]], list[Any]]
"""The same for many values at once."""

_ODD = frozenset({type(None), UndefinedType})
"""The types of what is no value."""

_LEAST, _MOST = -(2**31), 2**31 - 1


@dataclass(frozen=True)
class Shape:
    """A named type within lists. `nullable`: whether null may stand for the value itself, for its items, for theirs and so on."""

    named: GraphQLNamedType
    nullable: tuple[bool, ...]

    @cached_property
    def depth(self) -> int:
        """How many lists there are, one within the other."""
        return len(self.nullable) - 1


def shape_of(kind: GraphQLOutputType) -> Shape:
    nullable: list[bool] = []
    within: Any = kind
    while True:
        nullable.append(not is_non_null_type(within))
        within = within.of_type if is_non_null_type(within) else within
        if not is_list_type(within):
            return Shape(within, tuple(nullable))
        within = within.of_type


def leaf_of(shape: Shape) -> Complete | None:
    """Return what completes one leaf that is no null; None where the type has fields of its own."""
    kind = shape.named
    if not is_leaf_type(kind):
        return None
    return lambda value: Executor.complete_leaf_value(kind, value)


def column_of(shape: Shape) -> Column | None:
    """Return what completes the leaves of many rows. It raises where one of them takes more than that: null, say, or an error."""
    leaf, is_nullable = shape.named, shape.nullable[0]
    if shape.depth or not is_leaf_type(leaf):
        return None

    def complete(value: Any) -> Any:
        if value is None and is_nullable:
            return None
        if value is None or isinstance(value, Exception) or hasattr(value, "__await__"):
            raise _NotPlainError
        return Executor.complete_leaf_value(leaf, value)

    return _column(leaf, complete)


class _NotPlainError(Exception):
    pass


def _column(leaf: GraphQLLeafType, complete: Complete) -> Column:
    if isinstance(leaf, GraphQLEnumType):
        return _members(complete)
    match leaf.name:
        case "String" | "ID":
            return lambda values: [value if value.__class__ is str else complete(value) for value in values]
        case "Boolean":
            return lambda values: [value if value.__class__ is bool else complete(value) for value in values]
        case "Int":
            return lambda values: [
                value if value.__class__ is int and _LEAST <= value <= _MOST else complete(value) for value in values
            ]
    return _scalars(leaf, complete)


def _scalars(leaf: GraphQLLeafType, complete: Complete) -> Column:
    """Return the column of a scalar that the schema has made: where nothing odd is among the values, none is asked what it is."""
    coerce = leaf.coerce_output_value

    def column(values: Sequence[Any]) -> list[Any]:
        if any(kind in _ODD or issubclass(kind, Exception) or hasattr(kind, "__await__") for kind in set(map(type, values))):
            return list(map(complete, values))
        made = list(map(coerce, values))
        return made if _ODD.isdisjoint(map(type, made)) else list(map(complete, values))

    return column


class _Names(dict[Enum, str]):
    """The names of an enum's members, each found when it is first looked at."""

    def __init__(self, complete: Complete) -> None:
        super().__init__()
        self._complete = complete

    def __missing__(self, member: Enum) -> Any:
        name = self[member] = self._complete(member)
        return name


def _members(complete: Complete) -> Column:
    """Return the column of an enum, whose members' names are found once."""
    names = _Names(complete)

    def members(values: Sequence[Any]) -> list[Any]:
        kind = next((type(value) for value in values if isinstance(value, Enum)), None)
        return [names[value] if value.__class__ is kind else complete(value) for value in values]

    return members
