"""Work that goes on when nobody waits for it any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")


class Tasks:
    """The mutations under way. A client that leaves, completes early or runs into a deadline stops waiting; the work is done."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._log = structlog.get_logger("graphql")

    async def finish(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` in a task of its own and return its answer; cancelling the caller leaves the work running."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                task.add_done_callback(self._abandoned)
            raise

    async def settle(self, *, seconds: float) -> None:
        """Wait for what is under way, for `seconds` at most; then cancel the rest. For the end of the process."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _abandoned(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.warning("abandoned mutation failed", error=type(error).__name__)
