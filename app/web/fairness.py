"""Many who want something at the same time get it one after the other, so that nobody beside them has to wait for all of them."""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Iterable

AT_ONCE = 4
"""So that a crowd leaves most of the database's connections to others, and what is timed is the work rather than the crowd."""

LONGEST_TURN_SECONDS = 1.0

_IN_ONE_SLICE = 32


class FairSemaphore:
    """Lets in so many at a time: of one kind first come, first served; of several kinds one of each by turns.

    A turn lasts `longest` seconds at most. Who needs longer goes on beside those that come next, and holds up nobody else.
    """

    def __init__(self, at_once: int = AT_ONCE, *, longest: float = LONGEST_TURN_SECONDS) -> None:
        self._free = at_once
        self._longest = longest
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @contextlib.asynccontextmanager
    async def take(self, kind: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the block lasts."""
        await self._wait(kind)
        ends = contextlib.ExitStack()
        ends.callback(self._pass_on)
        # An ExitStack that was closed once does nothing the second time.
        timer = asyncio.get_running_loop().call_later(self._longest, ends.close)
        try:
            yield
        finally:
            timer.cancel()
            ends.close()

    async def _wait(self, kind: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(kind, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came at the same moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            kind, waiting = self._waiting.popitem(last=False)
            turn = waiting.popleft()
            if waiting:
                self._waiting[kind] = waiting  # behind all others
            if not turn.done():  # else whoever waited has gone
                turn.set_result(None)
                return
        self._free += 1


class Slices:
    """Lets those that could all go on at once go on some at a time: between them the event loop serves everybody else."""

    def __init__(self, size: int = _IN_ONE_SLICE) -> None:
        self._size = size
        self._ready: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Return when those that came before have gone on."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.let_go_on((waiting,))
        await waiting

    def let_go_on(self, waiting: Iterable["asyncio.Future[None]"]) -> None:
        """Let whoever awaits these go on, soon and in this order."""
        is_under_way = bool(self._ready)
        self._ready.extend(waiting)
        if self._ready and not is_under_way:
            asyncio.get_running_loop().call_soon(self._let_some)

    def _let_some(self) -> None:
        left = self._size
        while self._ready and left:
            waiting = self._ready.popleft()
            if not waiting.done():
                waiting.set_result(None)
                left -= 1
        if self._ready:
            asyncio.get_running_loop().call_soon(self._let_some)
