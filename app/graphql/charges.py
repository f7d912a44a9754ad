"""What operations cost, and whose points they take: the credential's and its team's, or the address's where nobody is known.

An operation costs what `documents` measures, the objects that may come, and at least 1; one that is not valid costs 1. It is
charged once, before anything of it runs: the events of a subscription cost nothing more. Where not enough points are left it is
RATE_LIMITED, runs nothing and takes nothing.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast

from graphql import GraphQLError
from starlette.requests import HTTPConnection
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from app.client_address import client_network
from app.errors import RateLimited
from app.graphql.callers import Caller
from app.graphql.context import Context
from app.graphql.documents import HasDocuments
from app.graphql.scalars import format_moment
from app.graphql.sizes import LARGEST
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
        execution = self.execution_context
        self._is_told_once = execution.operation_type is OperationType.SUBSCRIPTION
        charged = await charge(execution.context, points=self._cost()) if execution.context is not None else None
        if charged is not None:
            execution.extensions_results["cost"] = charged.told
            if (refusal := charged.refusal) is not None:
                execution.pre_execution_errors = [GraphQLError(refusal.message, original_error=refusal)]
        yield

    def get_results(self) -> dict[str, Any]:
        """Nothing of its own; called for each event of a subscription, of which only the first tells what it all has cost."""
        told = self.execution_context.extensions_results
        if self._is_told_once:
            self.execution_context.extensions_results = {}
        return told

    def _cost(self) -> int:
        execution = self.execution_context
        documents = cast(HasDocuments, execution.schema).documents
        return 1 if execution.pre_execution_errors else documents.cost_of(execution.query or "")


class Charged(NamedTuple):
    """`told` is what clients read of it; `refusal` is why nothing was taken, where there was not enough."""

    told: dict[str, Any]
    refusal: RateLimited | None


async def charge(context: Context, *, points: int) -> Charged | None:
    """Take the points out of the context's buckets; None where nothing is counted."""
    rates = context.ground.rates
    if rates is None:
        return None
    standings = await rates.take(context.buckets, points)
    short = [standing for standing in standings if standing.is_refused]
    if short:
        context.ground.meters.refused_by_rate("points")
    return Charged(_told(points, standings), _refusal(points, short[0], rates=rates) if short else None)


def retry_after(result: ExecutionResult) -> int | None:
    """Return after how many seconds to ask again, where the operation was refused for its cost."""
    for error in result.errors or ():
        if isinstance(error.original_error, RateLimited):
            return error.original_error.retry_after
    return None


def _told(points: int, standings: list[Standing]) -> dict[str, Any]:
    told: dict[str, Any] = {"requested": points, "limit": LARGEST.cost, "rate": None}
    if standings:
        least = min(standings, key=lambda standing: standing.remaining)
        told["rate"] = {"limit": least.limit, "remaining": least.remaining, "resetAt": format_moment(least.resets_at)}
    return told


def _refusal(points: int, short: Standing, *, rates: Rates) -> RateLimited:
    seconds = rates.seconds_until(short.resets_at)
    return RateLimited(
        f"This operation costs {points:,} points, and {short.remaining:,} of {short.limit:,} a minute are left: "
        f"ask again in {seconds} seconds, or for less at once.",
        retry_after=seconds,
    )
