"""Turns on the event loop: a process runs its operations in slices, and looks at its sockets in between.

The event loop runs everything that is ready before it looks at its sockets again, so a thousand pieces of a millisecond keep it
as one of a second does. Therefore whoever has much to do asks, piece by piece, whether the slice is over, and waits for a turn
where it is. In each round of the loop there is one slice for whatever just comes along, and one for those who wait: operations
that have not taken much yet take turns, and of those that have, the one that came first goes on. So a large one does not hold up
small ones, and many large ones do not all lie half done in memory, where each collection of garbage would look through them.
"""

import asyncio
import bisect
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from app.graphql.execution.cpu_clock import CpuClock

SLICE_SECONDS = 0.01
"""Of CPU: what other processes of the machine do is nobody's fault here."""

LARGE_SECONDS = 0.02
"""Of CPU: an operation that has taken more is a large one."""

_JUST_NOW_SECONDS = 0.0002
"""Of CPU, within which nothing is looked at again: by so much a slice may be longer."""

_MOST_AT_ONCE = 32
"""Of those who wait, how many are told in one round that they may go on: mostly the slice ends before they do."""


_MOST_ASLEEP = 500
"""Of the pieces of one operation, how many may wait for something else: what else would begin has to wait for these."""

_MOST_LARGE = 2
"""Of large operations, how many begin anything more at a time."""


class Turn(asyncio.Future[None]):
    """A place in the queue for a turn; the one who waits awaits it."""


Waiter: TypeAlias = tuple[int, int, Turn]


class Turns:
    """The slices of one event loop. `now` counts the seconds of CPU that the loop's thread has taken."""

    def __init__(self, *, seconds: float = SLICE_SECONDS, now: Callable[[], float] | None = None) -> None:
        self._seconds = seconds
        self._now = now or CpuClock()
        self._numbers = itertools.count()
        self._round = 0
        self._newcomers_since: float | None = None
        self._turn_since: float | None = None
        self._at_work: tuple[Place, float] | None = None
        self._small: deque[Place] = deque()
        self._large: list[Place] = []
        self._at_large: list[Place] = []
        self._late: list[Place] = []
        self._end_of_round: asyncio.Future[None] | None = None
        self._is_watching = False

    def place(self) -> "Place":
        """Return a place for one operation."""
        return Place(self, next(self._numbers))

    def is_over(self, place: "Place") -> bool:
        """Whether the slice is over that the place may work in. Where it is not, the time until `rest` counts as the place's."""
        now = self._now()
        if self._at_work is not None and self._at_work[0] is place and now - self._at_work[1] < _JUST_NOW_SECONDS:
            return False  # as it was a moment ago
        self._count(now)
        self._watch()
        is_over = self._is_over(place, now)
        if not is_over:
            self._at_work = place, now
        return is_over

    async def wait(self, place: "Place", depth: int, *, begins: bool) -> None:
        """Wait until the place may work. What goes on comes before what `begins`; then what is deeper; then what came first."""
        ticket = (-depth, next(self._numbers))
        waiting = place.beginning if begins else place.waiting
        is_late = False
        place.held += 1
        try:
            while self.is_over(place) or (begins and place.is_full):
                waiter = Turn(loop=asyncio.get_running_loop())
                heapq.heappush(waiting, (*ticket, waiter))
                self.enqueue(place, is_late=is_late)
                await waiter
                is_late = True
        finally:
            place.held -= 1

    async def end_of_round(self) -> None:
        """Wait until the loop comes round again."""
        if self._end_of_round is None or self._end_of_round.done():
            self._end_of_round = asyncio.get_running_loop().create_future()
        self._watch()
        await asyncio.shield(self._end_of_round)

    def is_kept_back(self, place: "Place") -> bool:
        """Whether it is a large one that is to begin nothing more, while those before it are not done."""
        return place.is_large and place not in self._at_large[:_MOST_LARGE]

    def leave(self, place: "Place") -> None:
        """Say that the place is done: those that were kept back for it go on."""
        self.rest()
        place.is_left = True
        if place.is_large:
            place.is_large = False
            self._at_large.remove(place)
            for other in self._at_large[:_MOST_LARGE]:
                self.enqueue(other)

    def rest(self) -> None:
        """Say that whoever was at work is not any more: what comes now is not counted as theirs."""
        if self._at_work is not None:
            self._count(self._now())

    def _is_over(self, place: "Place", now: float) -> bool:
        if place.turn == self._round:
            since = self._turn_since = now if self._turn_since is None else self._turn_since
        else:
            since = self._newcomers_since = now if self._newcomers_since is None else self._newcomers_since
        return since != now and now - since >= self._seconds

    def _count(self, now: float) -> None:
        if self._at_work is not None:
            place, since = self._at_work
            place.seconds += now - since
            self._at_work = None
            if place.seconds > LARGE_SECONDS and not (place.is_large or place.is_left):
                place.is_large = True
                bisect.insort(self._at_large, place)

    def enqueue(self, place: "Place", *, is_late: bool = False) -> None:
        """Let the place stand in the queue; the first there where it `is_late`: it was let go on when the slice was over."""
        if place.is_queued or not (place.waiting or (place.beginning and not place.is_full)):
            return
        place.is_queued = True
        self._watch()
        if place.is_large:
            heapq.heappush(self._large, place)
        elif is_late:
            self._late.append(place)
        else:
            self._small.append(place)

    def _watch(self) -> None:
        if not self._is_watching:
            self._is_watching = True
            asyncio.get_running_loop().call_soon(self._go_round)

    def _go_round(self) -> None:
        """End the round, and begin another where anybody is at work or waits."""
        self.rest()
        self._small.extendleft(reversed(self._late))
        self._late.clear()
        self._round += 1
        self._newcomers_since = self._turn_since = None
        self._is_watching = False
        if self._end_of_round is not None and not self._end_of_round.done():
            self._end_of_round.set_result(None)
        if self._small or self._large:
            self._let_go_on()
            self._watch()  # behind those who may go on

    def _let_go_on(self) -> None:
        is_for_large = not self._small or (self._large and self._round % 2)
        left = _MOST_AT_ONCE
        while left and (self._large if is_for_large else self._small):
            left -= self._let_one_go_on(heapq.heappop(self._large) if is_for_large else self._small.popleft())

    def _let_one_go_on(self, place: "Place") -> int:
        """Let the first of the place's waiters go on; return how many: none where it is not there any more."""
        place.is_queued = False
        waiters = place.waiting or (place.beginning if not place.is_full else [])
        if not waiters:
            return 0
        *_, waiter = heapq.heappop(waiters)
        self.enqueue(place)
        if waiter.done():  # it was cancelled
            return 0
        place.turn = self._round
        waiter.set_result(None)
        return 1


class Closeable(Protocol):
    """A coroutine or generator that has to be closed where it is not done."""

    def close(self) -> None: ...


class Place:
    """One operation's place among those who work on the loop.

    `seconds`: of CPU, that it has taken; `held`: how many pieces of it wait, or have just been told that they may go on;
    `unbegun`: what is to be done and has not begun.
    """

    __slots__ = (
        "_asleep",
        "_is_given_up",
        "_number",
        "_turns",
        "beginning",
        "held",
        "is_large",
        "is_left",
        "is_queued",
        "seconds",
        "turn",
        "unbegun",
        "waiting",
    )

    def __init__(self, turns: Turns, number: int) -> None:
        self.seconds = 0.0
        self.held = 0
        self.unbegun: set[Closeable] = set()
        self.turn = -1
        """The round in which its turn came last."""
        self.waiting: list[Waiter] = []
        self.beginning: list[Waiter] = []
        self.is_queued = False
        self.is_large = False
        self.is_left = False
        """Nothing waits for it any more, whatever is still counted as its."""
        self._turns = turns
        self._number = number
        self._asleep: dict[asyncio.Task[Any], None] = {}  # a set would be three times as large while nothing is in it
        self._is_given_up = False

    def __lt__(self, other: "Place") -> bool:
        return self._number < other._number

    def next(self) -> "Place":
        """Return a place for what the same operation does next."""
        return self._turns.place()

    @property
    def is_over(self) -> bool:
        """Whether it has to wait before it does anything more."""
        return self._is_given_up or self._turns.is_over(self)

    @property
    def is_full(self) -> bool:
        """Whether nothing more of it is to be begun: so much waits for something else, or it is large and not among the first."""
        return len(self._asleep) >= _MOST_ASLEEP or (self.is_large and self._turns.is_kept_back(self))

    @property
    def may_begin(self) -> bool:
        """Whether anything more of it may be begun at once."""
        return not self.is_full and not self.is_over

    async def breathe(self, depth: int = 0, *, begins: bool = False) -> None:
        """Let others go on, where this slice is over: see `Turns.wait`.

        Raises CancelledError where nobody waits for the operation any more.
        """
        if not self._is_given_up:
            await self._turns.wait(self, depth, begins=begins)
        if self._is_given_up:
            raise asyncio.CancelledError

    def rest(self) -> None:
        """Say that it has nothing to do for now."""
        self._turns.rest()

    def leave(self) -> None:
        """Say that it is done: what has not begun by now never will."""
        self._turns.leave(self)
        for work in self.unbegun:
            work.close()
        self.unbegun.clear()

    async def end_of_round(self) -> None:
        """Let all go on that can."""
        await self._turns.end_of_round()

    def fall_asleep(self) -> "asyncio.Task[Any]":
        """Say that the present task waits for something else than a turn, until `wake` is called with it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Only tasks wait.")
        self._asleep[task] = None
        return task

    def wake(self, task: "asyncio.Task[Any]") -> None:
        """Say that the task does not wait any more."""
        self._asleep.pop(task, None)
        self._turns.enqueue(self)

    async def give_up(self) -> None:
        """Cancel whatever of it waits, for turns or for anything else, a few at a time: there may be ten thousand."""
        self._is_given_up = True
        while self.held or self._asleep:
            for waiters in (self.waiting, self.beginning):
                for *_, waiter in waiters[-_MOST_AT_ONCE:]:
                    waiter.cancel()
                del waiters[-_MOST_AT_ONCE:]
            for task in list(itertools.islice(self._asleep, _MOST_AT_ONCE)):
                task.cancel()
            await self._turns.end_of_round()
