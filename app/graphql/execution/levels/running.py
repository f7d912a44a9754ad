"""A run of a plan: level by level, each field for all objects of a level at once."""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from graphql import ExecutionResult, OperationType
from graphql.execution.executor import Executor
from graphql.pyutils import is_iterable

from app.graphql.execution.levels.asking import Arguments, Asked
from app.graphql.execution.levels.coming import Coming, Task, come, settle, wait_for
from app.graphql.execution.levels.completion import Completion, Found, Locate
from app.graphql.execution.levels.objects import Lists, Objects, Some, lists_among
from app.graphql.execution.levels.pace import Pace
from app.graphql.execution.levels.planning import Plan, PlannedField, Selection
from app.graphql.execution.levels.rows import Level
from app.graphql.execution.levels.sources import Call, Plain, Relation, read_of

_CALLED_AT_ONCE = 8
"""Resolvers: so many are called before it is asked whether others are to go on."""

_READ_AT_ONCE = 250
"""The same for objects whose attributes are read."""

_COMPLETED_AT_ONCE = 100
"""The same for values that are completed one by one."""

_CANCELLED_AT_ONCE = 32


async def run(plan: Plan, executor: Executor[Any], *, pace: Pace, locate: Locate, arguments: Arguments) -> ExecutionResult:
    """Execute the plan for what the executor has been built for. When this ends, nothing of it goes on.

    `arguments` are those that were converted before for the same plan and the same variables; more are put there.
    """
    running = _Run(plan, executor, pace, locate, arguments)
    try:
        return await running.answer()
    finally:
        await running.abandon()


class _Run:
    def __init__(self, plan: Plan, executor: Executor[Any], pace: Pace, locate: Locate, arguments: Arguments) -> None:
        self._plan = plan
        self._arguments = arguments
        self._executor = executor
        self._pace = pace
        self._completion = Completion(plan, executor, locate)
        self._tasks: set[Task] = set()
        self._coming: set[Coming] = set()
        self._is_sweeping = False

    async def answer(self) -> ExecutionResult:
        root = Level()
        self._completion.data = root.add(self._executor.root_value, owner=0, places=())
        if self._executor.operation.operation is OperationType.MUTATION:
            await self._one_after_the_other(root)
        else:
            coming: list[Coming] = []
            await self._begin(self._plan.root, root, coming)
            await self._finish(coming)
        return ExecutionResult(self._completion.data, self._completion.errors or None)

    async def abandon(self) -> None:
        """End whatever is not done, a few at a time: there may be thousands."""
        left = [task for task in self._tasks if not task.done()]
        for start in range(0, len(left), _CANCELLED_AT_ONCE):
            some = left[start : start + _CANCELLED_AT_ONCE]
            for task in some:
                task.cancel()
            await asyncio.wait(some)

    async def _one_after_the_other(self, root: Level) -> None:
        """Do the fields of a mutation, each to its end before the next; none after an error that takes away the whole answer.

        Source: GraphQL, October 2021, section 6.2.2.
        """
        for field in self._plan.root.fields:
            coming: list[Coming] = []
            await self._resolve(field, self._asked(field, root), coming)
            await self._finish(coming)
            if not self._completion.stands(root, 0):
                return

    async def _begin(self, selection: Selection, level: Level, coming: list[Coming]) -> None:
        """Do what can be done at once, at this level and below it; add what has to be waited for."""
        for piece in selection.pieces:
            if piece[0].is_column and await self._read(piece, level):
                continue
            for field in piece:
                await self._resolve(field, self._asked(field, level), coming)

    def _asked(self, field: PlannedField, level: Level) -> Asked:
        return Asked(self._executor, level, field, self._plan.below, self._arguments)

    async def _read(self, fields: Sequence[PlannedField], level: Level) -> bool:
        """Read fields of which each row has a plain leaf; return whether each has, in all of them."""
        for start in range(0, len(level.answers), _READ_AT_ONCE):
            if start:  # whoever has come to this level has just asked
                await self._breathe(level)
            some = slice(start, start + _READ_AT_ONCE)
            objects, answers = level.sources[some], level.answers[some]
            try:
                read = read_of(objects)
                for field in fields:
                    key = field.key
                    for answer, leaf in zip(answers, field.column(objects, read), strict=True):
                        answer[key] = leaf
            except Exception:  # noqa: BLE001 - whatever it is, it is found again where each row is looked at by itself
                return False
        return True

    async def _resolve(self, field: PlannedField, asked: Asked, coming: list[Coming]) -> None:
        """Call the field's resolver for each object, and complete what it returns, or have it waited for."""
        rows = self._completion.standing(asked.level, range(len(asked.level.sources)))
        here = Coming(field, asked, rows)
        if isinstance(field.source, Relation):
            await self._resolve_together(field.source, here, coming)
            return
        if field.plain is not None and self._find_together(field.plain, here):
            await self._complete(here, coming)
            return
        await self._call_each(field.source.call(asked), here)
        if here in self._coming:
            coming.append(here)
        else:
            await self._complete(here, coming)

    async def _call_each(self, call: Call, here: Coming) -> None:
        """Take what is returned for each row, or a task in its place."""
        here.values = values = list[Any]()
        for number, row in enumerate(here.rows):
            if number % _CALLED_AT_ONCE == 0:
                await self._breathe(here.level)
            here.level.answers[row][here.field.key] = None  # it keeps its place among the others
            try:
                value = call(row)
            except Exception as error:  # noqa: BLE001 - it stands for the value, and is told in its place
                value = error
            if self._executor.is_awaitable(value):
                self._coming.add(here)
                if len(here.rows) == 1:  # a task of its own would cost more than what is done in it
                    here.whole, here.is_one = self._pace.asleep(value), True
                    return
                value = self._start(value, here.level)
            values.append(value)

    def _find_together(self, source: Plain, here: Coming) -> bool:
        """Take the values that are there already; return whether these are objects or lists, and none has to be waited for."""
        sources, answers = here.level.sources, here.level.answers
        objects = sources if len(here.rows) == len(sources) else [sources[row] for row in here.rows]
        try:
            found = source.column(here.field, objects, read_of(objects))
        except Exception:  # noqa: BLE001 - it is found again where each row is looked at by itself
            return False
        if not isinstance(found, Objects | Some):
            lists = lists_among(found)
            if lists is None:
                return False
            found = lists
        for row in here.rows:
            answers[row][here.field.key] = None  # it keeps its place among the others
        here.values = found
        return True

    async def _resolve_together(self, source: Relation, here: Coming, coming: list[Coming]) -> None:
        """Do the same by one call for all objects."""
        if not here.rows:
            return
        await self._breathe(here.level)
        for row in here.rows:
            here.level.answers[row][here.field.key] = None  # it keeps its place among the others
        try:
            found = source.resolve(here.asked, here.rows)
        except Exception as error:  # noqa: BLE001 - it stands for all values, and is told in their places
            found = [error] * len(here.rows)
        if self._executor.is_awaitable(found):
            here.whole = self._pace.asleep(found)
            self._coming.add(here)
            coming.append(here)
        else:
            here.values = _values_of(found)
            await self._complete(here, coming)

    async def _finish(self, coming: Sequence[Coming]) -> None:
        """Wait for all of it, and for what lies below; each part goes on as soon as it has come."""
        if not coming:
            return
        *others, last = coming
        parts = [self._task(wait_for(self._pace.in_turns(self._finish_one(each), each.level.depth))) for each in others]
        await self._finish_one(last)
        for part in parts:
            await part

    async def _finish_one(self, here: Coming) -> None:
        if here.whole is not None:
            here.values = await self._whole(here, here.whole)
        else:
            await self._settle_each(here)
        self._coming.discard(here)
        coming: list[Coming] = []
        await self._complete(here, coming)
        await self._finish(coming)

    async def _settle_each(self, here: Coming) -> None:
        values = list(here.values)
        for number, row in enumerate(here.rows):
            value = values[number]
            if isinstance(value, asyncio.Task):
                await settle(value)
                values[number] = self._outcome(value, here.level, row)
        here.values = values

    async def _complete(self, here: Coming, coming: list[Coming]) -> None:
        """Put what has come into the answer, and begin with what lies below it."""
        depth, found = here.field.shape.depth, Found(here.field, here.asked)
        await self._breathe(here.level)
        is_done = bool(here.rows) and self._completion.complete_objects(here.rows, here.values, found)
        at_once = 1 if depth else _COMPLETED_AT_ONCE
        for number, (row, value) in enumerate(() if is_done else zip(here.rows, here.values, strict=True)):
            if number % at_once == 0:
                await self._breathe(here.level)
            whole = await self._with_items(value, here.level, depth) if depth else value
            self._completion.complete(row, whole, found)
        if self._completion.has_taken_away:
            self._sweep_soon()
        for selection, level in found.below.values():
            await self._begin(selection, level, coming)

    async def _with_items(self, value: Any, level: Level, depth: int) -> Any:
        """Return a list's value with those of its items that have to be waited for; an error stands for what has failed."""
        try:
            if self._executor.is_async_iterable(value):
                items = [item async for item in value]
            elif depth and is_iterable(value):
                items = list(value)
            else:
                return value
        except Exception as error:  # noqa: BLE001 - as a resolver's
            return error
        is_awaitable = self._executor.is_awaitable
        if any(map(is_awaitable, items)):
            items = [self._start(item, level) if is_awaitable(item) else item for item in items]
            for number, item in enumerate(items):
                if isinstance(item, asyncio.Task):
                    await settle(item)
                    items[number] = self._outcome(item, level, None)
        return items if depth == 1 else [await self._with_items(item, level, depth - 1) for item in items]

    def _start(self, work: Awaitable[Any], level: Level) -> Task:
        return self._task(come(self._pace.in_turns(self._pace.asleep(work), level.depth + 1)))

    def _outcome(self, task: Task, level: Level, row: int | None) -> Any:
        """Return what has come; None for what nobody waited for any more."""
        self._tasks.discard(task)
        if task.cancelled() and row is not None and not self._completion.stands(level, row):
            return None
        return task.result()

    async def _whole(self, here: Coming, whole: Awaitable[Any]) -> Sequence[Any]:
        """Return what comes for all rows: an exception for each where it could not, None where nobody waits for it any more."""
        if not self._completion.standing(here.level, here.rows):
            return [None] * len(here.rows)
        task = here.waiting = asyncio.current_task()
        try:
            found = await whole
            return [found] if here.is_one else _values_of(found)
        except Exception as error:  # noqa: BLE001 - it stands for the values, and is told in their places
            return [error] * len(here.rows)
        except asyncio.CancelledError:
            if task is None or not here.is_in_vain or task.uncancel():
                raise
            return [None] * len(here.rows)
        finally:
            here.waiting = None

    def _sweep_soon(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            asyncio.get_running_loop().call_soon(self._sweep)

    def _sweep(self) -> None:
        """End what is waited for in vain, because an error has taken away where it would stand."""
        self._is_sweeping = False
        for here in self._coming:
            if here.waiting is not None and not here.is_in_vain and not self._completion.standing(here.level, here.rows):
                here.is_in_vain = True
                here.waiting.cancel()
            for row, value in zip(here.rows, here.values, strict=False):  # some may not have begun
                if isinstance(value, asyncio.Task) and not self._completion.stands(here.level, row):
                    value.cancel()

    def _task(self, work: Coroutine[Any, Any, Any]) -> Task:
        task: Task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def _breathe(self, level: Level) -> None:
        if not self._pace.may_begin:
            await self._pace.breathe(level.depth, begins=True)


def _values_of(found: Any) -> Sequence[Any]:
    return found if isinstance(found, Objects | Some | Lists) else list(found)
