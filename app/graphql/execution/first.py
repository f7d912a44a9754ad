"""What an operation reads before its fields run side by side: the end of the log, say, from which its client listens on."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set as AbstractSet
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, cast

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from app.graphql.context import Context

First: TypeAlias = Mapping[str, Callable[[Context], Awaitable[Any]]]
"""By fields of Query: what is read first where a query asks for them, so that their resolvers find it read."""

NOTHING_FIRST: First = MappingProxyType({})


class HasFirst(Protocol):
    """A schema that knows what is read first."""

    first: First


class ReadFirst(SchemaExtension):
    """Reads first what a query of the schema has to."""

    async def on_execute(self) -> AsyncIterator[None]:
        execution = self.execution_context
        first, document = cast(HasFirst, execution.schema).first, execution.graphql_document
        if document is not None and execution.context is not None and execution.operation_type is OperationType.QUERY:
            await read_first(first, fields_at_top(document), execution.context)
        yield


async def read_first(first: First, fields: AbstractSet[str], context: Context) -> None:
    """Read what a query has to find read that may ask for these fields."""
    if context.caller is None:
        return
    for name in fields & first.keys():
        await first[name](context)


def fields_at_top(document: DocumentNode) -> frozenset[str]:
    """Return the fields at the top of an operation or a fragment of the document: they may be asked for."""
    found: set[str] = set()
    waiting: list[DefinitionNode | SelectionNode] = list(document.definitions)
    while waiting:
        match waiting.pop():
            case FieldNode(name=name):
                found.add(name.value)
            case OperationDefinitionNode(selection_set=inner) | FragmentDefinitionNode(selection_set=inner):
                waiting.extend(inner.selections)
            case InlineFragmentNode(selection_set=inner):
                waiting.extend(inner.selections)
    return frozenset(found)
