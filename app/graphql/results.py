"""An operation's results, one by one, whatever kind of operation it is."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult, PreExecutionError

from app.errors import RequestRefused
from app.graphql.assembly import Schema
from app.graphql.context import Context
from app.graphql.hashes import resolve
from app.graphql.requests import Operation


async def run(schema: Schema, operation: Operation, context: Context) -> AsyncGenerator[ExecutionResult, None]:
    """Yield a query's or mutation's one result, or a subscription's one after the other.

    Close it (`aclosing`) in the task that iterates it.
    """
    try:
        operation = await resolve(operation, context)
    except RequestRefused as error:
        yield PreExecutionError(data=None, errors=[GraphQLError(error.message, original_error=error)])
        return
    results = await schema.stream(
        operation.query,
        variable_values=dict(operation.variables) if operation.variables is not None else None,
        context_value=context,
        operation_name=operation.name,
        operation_extensions=dict(operation.extensions) if operation.extensions is not None else None,
    )
    async with aclosing(results):
        async for result in results:
            if isinstance(result, ExecutionResult):
                yield result
