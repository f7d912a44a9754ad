"""An event of a subscription is executed in its turn, and again where something has come in the way that passes.

So a crowd of listeners is told later than a few are, and none of them is told of an error in place of what has happened.
"""

from collections.abc import Awaitable, Callable
from inspect import isawaitable

from graphql import ExecutionResult

from app.errors import Unavailable
from app.graphql.context import Context
from app.graphql.errors import code_of
from app.graphql.execution.insistence import Tries


class EventExecution:
    """Stands where graphql-core has the executor of one event. `attempt` executes the event, from its beginning."""

    def __init__(self, attempt: Callable[[], ExecutionResult | Awaitable[ExecutionResult]], *, context: Context) -> None:
        self._attempt = attempt
        self._context = context

    async def execute_operation(self, serially: bool | None = None) -> ExecutionResult:
        """Return what the listener is told. Raises TryAgainLater where that could not be found out for long."""
        del serially  # subscriptions have one field
        context, tries = self._context, Tries(self._context.insistence)
        try:
            while (fault := passing_fault(result := await self._execute())) is not None:
                context.services.meters.event_tried_again()
                await tries.pause(fault=fault)
                context.place = context.place.next()  # an attempt leaves its own
        finally:
            context.place.leave()
        return result

    async def _execute(self) -> ExecutionResult:
        context = self._context
        async with context.crowd.take(context.viewer.team_id):
            context.clear_loaders()
            context.budget.renew()
            result = self._attempt()
            return await result if isawaitable(result) else result


def passing_fault(result: ExecutionResult) -> str | None:
    """Return why any of the result is missing where that is no fault of what was asked: all of it may be there a little later."""
    return next((error.message for error in result.errors or () if code_of(error) == Unavailable.code), None)
