"""What has still to come of a level."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeAlias

from app.graphql.execution.levels.asking import Asked
from app.graphql.execution.levels.planning import PlannedField

Task: TypeAlias = asyncio.Task[Any]


class Coming:
    """A field of a level: `values` are of its `rows`, with tasks in place of what has still to come.

    `whole` is what has to be awaited for all of them, where that is one thing; it `is_one` where it is the value of the only row,
    and not the values of all. `waiting` is the task that awaits it, which has been cancelled where that `is_in_vain`.
    """

    def __init__(self, field: PlannedField, asked: Asked, rows: Sequence[int]) -> None:
        self.whole: Awaitable[Any] | None = None
        self.waiting: Task | None = None
        self.is_one = False
        self.is_in_vain = False
        self.field = field
        self.asked = asked
        self.level = asked.level
        self.rows = rows
        self.values: Sequence[Any] = ()


async def wait_for(work: Awaitable[Any]) -> Any:
    """Await it in a task of its own."""
    return await work


async def come(work: Awaitable[Any]) -> Any:
    """Return what comes, or the exception in its place."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - it stands for the value, and is told in its place
        return error


async def settle(task: Task) -> None:
    """Wait until the task is done, however it ends."""
    if not task.done():
        await asyncio.wait((task,))
