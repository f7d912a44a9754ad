"""The operation that asks at one place of the schema, written from the schema itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    print_type,
)

from tests.tenancy.places import Place
from tests.tenancy.rows import REACHED

ROOTS = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
_ASKS_PROVIDER = frozenset({"definition"})
_DEPTH = 2


@dataclass(frozen=True)
class Question:
    """`starts_at` names what `$own` is; the field's arguments are variables of their own names."""

    document: str
    starts_at: str | None
    is_subscription: bool


def question(schema: GraphQLSchema, place: Place, *, arguments: Mapping[str, Any], more: str = "") -> Question:
    """Return the operation that gives the place's field these arguments and shows all that it answers.

    Raises LookupError where nobody has said how one gets to a field of the place's type.
    """
    kind = schema.type_map[place.type]
    assert isinstance(kind, GraphQLObjectType)
    field = kind.fields[place.field]
    given = ", ".join(f"{name}: ${name}" for name in arguments)
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in arguments)
    asked = f"{place.field}({given}) {_select(schema, field)}{more}"
    if place.type in ROOTS:
        return Question(f"{ROOTS[place.type]} ({declared}) {{ {asked} }}", None, place.type == "Subscription")
    starts_at, around = REACHED.get(place.owner) or REACHED[place.type]
    kind_of_root = "mutation" if place.type.endswith("Payload") else "query"
    opening = around.replace("(", f"({declared}, ", 1) if around.startswith("(") else f"({declared}) {around}"
    return Question(f"{kind_of_root} {opening.replace('FIELD', asked)}", starts_at, is_subscription=False)


def _select(schema: GraphQLSchema, field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    return "" if is_leaf_type(kind) else _selection(schema, kind, depth=_DEPTH)


def _selection(
    schema: GraphQLSchema, kind: GraphQLNamedType, *, depth: int, odd: Mapping[str, str] = MappingProxyType({})
) -> str:
    match kind:
        case GraphQLUnionType() | GraphQLInterfaceType():
            possible = schema.get_possible_types(kind)
            odd = _told_differently(possible)
            parts = [f"... on {each.name} {_selection(schema, each, depth=max(depth - 1, 0), odd=odd)}" for each in possible]
        case GraphQLObjectType():
            fields = {name: field for name, field in kind.fields.items() if not field.args and name not in _ASKS_PROVIDER}
            parts = [part for name, field in fields.items() if (part := _part(schema, name, field, depth=depth))]
            parts = [f"{kind.name}_{part}: {part}" if _is_odd(part, fields, odd) else part for part in parts]
        case _:
            raise TypeError(print_type(kind))
    return f"{{ __typename {' '.join(parts)} }}"


def _part(schema: GraphQLSchema, name: str, field: GraphQLField, *, depth: int) -> str:
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return name
    return f"{name} {_selection(schema, kind, depth=depth - 1)}" if depth > 0 else ""


def _told_differently(kinds: Sequence[GraphQLObjectType]) -> Mapping[str, str]:
    """Return the type that each field has in the first kind with it: beside that, one of another type needs its own name."""
    types: dict[str, str] = {}
    for kind in kinds:
        for name, field in kind.fields.items():
            types.setdefault(name, str(field.type))
    return types


def _is_odd(part: str, fields: Mapping[str, GraphQLField], first: Mapping[str, str]) -> bool:
    return part in first and first[part] != str(fields[part].type)
