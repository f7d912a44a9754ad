"""What can be planned. All else is graphql-core's, as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.execution.executor import Executor

ASKS_OF_SCHEMA = "It asks for the schema itself."
OWN_TYPES = "The schema tells by functions of its own which types its objects are of."
OTHER_DIRECTIVE = "It has another directive than @skip and @include."
OTHER_VARIABLES = "It has variables of fragments."
MIDDLEWARE = "Middleware stands around its resolvers."
MAY_BE_ABORTED = "It has an abort signal."
DEPENDS_ON_NULL = "A directive depends on null."


@dataclass(frozen=True)
class Looks:
    """What is known of an operation: why it is `refused`, and the names of the variables that its directives depend on."""

    refused: str | None = None
    switches: tuple[str, ...] = ()


def refuse_schema(schema: GraphQLSchema) -> str | None:
    """Return why nothing of the schema can be planned: to tell an object's type may then take as long as to resolve a field."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and not _is_known(kind.resolve_type):
            return OWN_TYPES
        if isinstance(kind, GraphQLObjectType) and not _is_known(kind.is_type_of):
            return OWN_TYPES
    return None


def refuse_executor(executor: Executor[Any]) -> str | None:
    """Return why what the executor is about is not to be planned, whatever its document says."""
    if executor.middleware_manager is not None and executor.middleware_manager.middlewares:
        return MIDDLEWARE
    return MAY_BE_ABORTED if executor.abort_signal is not None else None


def look_at(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> Looks:
    """Return what can be told of the operation without a schema. The document has to be valid."""
    if operation.directives:
        return Looks(OTHER_DIRECTIVE)
    if any(fragment.variable_definitions for fragment in fragments.values()):
        return Looks(OTHER_VARIABLES)
    switches: set[str] = set()
    for node in _selections_of(operation, *fragments.values()):
        if isinstance(node, FieldNode) and node.name.value in {"__schema", "__type"}:
            return Looks(ASKS_OF_SCHEMA)
        for directive in node.directives or ():
            if directive.name.value not in {"skip", "include"}:
                return Looks(OTHER_DIRECTIVE)
            switches.update(_switches_of(directive))
    return Looks(None, tuple(sorted(switches)))


def _is_known(decide: Any) -> bool:
    """Whether it is Strawberry's own way to tell a type, which looks at nothing but the object, and takes no time."""
    return decide is None or str(getattr(decide, "__module__", "")).startswith("strawberry.")


def _selections_of(*definitions: OperationDefinitionNode | FragmentDefinitionNode) -> Iterator[SelectionNode]:
    waiting: list[SelectionSetNode] = [definition.selection_set for definition in definitions]
    while waiting:
        for node in waiting.pop().selections:
            yield node
            below = getattr(node, "selection_set", None)
            if below is not None:
                waiting.append(below)


def _switches_of(directive: DirectiveNode) -> Iterator[str]:
    for argument in directive.arguments or ():
        if isinstance(argument.value, VariableNode):
            yield argument.value.name.value
        elif not isinstance(argument.value, BooleanValueNode):
            raise TypeError("The document has to be valid.")
