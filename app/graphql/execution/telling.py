"""An event of a subscription is executed in its turn, and again where something has come in the way that passes.

So a crowd of listeners is told later than a few are, and none of them is told of an error in place of what has happened.
"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from functools import partial
from inspect import isawaitable

from graphql import ExecutionResult

from app.access.callers import Caller, Deputy
from app.errors import Unavailable
from app.graphql.context import Context
from app.graphql.errors import code_of
from app.graphql.execution.audiences import leave_others, tell_others
from app.graphql.execution.insistence import Tries
from app.graphql.execution.sharing import Execution, SharedData


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
            while (fault := passing_fault(result := await self._find_out())) is not None:
                context.services.meters.event_tried_again()
                await tries.pause(fault=fault)
                context.place = context.place.next()  # an attempt leaves its own
        finally:
            context.place.leave()
        if isinstance(result.data, SharedData) and not result.errors:
            await tell_others(context, result.data)
        else:
            leave_others(context)
        return result

    async def _find_out(self) -> ExecutionResult:
        context = self._context
        if context.event is None or context.caller is None:
            return await self._execute()
        event = context.event, context.services.watcher.newest_known(context.caller.team_id)
        execute = partial(self._execute_for_others, context.caller, event)
        return await context.executions.ask(self._listening, event, execute)

    @property
    def _listening(self) -> Hashable:
        return self._context.listening, self._context.event_type

    async def _execute_for_others(self, caller: Caller, event: Hashable) -> Execution:
        """Execute the event with what others of the same role read of it, unless that depends on who exactly is asking."""
        if not self._context.executions.is_personal(self._listening):
            common = caller.team_id, caller.role, caller.scopes, caller.is_session, event
            deputy = Deputy.of(caller)
            reads = self._context.executions.reads_of(common, partial(self._context.for_reads, deputy))
            made = await self._execute_as_deputy(caller, reads)
            if made.result.errors:
                self._context.executions.forget_reads(common)
            if not (isinstance(reads.caller, Deputy) and reads.caller.was_asked_who):
                return made
        made = await self._execute_as_deputy(caller, None)
        return replace(made, is_personal=True)

    async def _execute_as_deputy(self, caller: Caller, reads: Context | None) -> Execution:
        context = self._context
        deputy = context.caller = Deputy.of(caller)
        context.reads = reads
        try:
            result = await self._execute()
        finally:
            context.caller, context.reads = caller, None
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
