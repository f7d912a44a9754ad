"""Reading many rows at once for one operation: whatever a level of it asks for is read together, and once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar

from app.graphql.execution.turns import Place

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_KEYS = 500
"""Of one question to the database: what it answers is made into rows in one piece."""

_ANSWERED_AT_ONCE = 100
"""Each of those who wait for an answer wakes up to ask whether it may go on."""


class Loader(Generic[K, V]):
    """Reads by keys. All that is asked for while the operation does what it can is read at once, however many turns that takes.

    `read` returns one value for each key, in their order. What it raises reaches everybody who asked for one of the keys.
    """

    def __init__(self, read: Callable[[list[K]], Awaitable[Sequence[V]]], *, place: Place) -> None:
        self._read = read
        self._place = place
        self._questions: dict[K, _Question[K, V]] = {}
        self._unread: deque[_Question[K, V]] = deque()
        self._reading: set[asyncio.Task[None]] = set()

    async def load(self, key: K) -> V:
        """Return the key's value: who no longer waits for it takes it from nobody else."""
        [value] = await self.load_all((key,))
        return value

    async def load_all(self, keys: Sequence[K]) -> Sequence[V]:
        """Return the values of all the keys, in their order: the same as to load each."""
        asked = dict.fromkeys(keys)
        new = [key for key in asked if key not in self._questions] if self._questions else [*asked]
        questions = self._ask(new)
        if len(new) < len(asked):
            questions = [*dict.fromkeys(map(self._questions.__getitem__, asked))]
        await _answered(questions)
        if len(questions) == 1 and len(new) == len(keys):
            return questions[0].values
        found = (
            questions[0].found if len(questions) == 1 else {key: value for each in questions for key, value in each.found.items()}
        )
        return [found[key] for key in keys]

    def _ask(self, keys: list[K]) -> "list[_Question[K, V]]":
        """Have the keys read soon, in one piece where one question may have as many."""
        made: list[_Question[K, V]] = []
        for start in range(0, len(keys), MOST_KEYS):
            question: _Question[K, V] = _Question(keys[start : start + MOST_KEYS])
            self._questions.update(dict.fromkeys(question.keys, question))
            made.append(question)
        if made and not self._unread:
            self._begin()
        self._unread.extend(made)
        return made

    def _begin(self) -> None:
        reading = asyncio.create_task(self._read_what_is_asked())
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read_what_is_asked(self) -> None:
        while self._place.held and not self._place.is_full and sum(len(each.keys) for each in self._unread) < MOST_KEYS:
            await self._place.end_of_round()
            await self._place.end_of_round()
        while self._unread:
            await self._read_some(self._take())

    def _take(self) -> "list[_Question[K, V]]":
        """Return the first of what is to be read, as much as is read at once; what nobody waits for any more is forgotten."""
        taken: list[_Question[K, V]] = []
        left = MOST_KEYS
        while self._unread and len(self._unread[0].keys) <= left:
            question = self._unread.popleft()
            if question.is_awaited:
                left -= len(question.keys)
                taken.append(question)
            else:
                for key in question.keys:
                    del self._questions[key]
        return taken

    async def _read_some(self, questions: "Sequence[_Question[K, V]]") -> None:
        keys = [key for each in questions for key in each.keys]
        try:
            values = await self._read(keys) if keys else []
            if len(values) != len(keys):
                raise ValueError(f"There are {len(values)} values of {len(keys)} keys.")  # noqa: TRY301 - raised where it was asked for
        except Exception as error:  # noqa: BLE001 - as above
            for question in questions:
                question.fail(error)
            return
        told = start = 0
        for question in questions:
            told += question.tell(values[start : start + len(question.keys)])
            start += len(question.keys)
            if told >= _ANSWERED_AT_ONCE:
                told = 0
                await self._place.end_of_round()


class _Question(Generic[K, V]):
    """Keys that were asked for together, the `values` that were found for them, and those who wait for these."""

    def __init__(self, keys: Sequence[K]) -> None:
        self.keys = keys
        self.values: Sequence[V] = ()
        self.error: Exception | None = None
        self.is_open = True
        self._waiting: list[_Waiting] = []

    @cached_property
    def found(self) -> Mapping[K, V]:
        """The values by their keys, once they have come."""
        return dict(zip(self.keys, self.values, strict=True))

    @property
    def is_awaited(self) -> bool:
        return any(not each.come.done() for each in self._waiting)

    def await_by(self, one: "_Waiting") -> None:
        self._waiting.append(one)

    def tell(self, values: Sequence[V]) -> int:
        """Give the values to all who wait for them, and to those who will; return how many they are by now."""
        self.values = values
        waiting = self._close()
        for each in waiting:
            each.hear()
        return len(waiting)

    def fail(self, error: Exception) -> None:
        self.error = error
        for each in self._close():
            each.hear(error)

    def _close(self) -> "Sequence[_Waiting]":
        self.is_open = False
        waiting, self._waiting = self._waiting, []
        return waiting


class _Waiting:
    """Whoever waits for so many questions; all of them have `come`, or one of them could not be answered."""

    def __init__(self, count: int) -> None:
        self.come: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count

    def hear(self, error: Exception | None = None) -> None:
        """Hear of one of them."""
        self._left -= 1
        if self.come.done():
            return
        if error is not None:
            self.come.set_exception(error)
        elif not self._left:
            self.come.set_result(None)


async def _answered(questions: Sequence[_Question[K, V]]) -> None:
    """Return when all the questions are answered. Raises what one of them has raised."""
    still_open = [each for each in questions if each.is_open]
    if still_open:
        waiting = _Waiting(len(still_open))
        for question in still_open:
            question.await_by(waiting)
        await waiting.come
    for question in questions:
        if question.error is not None:
            raise question.error
