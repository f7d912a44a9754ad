"""No operation is executed for longer than its deadline, over whatever transport it came; an event is told later then.

None keeps the event loop from others meanwhile, and none leaves anything behind once it is answered.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Hashable, Mapping
from copy import copy
from functools import cached_property, partial
from typing import Any, cast

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    SourceLocation,
    VariableNode,
    located_error,
)
from graphql.execution.executor import to_nodes
from graphql.pyutils import Path
from graphql.type import GraphQLResolveInfoHelpers
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.errors import DatabaseAway, Overdue
from app.graphql.context import Context
from app.graphql.execution.levels.planning import KnownArguments, Plan, plans_of
from app.graphql.execution.levels.running import run
from app.graphql.execution.locations import Locations
from app.graphql.execution.pacing import Asleep, Guarded, Paced, PaceOf
from app.graphql.execution.telling import EventExecution
from app.graphql.execution.turns import Place
from app.graphql.limits.cost_accounting import charge_for_event
from app.storage.outages import unknown

_PATH, _RESULT = 3, 4
"""Where graphql-core's methods have them that complete a value."""

_DECLARED_AND_USED_ONCE = 2

LATE = "This took too long and was given up: ask for less at once, or again later."
LATE_CHANGE = "This took too long and is no longer waited for. It may still be done: look before you ask again."


class BoundedExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, which gives up after the context's `deadline` and answers with Overdue and no data.

    What the operation waits for is cancelled. A mutation that is under way is only waited for no longer: see `Tasks`.

    It works in the turns of the context's `place`. graphql-core completes at once whatever does not have to be waited for, and
    goes on at once with all that has come. Here an object whose fields would be executed beyond the slice is one that has to be
    waited for, and a resolver that would begin or go on beyond it waits. What is answered is the same.
    """

    _locations: Locations | None = None
    _plan: Plan | str | None = None
    _is_of_an_event = False

    @classmethod
    def build(cls, *given: Any, **options: Any) -> Any:
        """Build an executor that does not look which names are like a wrong one.

        Nobody is told them, and for fifty long values of an enum that took a tenth of a second.
        """
        return super().build(*given, **{**options, "hide_suggestions": True})

    def again(self, context: Context, *, extensions: Mapping[str, Any] | None) -> "BoundedExecutor":
        """Return what executes the same operation with the same variables in that context: nothing is found out anew."""
        again = type(self)(
            self.schema,
            self.fragment_definitions,
            self.fragments,
            self.root_value,
            context,
            self.operation,
            self.variable_values,
            self.field_resolver,
            self.type_resolver,
            self.subscribe_field_resolver,
            is_awaitable=self.is_awaitable,
            is_async_iterable=self.is_async_iterable,
            hide_suggestions=self.hide_suggestions,
            operation_extensions=extensions,
        )
        again._arguments = self._arguments  # noqa: SLF001 - one of our own
        return again

    def build_per_event_executor(self, payload: Any) -> Any:
        """Build what executes one event, in its turn, and again until it can be told."""
        return self.event_execution(payload, context=self._context)

    def event_execution(self, payload: Any, *, context: Context) -> EventExecution:
        """Return the execution of one event for the listener whose context that is."""
        return EventExecution(partial(self._execute_event, payload, context), context=context)

    def share(self) -> "BoundedExecutor":
        """Return what executes events for all who listen with the same in common: nobody need keep an executor.

        What this one's resolver is told of its execution leads there too.
        """
        context = self._context
        context.listening = self._find_listening()
        shared = context.executions.executor_of(context.listening, self._for_anybody)
        self.async_helpers = shared.async_helpers
        return shared

    def execute_fields(self, *of_an_object: Any) -> Any:
        if not self._place.may_begin:
            return self._paced(self._execute_fields_later(*of_an_object), of_an_object[2])
        return self._paced(super().execute_fields(*of_an_object), of_an_object[2])

    def execute_field(self, *one: Any) -> Any:
        return self._guarded(super().execute_field(*one))

    def complete_iterable_value(self, *of_a_list: Any) -> Any:
        return self._paced(super().complete_iterable_value(*of_a_list), of_a_list[_PATH])

    def complete_async_iterator_value(self, *of_a_list: Any) -> Any:
        return self._paced(super().complete_async_iterator_value(*of_a_list), of_a_list[_PATH])

    def complete_list_item_value(self, item: Any, results: list[Any], *how: Any) -> bool:
        is_awaitable = super().complete_list_item_value(item, results, *how)
        if is_awaitable:
            results[-1] = Guarded(results[-1], self._place)
        return is_awaitable

    def complete_awaitable_value(self, *of_a_resolver: Any) -> Any:
        given = list(of_a_resolver)
        given[_RESULT] = Guarded(given[_RESULT], self._place)
        return self._paced(super().complete_awaitable_value(*given), given[_PATH])

    def complete_awaitable_list_item_value(self, item: Awaitable[Any], *how: Any) -> Any:
        return self._guarded(super().complete_awaitable_list_item_value(Guarded(item, self._place), *how))

    def with_abort_signal(self, awaitable: Awaitable[Any]) -> Any:
        return Asleep(awaitable, self._place)

    def handle_field_error(self, raw_error: Exception, kind: Any, details: Any, path: Path) -> None:
        error = self._locate_after_a_change(raw_error, to_nodes(details), path.as_list())
        super().handle_field_error(error, kind, details, path)

    def cancellable_iterable(self, iterable: AsyncIterable[Any]) -> Any:
        if self._is_of_an_event or self.operation.operation is not OperationType.SUBSCRIPTION:
            return iterable  # a list's items, and not the events that somebody listens to
        if self._context.listening is None:
            self._context.listening = self._find_listening()
        return _PacedEvents(iterable, self._context)

    def find_plan(self) -> Plan | str:
        """Return the plan of the operation; or why it is not run by whole levels."""
        if self._plan is None:
            self._plan = plans_of(self.schema).plan(self)
        return self._plan

    def execute_operation(self, serially: bool | None = None) -> Any:
        plan = self.find_plan()
        self._context.services.meters.executed(by="levels" if isinstance(plan, Plan) else "fields")
        if isinstance(plan, Plan):
            work = run(
                plan,
                self,
                pace=PaceOf(self._place),
                locate=self._locate_after_a_change,
                arguments=self._arguments.of(plan),
            )
            return self._run_in_time(Paced(work, self._place, None))
        result = super().execute_operation(serially)
        self._place.rest()
        if self.is_awaitable(result):
            return self._in_time(asyncio.ensure_future(result))
        self._let_go()
        return result

    def _find_listening(self) -> Hashable:
        """Return what equal listeners have in common; None where nobody is known."""
        caller = self._context.caller
        return None if caller is None else (self._asked, caller.team_id, caller.role, caller.scopes, caller.is_session)

    def _for_anybody(self) -> "BoundedExecutor":
        executor = copy(self)
        executor.context_value = None
        executor.async_helpers = GraphQLResolveInfoHelpers(gather=executor.gather_async_work, track=executor.track_async_work)
        return executor

    def _execute_event(self, payload: Any, context: Context) -> Any:
        """Execute an event, with a memory of its own.

        graphql-core's executors share one, in which no event finds again what another has put there, and which grew as long as
        somebody listened.
        """
        executor = cast("BoundedExecutor", super().build_per_event_executor(payload))
        executor.context_value = context
        executor.background_futures, executor.pending_incremental_futures = set(), set()
        executor._is_of_an_event = True  # noqa: SLF001 - one of our own
        executor._arguments = self._arguments  # noqa: SLF001
        executor._relevant_sub_fields = {}  # noqa: SLF001
        executor._plan = self._plan = self._plan or executor.find_plan()  # noqa: SLF001 - kept for as long as somebody listens
        return executor.execute_operation(serially=False)

    def _after_a_change(self, error: Exception) -> Exception:
        """Return what to tell where something below a mutation could not be read.

        The change is made by then. By itself the database's error would say that nothing was, and that to ask again is safe.
        """
        is_change = self.operation.operation is OperationType.MUTATION
        return unknown(error.fault) if is_change and isinstance(error, DatabaseAway) else error

    def _locate_after_a_change(self, raw_error: Exception, nodes: list[FieldNode], path: list[str | int]) -> GraphQLError:
        return self._locate(self._after_a_change(raw_error) if len(path) > 1 else raw_error, nodes, path)

    async def _execute_fields_later(self, *of_an_object: Any) -> Any:
        result = super().execute_fields(*of_an_object)
        return await result if self.is_awaitable(result) else result

    def _locate(self, raw_error: Exception, nodes: list[FieldNode], path: list[str | int]) -> GraphQLError:
        error = located_error(raw_error, None, path)
        if error.nodes is None:
            error.nodes, error.locations = [*nodes], self._locations_of(nodes)
        return error

    def _locations_of(self, nodes: list[FieldNode]) -> list[SourceLocation]:
        if self._locations is None:
            loc = nodes[0].loc
            self._locations = Locations(loc.source.body if loc is not None else "")
        return self._locations.of(nodes)

    def _paced(self, result: Any, path: Path | None) -> Any:
        return Paced(result, self._place, path) if self.is_awaitable(result) else result

    def _guarded(self, result: Any) -> Any:
        return Guarded(result, self._place) if self.is_awaitable(result) else result

    async def _run_in_time(self, work: Awaitable[ExecutionResult]) -> ExecutionResult:
        """Run the work in the present task, which is cancelled at the deadline."""
        task, is_late = asyncio.current_task(), False

        def end() -> None:
            nonlocal is_late
            is_late = True
            if task is not None:
                task.cancel()

        timer = asyncio.get_running_loop().call_later(self._context.deadline, end)
        try:
            return await work
        except asyncio.CancelledError:
            await self._context.tasks.finish(self._place.give_up())
            if task is None or not is_late or task.uncancel():  # whoever asked has gone
                raise
            return self._late()
        finally:
            timer.cancel()
            self._let_go()

    async def _in_time(self, result: "asyncio.Task[ExecutionResult]") -> ExecutionResult:
        try:
            done, _ = await asyncio.wait({result}, timeout=self._context.deadline)
            if done:
                return result.result()
            await self._give_up(result)
        except asyncio.CancelledError:  # whoever asked has gone
            await self._give_up(result)
            raise
        finally:
            self._let_go()
        return self._late()

    def _late(self) -> ExecutionResult:
        error = Overdue(LATE_CHANGE if self.operation.operation is OperationType.MUTATION else LATE)
        return ExecutionResult(None, [GraphQLError(error.message, original_error=error)])

    async def _give_up(self, result: "asyncio.Task[ExecutionResult]") -> None:
        """Cancel all that the operation waits for; this goes on to its end even where nobody waits for that."""
        await self._context.tasks.finish(self._place.give_up())
        result.cancel()
        await asyncio.wait({result})

    def _let_go(self) -> None:
        """Forget the fields and rows that were found: the executor and the context are in cycles, and wait for a collection.

        Whoever goes on beyond the end finds them anew. What an error has taken away, and is still under way, ends here.
        """
        for abandoned in tuple(self.background_futures):
            abandoned.add_done_callback(_hear)
            abandoned.cancel()
        self._place.leave()
        self._relevant_sub_fields.clear()
        self._context.clear_loaders()

    @cached_property
    def _arguments(self) -> KnownArguments:
        """Those of all who ask the same with the same variables."""
        return KnownArguments()

    @cached_property
    def _asked(self) -> Hashable:
        """What the operation asks: equal for two that ask the same in the same words."""
        loc, name = self.operation.loc, self.operation.name
        words = loc.source.body if loc is not None else ""
        place = _cursor_in(self.operation, words)
        variables = repr([(key, value) for key, value in self.variable_values.coerced.items() if key != place])
        return words or id(self.operation), name.value if name is not None else None, variables

    @property
    def _place(self) -> Place:
        return self._context.place

    @property
    def _context(self) -> Context:
        return cast(Context, self.context_value)


def _cursor_in(operation: OperationDefinitionNode, words: str) -> str | None:
    """Return the variable that says where in the log a subscription begins, where it says nothing else: events are the same."""
    for field in operation.selection_set.selections:
        for argument in (field.arguments or ()) if isinstance(field, FieldNode) else ():
            if argument.name.value == "after" and isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                return name if words.count(f"${name}") == _DECLARED_AND_USED_ONCE else None
    return None


def _hear(ended: "asyncio.Future[Any]") -> None:
    """Take notice of how it ended, or asyncio would say that nobody did."""
    if not ended.cancelled():
        ended.exception()


class _PacedEvents:
    """The events of a subscription, each of which is taken in turn: one change may wake thousands who listen for it."""

    def __init__(self, events: AsyncIterable[Any], context: Context) -> None:
        self._events: AsyncIterator[Any] = aiter(events)
        self._context = context

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        self._context.place.leave()
        seconds, self._context.place = self._context.place.seconds, self._context.place.next()
        try:
            event = await Paced(anext(self._events), self._context.place, None)
            await charge_for_event(self._context, seconds=seconds)
        except BaseException:
            self._context.place.leave()
            raise
        return event

    async def aclose(self) -> None:
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()
