"""Companies: readers of one log who want the same of it. While all of them wait, one goes ahead and tells the others.

So a change wakes one of thousands. Nobody who waits has read less than the one ahead had when it left, and all are told by it
what comes. Whatever keeps it from that, the others are let go, and each reads on by itself, from its own position.
"""

import asyncio
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from app.web.fairness import Slices

_POSITION = attrgetter("position")

LATE_SECONDS = 1.0
"""How many seconds anybody waits for whoever is ahead."""


class Reader(Protocol):
    """Whoever reads a log: nothing up to `position` is wanted any more."""

    position: int


R = TypeVar("R", bound=Reader)


class Company(Generic[R]):
    """Readers who want the same. They compare by identity."""

    def __init__(self, *, slices: Slices | None = None, late_seconds: float = LATE_SECONDS) -> None:
        self._slices = slices or Slices()
        self._late_seconds = late_seconds
        self._waiting: dict[R, asyncio.Future[None]] = {}  # in the order in which they came
        self._ahead: R | None = None
        self._lateness: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> Sequence[R]:
        """Those who wait."""
        return list(self._waiting)

    def is_ahead(self, reader: R) -> bool:
        """Whether the others wait for what this one is told."""
        return self._ahead is reader

    def is_waiting(self, reader: R) -> bool:
        return reader in self._waiting

    async def wait(self, reader: R) -> None:
        """Return when the reader is to read on. It has read all that there is."""
        if self._ahead is reader:
            self._come_back()
        bell = self._waiting[reader] = asyncio.get_running_loop().create_future()
        self._be_patient()
        try:
            await bell
        finally:
            if self._waiting.get(reader) is bell:
                del self._waiting[reader]

    def send_one_ahead(self) -> Iterable["asyncio.Future[None]"]:
        """Return the bell of the one that goes ahead now, if any does: there is more to read.

        It is the one that has read least. Some may have read beyond what this process knows of: they have nothing to tell.
        """
        if self._ahead is not None or not self._waiting:
            return ()
        self._ahead = min(self._waiting, key=_POSITION)
        bell = self._waiting.pop(self._ahead)
        self._be_patient()
        return (bell,)

    def let_go(self, reader: R) -> None:
        """Let one of those who wait read on by itself."""
        if (bell := self._waiting.pop(reader, None)) is not None:
            self._slices.let_go_on((bell,))

    def let_all_go(self) -> None:
        """Let all who wait read on by themselves."""
        self._come_back()
        bells = list(self._waiting.values())
        self._waiting.clear()
        self._slices.let_go_on(bells)

    def leave(self, reader: R) -> None:
        """Say that the reader tells the others nothing, or nothing more."""
        if self._ahead is reader:
            self.let_all_go()

    def _come_back(self) -> None:
        self._ahead = None
        if self._lateness is not None:
            self._lateness.cancel()
            self._lateness = None

    def _be_patient(self) -> None:
        if self._ahead is not None and self._waiting and self._lateness is None:
            self._lateness = asyncio.get_running_loop().call_later(self._late_seconds, self.let_all_go)
