"""The schema, put together with everything that it stands on."""

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeGuard

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.schema.schema import DEFAULT_ALLOWED_OPERATION_TYPES, StreamResult
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from app.access.rules import rules_of
from app.graphql.context import Context
from app.graphql.execution.documents import Documents, ExamineDocuments
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.first import NOTHING_FIRST, First, ReadFirst
from app.graphql.execution.known import Request, execute_known
from app.graphql.execution.listening import listen_known
from app.graphql.execution.telemetry import ObserveOperations
from app.graphql.limits.cost_accounting import ChargeOperations
from app.graphql.lists import require_list_sizes
from app.graphql.scalars import SCALARS
from app.graphql.transport.hashes import KeepDocuments


class _RememberedNames(NameConverter):
    """Strawberry's names, made once: it asks for them for each argument of each field of each row."""

    def apply_naming_config(self, name: str) -> str:
        return _camel_case(name)


@cache
def _camel_case(name: str) -> str:
    return NameConverter().apply_naming_config(name)


class Schema(strawberry.Schema):
    """A schema with its limits and scalars; the documents that it was asked are kept with it.

    Every field of it has a rule, and every list of objects a size. Raises TypeError for a field that has none.
    """

    def __init__(
        self,
        query: type,
        mutation: type | None = None,
        subscription: type | None = None,
        types: Iterable[Any] = (),
        *,
        first: First = NOTHING_FIRST,
        executor: type[BoundedExecutor] = BoundedExecutor,
    ) -> None:
        super().__init__(
            query,
            mutation,
            subscription,
            types=types,
            extensions=[ObserveOperations, ExamineDocuments, ChargeOperations, KeepDocuments, ReadFirst],
            execution_context_class=executor,
            config=StrawberryConfig(scalar_map=SCALARS, name_converter=_RememberedNames()),
        )
        self.rules = rules_of(self._schema)
        self.list_sizes = require_list_sizes(self._schema)
        self.documents = Documents()
        self.first = first
        self._executor = executor

    async def execute(  # noqa: PLR0917 - as Strawberry's
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        request = _request(query, variable_values, operation_name, operation_extensions, allowed_operation_types)
        if request is not None and _is_ours(context_value, root_value):
            known = await execute_known(request, context_value, schema=self, executor=self._executor)
            if known is not None:
                return known
        return await super().execute(
            query, variable_values, context_value, root_value, operation_name, allowed_operation_types, operation_extensions
        )

    async def stream(  # noqa: PLR0917 - as Strawberry's
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> StreamResult:
        request = _request(query, variable_values, operation_name, operation_extensions, allowed_operation_types)
        if request is not None and _is_ours(context_value, root_value):
            known = listen_known(request, context_value, schema=self, executor=self._executor)
            if known is not None:
                return known
        return await super().stream(
            query, variable_values, context_value, root_value, operation_name, operation_extensions, allowed_operation_types
        )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: `errors.describe` logs what nobody expected, without the values that Strawberry would write down."""


def _request(
    query: str | None,
    variables: dict[str, Any] | None,
    name: str | None,
    extensions: dict[str, Any] | None,
    allowed: Iterable[OperationType] | None,
) -> Request | None:
    if query is None:
        return None
    return Request(query, variables, name, extensions, DEFAULT_ALLOWED_OPERATION_TYPES if allowed is None else allowed)


def _is_ours(context_value: Any, root_value: Any) -> TypeGuard[Context]:
    """Whether what Strawberry is told beside the request is what our transports tell it."""
    return isinstance(context_value, Context) and root_value is None
