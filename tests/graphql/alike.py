"""An operation executed both ways, by whole levels and field by field, and what of the two answers has to be the same."""

from dataclasses import replace
from typing import Any, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.utils.await_maybe import await_maybe

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
        context_value=replace(context, place=Turns(seconds=3_600.0).place(), _loaders={}),
        variable_values=variables,
        executor_class=executor,
        is_awaitable=cast(Any, optimized_is_awaitable),
    )
    result: ExecutionResult = await await_maybe(asked)
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
