"""Reading many rows at once for one operation: whatever a level of it asks for is read together, and once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from app.graphql.execution.turns import Place

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_KEYS = 500
"""Of one question to the database: what it answers is made into rows in one piece."""

_ANSWERED_AT_ONCE = 100
"""Each of those who wait for an answer wakes up to ask whether it may go on."""


class Loader(Generic[K, V]):
    """Reads by keys. All that is asked for while the operation does what it can is one question, however many turns that takes.

    `read` returns one value for each key, in their order. What it raises reaches everybody who asked for one of the keys.
    """

    def __init__(self, read: Callable[[list[K]], Awaitable[Sequence[V]]], *, place: Place) -> None:
        self._read = read
        self._place = place
        self._answers: dict[K, _Answer[V]] = {}
        self._asked: list[K] = []
        self._reading: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> "asyncio.Future[V]":
        """Return the key's value, to be awaited by one alone: who no longer waits takes it from nobody else."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = _Answer()
            if not self._asked:
                asyncio.get_running_loop().call_soon(self._begin)
            self._asked.append(key)
        return answer.awaited()

    def _begin(self) -> None:
        reading = asyncio.create_task(self._read_what_is_asked())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read_what_is_asked(self) -> None:
        while self._place.held and not self._place.is_full and len(self._asked) < MOST_KEYS:
            await self._place.end_of_round()
            await self._place.end_of_round()
        while self._asked:
            asked = self._asked[:MOST_KEYS]
            del self._asked[:MOST_KEYS]
            await self._read_some([(key, self._answers[key]) for key in asked if self._is_wanted(key)])

    def _is_wanted(self, key: K) -> bool:
        """Whether anybody still waits for it; who asks later has it read."""
        is_wanted = self._answers[key].is_awaited
        if not is_wanted:
            del self._answers[key]
        return is_wanted

    async def _read_some(self, wanted: "Sequence[tuple[K, _Answer[V]]]") -> None:
        try:
            values = await self._read([key for key, _ in wanted]) if wanted else ()
            pairs = list(zip(wanted, values, strict=True))
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            for _, answer in wanted:
                answer.fail(error)
            return
        told = 0
        for (_, answer), value in pairs:
            told += answer.tell(value)
            if told >= _ANSWERED_AT_ONCE:
                told = 0
                await self._place.end_of_round()


class _Answer(Generic[V]):
    """The value of a key, and those who await it."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[V]] = []
        self._finish: Callable[[asyncio.Future[V]], None] | None = None

    @property
    def is_awaited(self) -> bool:
        return any(not each.done() for each in self._waiting)

    def awaited(self) -> "asyncio.Future[V]":
        one: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        if self._finish is None:
            self._waiting.append(one)
        else:
            self._finish(one)
        return one

    def tell(self, value: V) -> int:
        """Give it to all who await it, and to those who will; return how many they are by now."""
        return self._end(lambda each: each.set_result(value))

    def fail(self, error: Exception) -> None:
        self._end(lambda each: each.set_exception(error))

    def _end(self, finish: "Callable[[asyncio.Future[V]], None]") -> int:
        self._finish = finish
        waiting, self._waiting = [each for each in self._waiting if not each.done()], []
        for each in waiting:
            finish(each)
        return len(waiting)
