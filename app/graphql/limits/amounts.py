"""The number of things that an argument asks for, in the document or in a request's variables."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import IntValueNode, ListValueNode, NullValueNode, ValueNode, VariableNode

from app.graphql.connections import DEFAULT_SIZE, LARGEST_SIZE

_DIGITS = 4

Known: TypeAlias = Mapping[str, Any]
"""The variables of a request, with the operation's own defaults."""

Amount: TypeAlias = int | Callable[[Known], int]
"""A number, or what tells it from the variables."""


def length(value: ValueNode | None) -> Amount:
    """Return how many items a list has that is an argument; what is no list is taken for a list of one."""
    match value:
        case None | NullValueNode():
            return 0
        case ListValueNode(values=values):
            return min(len(values), LARGEST_SIZE)
        case VariableNode():
            name = value.name.value
            return lambda known: _items(known.get(name))
    return 1


def page_size(first: ValueNode | None, last: ValueNode | None) -> Amount:
    """Return how many a page has; where both sizes are given, which is refused, the larger one."""
    if not isinstance(first, VariableNode) and not isinstance(last, VariableNode):
        return _larger(_number(first, {}), _number(last, {}))
    return lambda known: _larger(_number(first, known), _number(last, known))


def _larger(first: int | None, last: int | None) -> int:
    given = [size for size in (first, last) if size is not None]
    return max(given, default=DEFAULT_SIZE)


def _number(value: ValueNode | None, known: Known) -> int | None:
    """Return the size that is asked for, as far as there are such pages; None where none is."""
    match value:
        case IntValueNode(value=digits):
            return _within(int(digits[:_DIGITS]) if len(digits) <= _DIGITS else LARGEST_SIZE)
        case VariableNode():
            given = known.get(value.name.value)
            if isinstance(given, int | float) and not isinstance(given, bool):
                return _within(int(min(given, LARGEST_SIZE)))
    return None


def _within(size: int) -> int:
    return min(max(size, 0), LARGEST_SIZE)


def _items(given: object) -> int:
    if given is None:
        return 0
    return min(len(given), LARGEST_SIZE) if isinstance(given, list) else 1
