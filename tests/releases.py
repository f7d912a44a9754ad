"""What a released schema promises to clients that were written against it.

What it calls deprecated may go, once the day has come that the reason names: `Use `x`. Removal on 2027-03-31.`
"""

import re
from datetime import date
from typing import Any

from graphql import (
    REMOVE,
    DirectiveNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLInterfaceType,
    GraphQLSchema,
    InputValueDefinitionNode,
    Node,
    StringValueNode,
    Visitor,
    VisitorAction,
    build_ast_schema,
    parse,
    print_ast,
    visit,
)
from graphql.utilities import find_breaking_changes

_REMOVAL = re.compile(r"Removal on (\d{4}-\d\d-\d\d)\.$")

_Part = FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode


def breaking_changes(released: str, served: GraphQLSchema, *, today: date) -> list[str]:
    """Return what of `served` breaks a client of the `released` schema (SDL), but for what was announced to be gone by now."""
    promised = build_ast_schema(visit(parse(released), _WithoutWhatMayGo(today)))
    return [change.description for change in find_breaking_changes(_reachable(promised), served)]


def undated_deprecations(sdl: str) -> list[str]:
    """Return each deprecation whose reason does not end in the day of the removal."""
    found = _Deprecations()
    visit(parse(sdl), found)
    return [f"{print_ast(part)}" for part, reason in found.seen if removal(reason) is None]


def removal(reason: str) -> date | None:
    """Return the day from which on something deprecated may be gone; None where the reason names none."""
    named = _REMOVAL.search(reason)
    return date.fromisoformat(named[1]) if named else None


class _WithoutWhatMayGo(Visitor):
    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def enter(self, node: Node, *_: Any) -> VisitorAction:
        reason = _reason(node)
        day = removal(reason) if reason is not None else None
        return REMOVE if day is not None and day <= self._today else None


class _Deprecations(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Node, str]] = []

    def enter(self, node: Node, *_: Any) -> None:
        reason = _reason(node)
        if reason is not None:
            self.seen.append((node, reason))


def _reason(node: Node) -> str | None:
    """Return why a part of a schema is deprecated, "" without a word; None where it is not."""
    if not isinstance(node, _Part):
        return None
    deprecated = next((directive for directive in node.directives or () if directive.name.value == "deprecated"), None)
    return None if deprecated is None else _first_argument(deprecated)


def _first_argument(directive: DirectiveNode) -> str:
    values = [argument.value for argument in directive.arguments or ()]
    return next((value.value for value in values if isinstance(value, StringValueNode)), "")


def _reachable(schema: GraphQLSchema) -> GraphQLSchema:
    """Return the schema without the types to which no field leads any more."""
    interfaces = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLInterfaceType)]
    return GraphQLSchema(
        schema.query_type,
        schema.mutation_type,
        schema.subscription_type,
        types=[kind for interface in interfaces for kind in schema.get_implementations(interface).objects],
        directives=schema.directives,
    )
