"""The way out of the process: it is told once, and whoever answers, listens or works here sees to its own end."""

import asyncio
from collections.abc import Callable

LISTEN_SECONDS = 5.0
"""How long a listener may take to read what is left for it."""

ANSWER_SECONDS = 10.0
"""How long questions, changes and calls of providers that are under way may go on."""

WORK_SECONDS = ANSWER_SECONDS + 2.0
"""How long background work under way may go on: a provider's call, and writing down what it said."""

SETTLE_SECONDS = 20.0
"""How long exchanges of tokens, and the changes that wait for them, may go on."""


class Stopping:
    """Whether the process is about to end. Nothing new is begun from then on."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._told_at = 0.0
        self._listeners: dict[Callable[[], None], None] = {}  # in the order in which they came

    @property
    def is_told(self) -> bool:
        return self._told.is_set()

    def tell(self) -> None:
        """Let everybody know; a second time changes nothing."""
        if not self.is_told:
            self._told_at = asyncio.get_running_loop().time()
            self._told.set()
            for listener in list(self._listeners):
                listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it once the process is about to end, until it is forgotten; at once where that is so already."""
        self._listeners[listener] = None
        if self.is_told:
            listener()

    def forget(self, listener: Callable[[], None]) -> None:
        """Call it no more."""
        self._listeners.pop(listener, None)

    async def told(self) -> None:
        """Return once the process is about to end."""
        await self._told.wait()

    def left(self, seconds: float) -> float:
        """Return how much is left of the `seconds` that began when it was told; all of them before that."""
        if not self.is_told:
            return seconds
        return max(0.0, self._told_at + seconds - asyncio.get_running_loop().time())
