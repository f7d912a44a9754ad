"""One count and one span an operation: its kind, its name and how it ended. Never a variable, nor a value of the document."""

import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from app.graphql.context import Context
from app.graphql.errors import code_of

OK = "OK"
_UNKNOWN = "unknown"
_LONGEST_NAME = 100


class Observed:
    """What is told of an operation: its `kind`, its name where it may be executed, and the errors of its result."""

    __slots__ = ("_began", "_context", "_note", "_spanning", "errors", "kind", "name")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.kind = _UNKNOWN
        self.name: str | None = None
        self.errors: Sequence[GraphQLError] = ()

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._spanning = self._context.services.tracing.span("graphql")
        self._note = self._spanning.__enter__().note
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        outcome = code_of(self.errors[0]) if self.errors else OK
        name = {"graphql.operation.name": self.name[:_LONGEST_NAME]} if self.name and not self.errors else {}
        self._note({**name, "graphql.operation.type": self.kind, "installed_apps.outcome": outcome})
        seconds = time.monotonic() - self._began if self.kind in {"query", "mutation"} else None
        self._context.services.meters.operated(kind=self.kind, outcome=outcome, seconds=seconds)
        self._spanning.__exit__(kind, error, trace)


def observing(context: Context) -> Observed:
    """Count an operation, and have a span stand around it. The block notes what it is, and how it ended."""
    return Observed(context)  # and no generator, which each subscription would hold


class ObserveOperations(SchemaExtension):
    """Stands around all others. A subscription is one operation, from its beginning to its end."""

    def on_operation(self) -> Iterator[None]:
        execution = self.execution_context
        with observing(execution.context) as observed:
            try:
                yield
            finally:
                observed.kind = _kind_of(execution)
                observed.name = _name_of(execution, kind=observed.kind)
                observed.errors = _errors_of(execution)


def _kind_of(context: ExecutionContext) -> str:
    """Return the kind; "unknown" for what is no document, or has no such operation."""
    if context.graphql_document is None:
        return _UNKNOWN
    try:
        kind: OperationType = context.operation_type
    except (RuntimeError, CannotGetOperationTypeError):
        return _UNKNOWN
    return kind.name.lower()


def _name_of(context: ExecutionContext, *, kind: str) -> str | None:
    """Return the operation's name, where what was sent is a document that may be executed."""
    return None if kind == _UNKNOWN or context.pre_execution_errors else context.operation_name


def _errors_of(context: ExecutionContext) -> Sequence[GraphQLError]:
    """Return the errors. What a mutation answers as `userErrors` is none here."""
    return (context.result.errors if context.result is not None else context.pre_execution_errors) or ()
