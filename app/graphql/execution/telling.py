"""An event of a subscription is executed in its turn, and again where something has come in the way that passes.

So a crowd of listeners is told later than a few are, and none of them is told of an error in place of what has happened.
"""

from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from inspect import isawaitable

from graphql import ExecutionResult

from app.access.callers import Caller, Deputy
from app.errors import Unavailable
from app.graphql.context import Context
from app.graphql.errors import code_of
from app.graphql.execution.insistence import Tries
from app.graphql.execution.sharing import Execution


class EventExecution:
    """Stands where graphql-core has the executor of one event. `attempt` executes the event, from its beginning.

    `asked` is what the operation asks: whoever asks the same, in the same role, may be told the same.
    """

    def __init__(
        self, attempt: Callable[[], ExecutionResult | Awaitable[ExecutionResult]], *, context: Context, asked: Hashable
    ) -> None:
        self._attempt = attempt
        self._context = context
        self._asked = asked

    async def execute_operation(self, serially: bool | None = None) -> ExecutionResult:
        """Return what the listener is told. Raises TryAgainLater where that could not be found out for long."""
        del serially  # subscriptions have one field
        context, tries = self._context, Tries(self._context.insistence)
        try:
            while (fault := passing_fault(result := await self._find_out())) is not None:
                context.services.meters.event_tried_again()
                await tries.pause(fault=fault)
                context.place = context.place.next()  # an attempt leaves its own
        finally:
            context.place.leave()
        return result

    async def _find_out(self) -> ExecutionResult:
        context = self._context
        if context.event is None or context.caller is None:
            return await self._execute()
        team_id = context.caller.team_id
        listening = self._asked, team_id, context.caller.role, context.caller.scopes, context.caller.is_session
        event = context.event, context.services.watcher.newest_known(team_id)
        return await context.executions.ask(listening, event, partial(self._execute_as_deputy, context.caller))

    async def _execute_as_deputy(self, caller: Caller) -> Execution:
        deputy = self._context.caller = Deputy.of(caller)
        try:
            result = await self._execute()
        finally:
            self._context.caller = caller
        return Execution(result, is_personal=deputy.was_asked_who)

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
