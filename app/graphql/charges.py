"""What operations cost, and whose points they take: the credential's and its team's, or the address's where nobody is known.

An operation costs what `documents` measures, the objects that may come, and at least 1; one that is not valid costs 1. It is
charged once, before anything of it runs: the events of a subscription cost nothing more. Where not enough points are left it is
RATE_LIMITED, runs nothing and takes nothing.
"""

from collections.abc import AsyncIterator
from typing import Any, cast

from graphql import GraphQLError
from starlette.requests import HTTPConnection
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from app.client_address import client_network
from app.errors import RateLimited
from app.graphql.callers import Caller
from app.graphql.context import Context
from app.graphql.documents import LARGEST, HasDocuments
from app.graphql.scalars import format_moment
from app.rates import Bucket, Rates, Standing
from app.settings import Settings

ANONYMOUS_POINTS = 600
"""A minute, for all at one address who are not signed in: these can ask for nothing but the schema."""


def buckets_of(caller: Caller | None, connection: HTTPConnection, *, settings: Settings) -> tuple[Bucket, ...]:
    """Return what the caller's operations take their points out of."""
    if caller is None:
        network = client_network(connection, trusted=settings.trusted_proxies)
        return (Bucket(f"anonymous:{network}", ANONYMOUS_POINTS),)
    limits = {
        f"credential:{caller.credential_id}": settings.rate_limit_per_minute,
        f"team:{caller.team_id}": settings.team_rate_limit_per_minute,
    }
    return tuple(Bucket(name, limit) for name, limit in limits.items() if limit)


class ChargeOperations(SchemaExtension):
    """Charges every operation, over every transport, and says so in `extensions.cost`. Stands behind `ExamineDocuments`."""

    _is_told_once = False

    async def on_validate(self) -> AsyncIterator[None]:
        context: Context | None = self.execution_context.context
        if context is not None and context.ground.rates is not None:
            await self._charge(context, context.ground.rates)
        yield

    async def _charge(self, context: Context, rates: Rates) -> None:
        execution = self.execution_context
        documents = cast(HasDocuments, execution.schema).documents
        cost = 1 if execution.pre_execution_errors else documents.cost_of(execution.query or "")
        self._is_told_once = execution.operation_type is OperationType.SUBSCRIPTION
        standings = await rates.take(context.buckets, cost)
        execution.extensions_results["cost"] = _told(cost, standings)
        if any(standing.is_refused for standing in standings):
            error = _refusal(cost, standings, rates=rates)
            execution.pre_execution_errors = [GraphQLError(error.message, original_error=error)]

    def get_results(self) -> dict[str, Any]:
        """Nothing of its own; called for each event of a subscription, of which only the first tells what it all has cost."""
        told = self.execution_context.extensions_results
        if self._is_told_once:
            self.execution_context.extensions_results = {}
        return told


def retry_after(result: ExecutionResult) -> int | None:
    """Return after how many seconds to ask again, where the operation was refused for its cost."""
    for error in result.errors or ():
        if isinstance(error.original_error, RateLimited):
            return error.original_error.retry_after
    return None


def _told(cost: int, standings: list[Standing]) -> dict[str, Any]:
    told: dict[str, Any] = {"requested": cost, "limit": LARGEST.cost, "rate": None}
    if standings:
        least = min(standings, key=lambda standing: standing.remaining)
        told["rate"] = {"limit": least.limit, "remaining": least.remaining, "resetAt": format_moment(least.resets_at)}
    return told


def _refusal(cost: int, standings: list[Standing], *, rates: Rates) -> RateLimited:
    short = next(standing for standing in standings if standing.is_refused)
    seconds = rates.seconds_until(short.resets_at)
    return RateLimited(
        f"This operation costs {cost:,} points, and {short.remaining:,} of {short.limit:,} a minute are left: "
        f"ask again in {seconds} seconds, or for less at once.",
        retry_after=seconds,
    )
