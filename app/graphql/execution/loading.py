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
        self._answers: dict[K, asyncio.Future[V]] = {}
        self._asked: list[K] = []
        self._reading: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> "asyncio.Future[V]":
        """Return the key's value, to be awaited."""
        answer = self._answers.get(key)
        if answer is None or answer.cancelled():
            loop = asyncio.get_running_loop()
            answer = self._answers[key] = loop.create_future()
            if not self._asked:
                loop.call_soon(self._begin)
            self._asked.append(key)
        return answer

    def _begin(self) -> None:
        reading = asyncio.create_task(self._read_what_is_asked())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read_what_is_asked(self) -> None:
        while self._place.held and not self._place.is_full and len(self._asked) < MOST_KEYS:
            await self._place.end_of_round()
            await self._place.end_of_round()
        while self._asked:
            asked = dict.fromkeys(self._asked[:MOST_KEYS])
            del self._asked[:MOST_KEYS]
            await self._read_some([(key, answer) for key in asked if not (answer := self._answers[key]).cancelled()])

    async def _read_some(self, wanted: "Sequence[tuple[K, asyncio.Future[V]]]") -> None:
        try:
            values = await self._read([key for key, _ in wanted])
            pairs = list(zip(wanted, values, strict=True))
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            for _, answer in wanted:
                if not answer.done():
                    answer.set_exception(error)
            return
        for number, ((_, answer), value) in enumerate(pairs, start=1):
            if not answer.done():
                answer.set_result(value)
            if number % _ANSWERED_AT_ONCE == 0:
                await self._place.end_of_round()
