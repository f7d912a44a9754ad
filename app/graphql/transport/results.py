"""An operation's results, one by one, whatever kind of operation it is."""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import TypeAlias

import structlog
from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from app.errors import RequestRefused, TryAgainLater
from app.graphql.context import Context
from app.graphql.execution.schema import Schema
from app.graphql.limits.cost_accounting import admit
from app.graphql.transport.hashes import resolve
from app.graphql.transport.requests import Operation

Results: TypeAlias = AsyncGenerator[ExecutionResult, None]

EVERY_KIND = frozenset(OperationType)

_log = structlog.get_logger("graphql")


async def run(
    schema: Schema, operation: Operation, context: Context, *, allowed: Collection[OperationType] = EVERY_KIND
) -> Results:
    """Yield a query's or mutation's one result, or a subscription's one after the other.

    An operation of a kind that is not `allowed` is an error. Close it (`aclosing`) in the task that iterates it. Raises
    TryAgainLater where the next result of a subscription could not be found out for long: whoever listens is to be sent away,
    without a word that its client takes for an end.
    """
    try:
        operation = await resolve(operation, context)
        turned_away = await admit(operation, context, documents=schema.documents)
    except RequestRefused as error:
        yield PreExecutionError(data=None, errors=[GraphQLError(error.message, original_error=error)])
        return
    if turned_away is not None:
        yield turned_away.answer()
        return
    results = await schema.stream(
        operation.query,
        variable_values=dict(operation.variables) if operation.variables is not None else None,
        context_value=context,
        operation_name=operation.name,
        operation_extensions=dict(operation.extensions) if operation.extensions is not None else None,
        allowed_operation_types=allowed,
    )
    del operation, turned_away  # somebody may listen for days
    async with aclosing(results):
        async for result in results:
            if isinstance(result, ExecutionResult):
                _raise_where_sent_away(result, context)
                yield result


def _raise_where_sent_away(result: ExecutionResult, context: Context) -> None:
    """Raise what Strawberry has made a result of."""
    for error in result.errors or ():
        if isinstance(error.original_error, TryAgainLater):
            context.services.meters.listener_sent_away()
            _log.warning("sent away", request_id=context.request_id, fault=error.original_error.fault)
            raise error.original_error
