"""One count and one span an operation: its kind, its name and how it ended. Never a variable, nor a value of the document."""

import time
from collections.abc import Iterator

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType

from app.graphql.context import Context
from app.graphql.errors import code_of
from app.telemetry.tracing import Attributes

OK = "OK"
_UNKNOWN = "unknown"
_LONGEST_NAME = 100


class ObserveOperations(SchemaExtension):
    """Stands around all others. A subscription is one operation, from its beginning to its end."""

    def on_operation(self) -> Iterator[None]:
        began = time.monotonic()
        context: Context = self.execution_context.context
        with context.services.tracing.span("graphql") as span:
            try:
                yield
            finally:
                kind, outcome = _kind_of(self.execution_context), _outcome_of(self.execution_context)
                span.note(
                    {
                        **_name_of(self.execution_context, kind=kind),
                        "graphql.operation.type": kind,
                        "installed_apps.outcome": outcome,
                    }
                )
                is_answer = kind in {"query", "mutation"}
                seconds = time.monotonic() - began if is_answer else None
                context.services.meters.operated(kind=kind, outcome=outcome, seconds=seconds)


def _kind_of(context: ExecutionContext) -> str:
    """Return the kind; "unknown" for what is no document, or has no such operation."""
    if context.graphql_document is None:
        return _UNKNOWN
    try:
        kind: OperationType = context.operation_type
    except (RuntimeError, CannotGetOperationTypeError):
        return _UNKNOWN
    return kind.name.lower()


def _name_of(context: ExecutionContext, *, kind: str) -> Attributes:
    """Return the operation's name, where what was sent is a document that may be executed."""
    if kind == _UNKNOWN or context.pre_execution_errors or context.operation_name is None:
        return {}
    return {"graphql.operation.name": context.operation_name[:_LONGEST_NAME]}


def _outcome_of(context: ExecutionContext) -> str:
    """Return OK, or the code of the first error. What a mutation answers as `userErrors` is no error here."""
    errors: list[GraphQLError] = list(context.pre_execution_errors or ())
    if context.result is not None:
        errors = list(context.result.errors or ())
    return code_of(errors[0]) if errors else OK
