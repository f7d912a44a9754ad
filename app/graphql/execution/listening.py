"""Subscriptions whose document is known: what thousands ask in the same words is read once, and Strawberry is not asked for each.

All else goes Strawberry's way: what is asked for the first time, or cannot be executed. Extensions of the schema do there what is
done here, by the same functions, and the answers are the same.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult as CoreResult, GraphQLError, OperationType as CoreType, create_source_event_stream
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from app.graphql.context import Context
from app.graphql.execution.documents import Examined, HasDocuments, refuse_many_values
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.known import Request, build, pay
from app.graphql.execution.telemetry import observing
from app.graphql.limits.cost_accounting import charge_for_work

Results = AsyncGenerator[ExecutionResult, None]


def listen_known(request: Request, context: Context, *, schema: HasDocuments, executor: type[BoundedExecutor]) -> Results | None:
    """Return the results of a subscription that is known and within its limits; None for anything else: nothing was done."""
    examined = schema.documents.find(request.query)
    if examined is None or examined.kind(request.name) is not CoreType.SUBSCRIPTION:
        return None
    if OperationType.SUBSCRIPTION not in request.allowed:
        return None
    key = examined.key(request.name, request.variables)
    cost = examined.cost(request.name, request.variables, key=key)
    if examined.refuse_cost(cost) or refuse_many_values(request.variables):
        return None
    built = build(examined, request, context, executor, key=key)
    if built is None:
        return None
    return _listen(built, examined, request, context, points=examined.points(cost))


async def _listen(built: BoundedExecutor, examined: Examined, request: Request, context: Context, *, points: int) -> Results:
    with observing(context) as observed:
        name = built.operation.name
        observed.kind, observed.name = "subscription", name.value if name is not None else None
        refused = await pay(examined, request, context, points=points)
        if refused is not None:
            observed.errors = refused.errors or ()
            yield refused
            return
        try:
            executor = built.share()
            source = await _begin(built, context)
            del built, examined, request  # somebody may listen for days
            if isinstance(source, CoreResult):
                observed.errors = source.errors or ()
                yield PreExecutionError(None, source.errors, _told_once(context))
                return
            async with aclosing(source) as events:
                async for event in events:
                    result: CoreResult = await executor.event_execution(event, context=context).execute_operation()
                    observed.errors = result.errors or ()
                    yield ExecutionResult(result.data, result.errors, _told_once(context))
        except Exception as error:  # noqa: BLE001 - as Strawberry does: `errors` says what clients are told of it
            located = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
            observed.errors = [located]
            yield ExecutionResult(None, [located], _told_once(context))


async def _begin(built: BoundedExecutor, context: Context) -> Any:
    """Return the events that the subscription tells of, or the result where it could not begin."""
    source: Any = create_source_event_stream(built)
    if isawaitable(source):
        source = await source
    await charge_for_work(context)
    return source if isinstance(source, CoreResult) else built.cancellable_iterable(source)


def _told_once(context: Context) -> dict[str, Any]:
    told = dict(context.extensions)
    context.extensions.clear()
    return told
