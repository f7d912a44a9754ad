"""Payment for operations: by the points of the credential and of its team, or of the address where nobody is known.

An operation costs what `documents` measures, the objects that may come, and at least 1; one that is not valid costs 1. To read
what is not known costs something too, whatever becomes of it: that is taken before it is read, and the rest of the operation's
cost before anything of it runs. Where not enough points are left it is RATE_LIMITED and runs nothing. What takes more CPU than
its points stand for is charged for that when it is done. Each event of a subscription costs as much, and waits until it is paid.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, cast

from graphql import GraphQLError
from starlette.requests import HTTPConnection
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from app.access.callers import Caller
from app.errors import RateLimited
from app.graphql.context import Context
from app.graphql.execution.documents import DEAREST, Documents, HasDocuments
from app.graphql.limits.prices import price_of_reading, price_of_work
from app.graphql.scalars import format_moment
from app.graphql.transport.requests import Operation
from app.redis.rate_limits import Bucket, BucketState, Rates
from app.settings import Settings
from app.web.client_address import client_network

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


async def admit(operation: Operation, context: Context, *, documents: Documents) -> "Charged | None":
    """Take what it costs to read the request; return why it is not to be read, None where it is.

    Where a bucket is empty nobody is asked and nothing is looked at. Reading what is known costs nothing beside the operation.
    """
    if (refused := find_refusal(context)) is not None:
        return refused
    is_known = documents.knows(operation.query)
    price = price_of_reading(operation, is_known=is_known)
    if price > 1 or not is_known:
        charged = await charge(context, points=price)
        if charged is not None and charged.refusal is not None:
            return charged
        context.paid = price
    await context.place.breathe()  # many may have come at once, and reading is done in one piece
    context.place.rest()
    return None


def find_refusal(context: Context) -> "Charged | None":
    """Return the refusal of whoever is known to have no points left; None where nobody knows of that."""
    rates = context.services.rates
    empty = rates.find_empty(context.buckets) if rates is not None else None
    if rates is None or empty is None:
        return None
    context.services.meters.refused_by_rate("points")
    return Charged(_told(1, [empty]), _refusal(1, empty, rates=rates))


async def charge_for_event(context: Context, *, seconds: float) -> None:
    """Take what an event of a subscription costs, and what the one before it took beyond that; wait until that can be taken.

    That took so many `seconds` of CPU.

    A tenth of the minute's points is left to questions: those who listen cannot take everything from those who ask.
    """
    rates = context.services.rates
    if context.events_paid:
        context.events_paid -= 1
        return
    if rates is None:
        return
    buckets = _buckets_of_events(context)
    points = max(context.cost, price_of_work(seconds))
    while (short := next((each for each in await rates.take(buckets, points) if each.is_refused), None)) is not None:
        context.services.meters.refused_by_rate("events")
        if context.listening is not None:
            context.executions.company_of(context.listening).leave(context)  # nobody else waits for its points
        await rates.refilled(short)


async def charge_events(context: Context, *, count: int) -> bool:
    """Take what so many events cost a listener, but for those that it has paid; return whether it had as much left for all."""
    rates, due = context.services.rates, max(count - context.events_paid, 0)
    if rates is not None and due:
        buckets, points = _buckets_of_events(context), due * context.cost
        if due > 1 and any(points > bucket.limit for bucket in buckets):
            return False  # a bucket never holds as much: to take all that it does hold would be too little
        if any(state.is_refused for state in await rates.take(buckets, points)):
            return False
    context.events_paid = max(context.events_paid - count, 0)
    return True


async def charge_listeners(listeners: Sequence[Context]) -> Sequence[Context]:
    """Take of each what an event costs it; return those that had as much left."""
    rates = listeners[0].services.rates if any(each.buckets for each in listeners) else None
    if rates is None:
        return listeners
    states = await rates.take_each([(_buckets_of_events(each), each.cost) for each in listeners])
    return [each for each, standing in zip(listeners, states, strict=True) if not any(state.is_refused for state in standing)]


def _buckets_of_events(context: Context) -> list[Bucket]:
    return [Bucket(bucket.name, bucket.limit - bucket.limit // 10) for bucket in context.buckets]


class ChargeOperations(SchemaExtension):
    """Charges every operation, over every transport, and says so in `extensions.cost`. Stands behind `ExamineDocuments`."""

    _is_told_once = False

    async def on_validate(self) -> AsyncIterator[None]:
        execution = self.execution_context
        self._is_told_once = execution.operation_type is OperationType.SUBSCRIPTION
        charged = None
        if execution.context is not None:
            execution.context.cost = self._cost()
            execution.context.extensions = execution.extensions_results
            charged = await charge(execution.context, points=execution.context.cost)
        if charged is not None:
            execution.extensions_results["cost"] = charged.told
            if (refusal := charged.refusal) is not None:
                execution.pre_execution_errors = [GraphQLError(refusal.message, original_error=refusal)]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        yield
        context = self.execution_context.context
        if context is not None:
            await charge_for_work(context)

    def get_results(self) -> dict[str, Any]:
        """Nothing of its own; called for each event of a subscription, of which only the first tells what it all has cost."""
        told = dict(self.execution_context.extensions_results)
        if self._is_told_once:
            self.execution_context.extensions_results.clear()
        return told

    def _cost(self) -> int:
        execution = self.execution_context
        if execution.pre_execution_errors:
            return 1
        documents = cast(HasDocuments, execution.schema).documents
        name = execution._provided_operation_name  # noqa: SLF001 - None where the client named none
        return documents.points(execution.query or "", name=name, variables=execution.variables)


class Charged(NamedTuple):
    """`told` is what clients read of it; `refusal` is why nothing was taken, where there was not enough."""

    told: dict[str, Any]
    refusal: RateLimited | None

    def answer(self) -> PreExecutionError:
        """Return the answer of what is refused."""
        errors = [GraphQLError(self.refusal.message, original_error=self.refusal)] if self.refusal is not None else []
        return PreExecutionError(data=None, errors=errors, extensions={"cost": self.told})


async def charge(context: Context, *, points: int) -> Charged | None:
    """Take the points out of the context's buckets, but for what was paid; None where nothing is counted."""
    rates = context.services.rates
    if rates is None:
        return None
    points = max(points, context.paid)
    states = await rates.take(context.buckets, points, paid=context.paid)
    short = [state for state in states if state.is_refused]
    if short:
        context.services.meters.refused_by_rate("points")
    return Charged(_told(points, states), _refusal(points, short[0], rates=rates) if short else None)


async def charge_for_work(context: Context) -> None:
    """Take what the operation has taken of CPU beyond its points, or what is left of that."""
    rates, work, paid = context.services.rates, price_of_work(context.place.seconds), max(context.cost, context.paid)
    if rates is None or work <= paid:
        return
    states = await rates.take(context.buckets, work, paid=paid)
    left = min((state.remaining for state in states if state.is_refused), default=0)
    if left:
        await rates.take(context.buckets, left)


def retry_after(result: ExecutionResult) -> int | None:
    """Return after how many seconds to ask again, where the operation was refused for its cost."""
    for error in result.errors or ():
        if isinstance(error.original_error, RateLimited):
            return error.original_error.retry_after
    return None


def _told(points: int, states: list[BucketState]) -> dict[str, Any]:
    told: dict[str, Any] = {"requested": points, "limit": DEAREST.objects, "rate": None}
    if states:
        least = min(states, key=lambda state: state.remaining)
        told["rate"] = {"limit": least.limit, "remaining": least.remaining, "resetAt": format_moment(least.resets_at)}
    return told


def _refusal(points: int, short: BucketState, *, rates: Rates) -> RateLimited:
    seconds = rates.seconds_until(short.resets_at)
    return RateLimited(
        f"This operation costs {points:,} points, and {short.remaining:,} of {short.limit:,} a minute are left: "
        f"ask again in {seconds} seconds, or for less at once.",
        retry_after=seconds,
    )
