"""Reading for many who ask at the same time, such as a thousand clients that come back at once: one query for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Batcher(Generic[K, V]):
    """Asks `read` for one batch of keys at a time; who asks meanwhile is in the next one.

    What is answered was read after it was asked for. Whatever `read` raises reaches everybody of that batch. `at_once`: so many
    at most. `may_be_alone`: who asks while nothing is read reads for itself, without a task, and is cancelled with its reading.
    """

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, at_once: int = 500, may_be_alone: bool = False
    ) -> None:
        self._read = read
        self._may_be_alone = may_be_alone
        self._at_once = at_once
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._is_asked_alone = False

    async def ask(self, key: K) -> V | None:
        """Return the key's value; None where there is none."""
        if self._may_be_alone and self._reading is None and not self._is_asked_alone:
            return await self._ask_alone(key)
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._reading is None and not self._is_asked_alone:
            self._reading = asyncio.create_task(self._read_all())
        # Others may wait for the same answer: one that leaves must not take it along.
        return await asyncio.shield(answer)

    async def _ask_alone(self, key: K) -> V | None:
        """Read for one alone. Those who come meanwhile are in the next batch."""
        self._is_asked_alone = True
        try:
            found = await self._read([key])
        finally:
            self._is_asked_alone = False
            if self._waiting:
                self._reading = asyncio.create_task(self._read_all())
        return found.get(key)

    async def settle(self) -> None:
        """Wait until nothing is read any more, also for those who have left. Before the database is closed."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[: self._at_once]
                await self._read_batch({key: self._waiting.pop(key) for key in keys})
        finally:
            self._reading = None

    async def _read_batch(self, batch: "dict[K, asyncio.Future[V | None]]") -> None:
        try:
            found = await self._read(list(batch))
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            for answer in batch.values():
                answer.set_exception(error)
                answer.exception()  # nobody may be left to hear it
            return
        for key, answer in batch.items():
            answer.set_result(found.get(key))
