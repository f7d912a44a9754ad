"""An event and a queue that hold next to nothing while nobody waits: asyncio's hold 0.7 and 3 KiB, and each socket has some."""

import asyncio
from collections.abc import MutableSequence
from typing import Literal, TypeVar

T = TypeVar("T")


class Bell(asyncio.Event):
    """An `asyncio.Event`, of which nothing but the name is inherited."""

    __repr__ = object.__repr__  # asyncio's tells of what is not here

    def __init__(self) -> None:  # asyncio's would make what this is there to leave out
        self._is_set = False
        self._rung: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        waiting, self._rung = self._rung, None
        for each in waiting or ():
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        self._is_set = False

    async def wait(self) -> Literal[True]:
        if not self._is_set:
            rung = asyncio.get_running_loop().create_future()
            self._rung = [*(self._rung or ()), rung]
            try:
                await rung
            finally:
                if self._rung is not None and rung in self._rung:
                    self._rung.remove(rung)
        return True


class Inbox(asyncio.Queue[T]):
    """An `asyncio.Queue` without a bound that one task at a time gets from, of which nothing but the name is inherited."""

    __repr__ = object.__repr__  # as above

    def __init__(self) -> None:  # as above
        self._messages: MutableSequence[T] = []
        self._waiting: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._messages

    def qsize(self) -> int:
        return len(self._messages)

    def put_nowait(self, item: T) -> None:
        self._messages.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> T:
        while not self._messages:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._messages.pop(0)
