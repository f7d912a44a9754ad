"""Makes generated operations hit: ids, cursors and names that are there, pages of a bearable size, one member where one is due.

What is only known once there are teams stands as a word between @ signs, such as `@Integration:3@`: the fourth of them, if any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

from tests.tenancy.places import CURSORS, Place
from tests.tenancy.rows import Naming, row_of
from tests.tenancy.values import ENTRIES

_LARGEST_PAGE = 5
_MOST = 8
TYPES = (
    *("Integration", "InstalledApp", "Authorization", "Delivery", "Monitor", "MonitorRun"),
    *("Event", "TeamMember", "AccessToken", "Team"),
)
"""Of what has an id."""

NAMES: Mapping[str, Sequence[str]] = {
    "name": ("Payments", "Ünïcödé \U0001f680", "x" * 200),
    "apiName": ("Orders", "Payments"),
    "message": ("It failed.",),
    "startedAt": ("2026-11-21T09:59:00.000Z", "2026-11-21T10:00:00+02:00"),
    "monitorKey": ("checkout", "checkout", "another"),
    "runId": ("latest", "@fresh@"),
    "search": ("", "a", "pay", "Acme"),
    "branch": ("main", "develop", "no-such"),
    "ref": ("main", "develop"),
    "path": ("", "openapi", "openapi/openapi.yaml", "README.md"),
    "schemaFile": ("openapi/openapi.yaml", "no/such.yaml"),
    "collectionDirectory": ("postman/collections", "openapi"),
    "email": ("bob@example.com", "@fresh@@example.com"),
    "clientId": ("sandbox-@git name@", "another"),
    "clientSecret": ("sandbox-@git name@-secret", "another"),
    "url": ("@git url@", "http://127.0.0.1:1", "http://169.254.169.254/latest"),
    "address": ("@git url@", "https://git.example.com"),
}
"""Texts worth trying, by the name of the argument or input field."""


class Aim:
    """One operation's; `random` decides where to hit and where to leave what was generated."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random

    def at(self, document: DocumentNode) -> DocumentNode:
        """Return the document, aimed."""
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        root = self._schema.get_root_type(operation.operation)
        assert root is not None
        return replace(document, definitions=(replace(operation, selection_set=self._selections(operation.selection_set, root)),))

    def _selections(self, selections: SelectionSetNode, kind: GraphQLNamedType) -> SelectionSetNode:
        return replace(selections, selections=tuple(self._selection(node, kind) for node in selections.selections))

    def _selection(self, node: SelectionNode, kind: GraphQLNamedType) -> SelectionNode:
        match node:
            case FieldNode() if node.name.value != "__typename":
                return self._field(node, kind)
            case InlineFragmentNode(type_condition=condition):
                narrowed = self._schema.type_map[condition.name.value] if condition else kind
                return replace(node, selection_set=self._selections(node.selection_set, narrowed))
            case _:
                return node

    def _field(self, node: FieldNode, kind: GraphQLNamedType) -> FieldNode:
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        field = kind.fields[node.name.value]
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name, argument in field.args.items():
            if name in arguments and not is_required_argument(argument) and self._leaves_out(arguments[name]):
                del arguments[name]
        if kind.name == "Subscription" and "after" in field.args:  # or nothing would be told that has not happened yet
            arguments["after"] = StringValueNode(value="")
        if {"first", "after"} & arguments.keys():
            arguments = {name: value for name, value in arguments.items() if name not in {"last", "before"}}
        aimed = {
            name: self._value(value, field.args[name].type, kind.name, node.name.value, (name,))
            for name, value in arguments.items()
        }
        below = node.selection_set
        return replace(
            node,
            arguments=tuple(ArgumentNode(name=NameNode(value=name), value=value) for name, value in aimed.items()),
            selection_set=self._selections(below, get_named_type(field.type)) if below is not None else None,
        )

    def _leaves_out(self, value: ValueNode) -> bool:
        return isinstance(value, NullValueNode) or self._random.random() < 0.5

    def _value(self, value: ValueNode, kind: Any, owner: str, field: str, path: tuple[str, ...]) -> ValueNode:
        named = get_named_type(kind)
        match value:
            case NullValueNode():
                return value
            case ListValueNode(values=values):
                aimed = [self._value(each, named, owner, field, path) for each in values[:_MOST]]
                return ListValueNode(values=tuple(aimed))
            case ObjectValueNode() if isinstance(named, GraphQLInputObjectType):
                return self._object(value, named, owner, field, path)
            case IntValueNode() if path[-1] in {"first", "last"}:
                return self._hit(IntValueNode(value=str(self._random.randint(1, _LARGEST_PAGE))), value)
            case IntValueNode() if named.name == "Int":
                return self._hit(IntValueNode(value=str(self._random.randint(0, 100))), value)
        text = self._text(named, Place(owner, field, path, takes_list=False, takes_cursor=path[-1] in CURSORS))
        return value if text is None else self._hit(StringValueNode(value=text), value)

    def _object(
        self, value: ObjectValueNode, kind: GraphQLInputObjectType, owner: str, field: str, path: tuple[str, ...]
    ) -> ValueNode:
        given = {node.name.value: node.value for node in value.fields}
        if kind.is_one_of:
            there = [name for name, each in given.items() if not isinstance(each, NullValueNode)]
            given = {name: given[name] for name in there[:1]}
        else:
            for name, it in kind.fields.items():
                if name in given and not is_required_input_field(it) and self._leaves_out(given[name]):
                    del given[name]
        aimed = {name: self._value(each, kind.fields[name].type, owner, field, (*path, name)) for name, each in given.items()}
        return ObjectValueNode(
            fields=tuple(ObjectFieldNode(name=NameNode(value=name), value=each) for name, each in aimed.items())
        )

    def _text(self, kind: GraphQLNamedType, place: Place) -> str | None:
        row = row_of(place)
        if place.takes_cursor:
            return f"@cursor {place.field}:{self._dice()}@"
        if row is not None and row.naming is Naming.ENTRY:
            return self._random.choice([*ENTRIES.values(), "github-enterprise-server"])
        if row is not None and not row.takes_all_types:
            return f"@{self._whose()}{row.right}:{self._dice()}@"
        if kind.name == "ID":
            return f"@{self._whose()}{self._random.choice(TYPES)}:{self._dice()}@"
        return self._random.choice(NAMES[place.path[-1]]) if place.path[-1] in NAMES else None

    def _whose(self) -> str:
        return self._random.choices(["", "gone ", "theirs "], [8, 1, 1])[0]

    def _dice(self) -> int:
        return self._random.randrange(_MOST)

    def _hit(self, aimed: ValueNode, generated: ValueNode) -> ValueNode:
        return aimed if self._random.random() < 0.85 else generated
