"""Reading many rows at once for one operation: whatever a level of it asks for is read together, and once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, Protocol, TypeVar

from app.graphql.execution.turns import Place

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)

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
        self._asked: list[tuple[K, _Answer[V]]] = []
        self._reading: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> "asyncio.Future[V]":
        """Return the key's value, to be awaited by one alone: who no longer waits takes it from nobody else."""
        one: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._awaited(key, one)
        return one

    async def load_all(self, keys: Sequence[K]) -> list[V]:
        """Return the values of all the keys, in their order: the same as to load each."""
        if not keys:
            return []
        all_: _All[V] = _All(len(keys))
        answers = [self._awaited(key, all_) for key in keys]
        await all_.come
        return [answer.value for answer in answers]

    def _awaited(self, key: K, one: "_Waiting[V]") -> "_Answer[V]":
        answer = self._answers.get(key)
        if answer is not None:
            answer.await_by(one)
            return answer
        answer = self._answers[key] = _Answer(one)
        if not self._asked:
            self._begin()
        self._asked.append((key, answer))
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
            asked = self._asked[:MOST_KEYS]
            del self._asked[:MOST_KEYS]
            await self._read_some([each for each in asked if self._is_wanted(*each)])

    def _is_wanted(self, key: K, answer: "_Answer[V]") -> bool:
        """Whether anybody still waits for it; who asks later has it read."""
        is_wanted = answer.is_awaited
        if not is_wanted:
            del self._answers[key]
        return is_wanted

    async def _read_some(self, wanted: "Sequence[tuple[K, _Answer[V]]]") -> None:
        try:
            values = await self._read([key for key, _ in wanted]) if wanted else []
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


class _Waiting(Protocol[V_contra]):
    """Whoever waits for the value of a key: a future, or many keys at once."""

    def done(self) -> bool: ...

    def set_result(self, value: V_contra, /) -> None: ...

    def set_exception(self, error: Exception, /) -> None: ...


class _All(Generic[V]):
    """Those who wait for so many values; it has `come` when all have."""

    def __init__(self, count: int) -> None:
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count

    def done(self) -> bool:
        return self.come.done()

    def set_result(self, _: V) -> None:
        self._left -= 1
        if not self._left:
            self.come.set_result(None)

    def set_exception(self, error: Exception) -> None:
        self.come.set_exception(error)


class _Answer(Generic[V]):
    """The value of a key, and those who await it."""

    value: V

    def __init__(self, first: _Waiting[V]) -> None:
        self._waiting: list[_Waiting[V]] = [first]
        self._error: Exception | None = None
        self._has_come = False

    @property
    def is_awaited(self) -> bool:
        return any(not each.done() for each in self._waiting)

    def await_by(self, one: _Waiting[V]) -> None:
        if self._has_come:
            self._end(one)
        else:
            self._waiting.append(one)

    def tell(self, value: V) -> int:
        """Give it to all who await it, and to those who will; return how many they are by now."""
        self.value = value
        waiting = self._come()
        for each in waiting:
            if not each.done():
                each.set_result(value)
        return len(waiting)

    def fail(self, error: Exception) -> None:
        self._error = error
        for each in self._come():
            self._end(each)

    def _come(self) -> "Sequence[_Waiting[V]]":
        self._has_come = True
        waiting, self._waiting = self._waiting, []
        return waiting

    def _end(self, one: _Waiting[V]) -> None:
        if one.done():
            return
        if self._error is not None:
            one.set_exception(self._error)
        else:
            one.set_result(self.value)
