"""One count and one span an operation: its kind, its name and how it ended. Never a variable, nor a value of the document."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

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


@dataclass
class Observed:
    """What is told of an operation: its `kind`, its name where it may be executed, and the errors of its result."""

    kind: str = _UNKNOWN
    name: str | None = None
    errors: Sequence[GraphQLError] = ()


@contextmanager
def observing(context: Context) -> Iterator[Observed]:
    """Count an operation, and have a span stand around it. The block notes what it is, and how it ended."""
    began, observed = time.monotonic(), Observed()
    with context.services.tracing.span("graphql") as span:
        try:
            yield observed
        finally:
            outcome = code_of(observed.errors[0]) if observed.errors else OK
            name = {"graphql.operation.name": observed.name[:_LONGEST_NAME]} if observed.name and not observed.errors else {}
            span.note({**name, "graphql.operation.type": observed.kind, "installed_apps.outcome": outcome})
            seconds = time.monotonic() - began if observed.kind in {"query", "mutation"} else None
            context.services.meters.operated(kind=observed.kind, outcome=outcome, seconds=seconds)


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
