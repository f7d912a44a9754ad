"""What has still to come of a level."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeAlias

from app.graphql.execution.levels.asking import Asked
from app.graphql.execution.levels.planning import PlannedField

Task: TypeAlias = asyncio.Task[Any]


class Coming:
    """A field of a level: `values` are of its `rows`, with tasks in place of what has still to come.

    `whole` is what has to be awaited for all of them, where that is one thing, and `waiting` the task that does so,
    which has been cancelled where that `is_in_vain`.
    """

    def __init__(self, field: PlannedField, asked: Asked, rows: Sequence[int]) -> None:
        self.whole: Awaitable[Any] | None = None
        self.waiting: Task | None = None
        self.is_in_vain = False
        self.field = field
        self.asked = asked
        self.level = asked.level
        self.rows = rows
        self.values: Sequence[Any] = ()
