"""Operations whose document is known: what it told when it was read is not found out anew, nor is Strawberry asked for each.

All else goes Strawberry's way: what is asked for the first time or cannot be executed, and what has no plan. Extensions of the
schema do there what is done here, by the same functions, and the answer is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, cast

from graphql import ExecutionResult as CoreResult, GraphQLError, OperationType as CoreType
from strawberry.execution import optimized_is_awaitable
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from app.graphql.context import Context
from app.graphql.execution.documents import Examined, HasDocuments, OperationKey, refuse_many_values
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.first import First, HasFirst, read_first
from app.graphql.execution.levels.planning import Plan
from app.graphql.execution.telemetry import observing
from app.graphql.limits.cost_accounting import charge, charge_for_work
from app.graphql.transport.hashes import keep_document

_KINDS: Mapping[CoreType | None, OperationType] = MappingProxyType(
    {CoreType.QUERY: OperationType.QUERY, CoreType.MUTATION: OperationType.MUTATION}
)
"""Strawberry's words for graphql-core's."""


@dataclass(frozen=True)
class Request:
    """What Strawberry's `execute` is told of an operation."""

    query: str
    variables: Mapping[str, Any] | None
    name: str | None
    extensions: Mapping[str, Any] | None
    allowed: Iterable[OperationType]


class KnowingSchema(HasDocuments, HasFirst, Protocol):
    """What is asked of the schema."""


async def execute_known(
    request: Request, context: Context, *, schema: KnowingSchema, executor: type[BoundedExecutor]
) -> ExecutionResult | None:
    """Execute a query or mutation that is known, planned and within its limits; None for anything else: nothing was done."""
    examined = schema.documents.find(request.query)
    kind = _KINDS.get(examined.kind(request.name)) if examined is not None else None
    if examined is None or kind is None or kind not in request.allowed:
        return None
    key = examined.key(request.name, request.variables)
    cost = examined.cost(request.name, request.variables, key=key)
    if examined.refuse_cost(cost) or refuse_many_values(request.variables):
        return None
    built = build(examined, request, context, executor, key=key)
    if built is None or not isinstance(built.find_plan(), Plan):
        return None
    with observing(context) as observed:
        name = built.operation.name
        observed.kind, observed.name = kind.name.lower(), name.value if name is not None else None
        result = await _pay_and_execute(built, examined, request, context, schema.first, points=examined.points(cost))
        observed.errors = result.errors or ()
        return result


def build(
    examined: Examined, request: Request, context: Context, executor: type[BoundedExecutor], *, key: OperationKey | None
) -> BoundedExecutor | None:
    """Return what executes the operation, which `key` stands for; None where its variables do not fit."""
    known = examined.executors.get(key) if key is not None else None
    if known is None or type(known) is not executor:
        known = _build_for_anybody(examined, request, executor)
        if known is None:
            return None
        examined.executors.keep(key, known)
    return known.again(context, extensions=request.extensions)


def _build_for_anybody(examined: Examined, request: Request, executor: type[BoundedExecutor]) -> BoundedExecutor | None:
    built = executor.build(
        examined.schema,
        examined.document,
        raw_variable_values=request.variables,
        operation_name=request.name,
        is_awaitable=optimized_is_awaitable,
    )
    return built if isinstance(built, BoundedExecutor) else None


async def pay(examined: Examined, request: Request, context: Context, *, points: int) -> PreExecutionError | None:
    """Charge the operation, and note its cost in the context's extensions. Return the answer where there are too few points."""
    context.cost, context.extensions = points, {}
    charged = await charge(context, points=points)
    if charged is not None:
        if charged.refusal is not None:
            return charged.answer()
        context.extensions["cost"] = charged.told
    await keep_document(request.extensions, request.query, examined.document, context)
    return None


async def _pay_and_execute(
    built: BoundedExecutor, examined: Examined, request: Request, context: Context, first: First, *, points: int
) -> ExecutionResult:
    refused = await pay(examined, request, context, points=points)
    if refused is not None:
        return refused
    extensions = context.extensions
    try:
        if built.operation.operation is CoreType.QUERY:
            await read_first(first, examined.fields_at_top, context)
        result = cast(CoreResult, await built.execute_operation())
        await charge_for_work(context)
    except Exception as error:  # noqa: BLE001 - as Strawberry does: `errors` says what clients are told of it
        located = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
        return PreExecutionError(None, [located], extensions)
    return ExecutionResult(result.data, result.errors, extensions)
