"""An operation executed both ways, by whole levels and field by field, and what of the two answers has to be the same."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, subscribe
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.utils.await_maybe import await_maybe

from app.errors import ServiceError
from app.graphql.context import Context
from app.graphql.errors import code_of
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.execution.levels.planning import Plan
from app.graphql.execution.turns import Turns
from tests.graphql.tiny import World, caller


class ByLevels(BoundedExecutor):
    """The executor itself, which fails where it has no plan."""

    def find_plan(self) -> Plan | str:
        plan = super().find_plan()
        assert isinstance(plan, Plan), plan
        return plan


class FieldByField(BoundedExecutor):
    """The executor as it is where there is no plan."""

    def find_plan(self) -> Plan | str:
        return "Not to be planned."


async def answer(
    schema: GraphQLSchema,
    document: DocumentNode,
    executor: type[BoundedExecutor],
    *,
    variables: dict[str, Any] | None = None,
    context: Context | None = None,
    root: Any = None,
) -> dict[str, Any]:
    """Execute what is asked, whatever it costs, and return its data and errors: more than clients are told of these."""
    context = context or Context(caller=caller(), services=World().services, request_id="1")
    asked = execute(
        schema,
        document,
        root,
        context_value=_fresh(context),
        variable_values=variables,
        executor_class=executor,
        is_awaitable=cast(Any, optimized_is_awaitable),
    )
    return _told(await await_maybe(asked))


async def heard(
    schema: GraphQLSchema, document: DocumentNode, executor: type[BoundedExecutor], *, context: Context
) -> list[dict[str, Any]]:
    """Listen until all is told, and return what each event, or the refusal, is answered with; the watcher has finished."""
    context = _fresh(context)
    stream = await await_maybe(
        subscribe(
            schema,
            document,
            context_value=context,
            executor_class=executor,
            is_awaitable=cast(Any, optimized_is_awaitable),
        )
    )
    if isinstance(stream, ExecutionResult):
        return [_told(stream)]
    answers: list[dict[str, Any]] = []
    caught_up = asyncio.create_task(context.caught_up.wait())
    while True:
        coming: asyncio.Task[ExecutionResult | None] = asyncio.create_task(_next(cast(Any, stream)))
        await asyncio.wait({coming, caught_up}, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done() or coming.result() is None:
            break
        answers.append(_told(cast(ExecutionResult, coming.result())))
    for waiting in (coming, caught_up):
        waiting.cancel()
    await asyncio.gather(coming, caught_up, return_exceptions=True)
    await cast(Any, stream).aclose()
    return answers


async def _next(stream: AsyncIterator[ExecutionResult]) -> ExecutionResult | None:
    try:
        return await anext(stream, None)
    except ServiceError as error:  # what the source of the events raises
        return ExecutionResult(None, [GraphQLError(str(error), path=[], original_error=error)])


def _fresh(context: Context) -> Context:
    return replace(context, place=Turns(seconds=3_600.0).place(), caught_up=asyncio.Event(), _loaders={})


def _told(result: ExecutionResult) -> dict[str, Any]:
    errors = [{**error.formatted, "code": code_of(error), "of": repr(error.original_error)} for error in result.errors or ()]
    return {"data": result.data, "errors": errors}


async def both(schema: GraphQLSchema, document: DocumentNode, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answer by levels and the one field by field; `given` is what `answer` takes."""
    return await answer(schema, document, ByLevels, **given), await answer(schema, document, FieldByField, **given)


def essence(answered: dict[str, Any]) -> tuple[bytes, list[bytes]]:
    """Return the data byte for byte, and the errors in an order of their own.

    Where an error takes away what is around it, graphql-core tells whatever it happens to find there before that. Of those errors
    there has to be one, and it does not matter which.
    """
    data = answered["data"]
    errors = set()
    for error in answered["errors"]:
        around = _taken_away(error.get("path", []), data)
        errors.add(orjson.dumps(error if around is None else around))
    return orjson.dumps(data), sorted(errors)


def _taken_away(path: list[str | int], data: Any) -> list[str | int] | None:
    """Return the path of the null that the error has brought, where that stands around the field that failed."""
    for depth, key in enumerate(path):
        if data is None:
            return path[:depth]
        data = data[key]
    return None
