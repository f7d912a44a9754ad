"""Work at a provider that belongs to the process, not to whoever asked: a closed tab or a cancelled call must not lose it."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

import structlog

from app.outbound.patience import seconds_left, waiting_until

T = TypeVar("T")


class SingleFlight:
    """The work under way, once for each key: who asks meanwhile waits for the same answer."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}
        self._log = structlog.get_logger("single_flight")

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the answer of what is under way for `key`, started with `work` when nothing is.

        Cancelling the caller leaves it going, with as much time as it needs. Never call it inside a transaction. Raises
        TimeoutError for a caller who waits no longer (`waiting_until`).
        """
        task: asyncio.Task[T] | None = self._under_way.get(key)
        if task is None:
            with waiting_until(None):  # which the task begins with
                task = asyncio.create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        async with asyncio.timeout(seconds_left()):
            return await asyncio.shield(task)

    async def settle(self, *, seconds: float) -> None:
        """Wait for what is under way, for `seconds` at most; then cancel the rest, whose leases tell what happened to them.

        For the end of the process, before the database is closed.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._under_way:  # one may have begun another
                    await asyncio.wait(self._under_way.values())
        late = list(self._under_way.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _land(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("work at a provider failed", kind=str(key), error=type(error).__name__)
