"""Insistence: an event that cannot be told now is tried again for a while. Slower, never wrong."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from app.errors import TryAgainLater, Unavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Insistence:
    """How long it is tried again: no try begins more than `seconds` after the first one has failed.

    `pauses` lie between the tries, the last of them again and again, each cut by `luck` (0 to 1) to at least half of it.
    """

    seconds: float = 60.0
    pauses: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    luck: Callable[[], float] = field(default=random.random)


INSISTENCE = Insistence()


class Tries:
    """One series of tries."""

    def __init__(self, insistence: Insistence) -> None:
        self._insistence = insistence
        self._failed = 0
        self._end = 0.0

    async def pause(self, *, fault: str) -> None:
        """Return when the next try may begin, the last one having failed. Raises TryAgainLater where there is none any more."""
        now = asyncio.get_running_loop().time()
        if not self._failed:
            self._end = now + self._insistence.seconds
        pauses = self._insistence.pauses
        pause = pauses[min(self._failed, len(pauses) - 1)] * (1 + self._insistence.luck()) / 2
        self._failed += 1
        if now + pause > self._end:
            raise TryAgainLater(fault=fault)
        await asyncio.sleep(pause)


async def insist(ask: Callable[[], Awaitable[T]], *, insistence: Insistence) -> T:
    """Return the answer; where that is not to be had, ask again. Raises TryAgainLater where it was not to be had for long."""
    tries = Tries(insistence)
    while True:
        try:
            return await ask()
        except Unavailable as away:
            await tries.pause(fault=away.message)
