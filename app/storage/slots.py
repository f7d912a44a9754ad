"""Slots for work at providers: refilled one by one, so that who takes long holds a slot, and nobody else up.

Of one origin, and of one grant, only a share of the slots is ever taken: a slow provider leaves the others theirs.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

R = TypeVar("R")

_ALONE = UUID(int=0)


@dataclass(frozen=True)
class Shares:
    """How much goes on side by side in one process: in all, of one origin, and of one grant."""

    in_all: int
    of_origin: int
    of_grant: int


ASKS = Shares(in_all=20, of_origin=15, of_grant=1)
"""Of what providers are asked about their grants, one question a grant: refreshes and checks."""


@dataclass(frozen=True)
class Claimant:
    """Whom work is for: the origin that is asked, and the row that it is asked for (a grant, or what stands for one)."""

    origin: str
    grant: UUID | None

    @property
    def key(self) -> UUID:
        return self.grant or _ALONE


@dataclass
class Room:
    """What is left of the slots, for whoever is about to take some."""

    shares: Shares
    left: int
    origins: Counter[str] = field(default_factory=Counter)
    grants: Counter[UUID] = field(default_factory=Counter)

    @property
    def full_origins(self) -> list[str]:
        """The origins that have their share."""
        return [origin for origin, number in self.origins.items() if number >= self.shares.of_origin]

    @property
    def full_grants(self) -> list[UUID]:
        """The grants that have theirs."""
        return [grant for grant, number in self.grants.items() if number >= self.shares.of_grant]

    @property
    def is_short(self) -> bool:
        """Whether there may be work that it has no slot for."""
        return self.left <= 0 or bool(self.full_origins or self.full_grants)

    def has(self, claimant: Claimant) -> bool:
        """Whether there is a slot for that one."""
        is_full = self.origins[claimant.origin] >= self.shares.of_origin or self.grants[claimant.key] >= self.shares.of_grant
        return self.left > 0 and not is_full

    def take(self, claimant: Claimant) -> None:
        self.left -= 1
        self.origins[claimant.origin] += 1
        self.grants[claimant.key] += 1

    def copy(self) -> "Room":
        return Room(self.shares, self.left, self.origins.copy(), self.grants.copy())


class Slots:
    """The slots of one job in one process. `ended` hears of each piece of work that has, its slot being free by then."""

    def __init__(self, shares: Shares, *, ended: Callable[[asyncio.Task[object]], None] = lambda _: None) -> None:
        self._ended = ended
        self._tasks: dict[asyncio.Task[object], Claimant] = {}
        self._shares = shares

    def room(self) -> Room:
        """Return what is left now."""
        room = Room(self._shares, self._shares.in_all)
        for claimant in self._tasks.values():
            room.take(claimant)
        return room

    def begin(self, claimant: Claimant, work: Coroutine[Any, Any, object]) -> None:
        """Do the work in a slot, which has to be free; return at once."""
        task = asyncio.create_task(work)
        self._tasks[task] = claimant
        task.add_done_callback(self._free)

    async def fill(
        self,
        rows: Iterable[R],
        do: Callable[[R], Coroutine[Any, Any, object]],
        *,
        whose: Callable[[R], Claimant],
        claim: Callable[[R], Awaitable[bool]] | None = None,
    ) -> int:
        """Begin to `do` each of the rows that there is a slot for, once it is claimed; return how many those are."""
        begun = 0
        for row in rows:
            claimant = whose(row)
            if self.room().has(claimant) and (claim is None or await claim(row)):
                self.begin(claimant, do(row))
                begun += 1
        return begun

    async def emptied(self) -> None:
        """Return once nothing goes on any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self, *, seconds: float) -> None:
        """Let what goes on come to its end, for so many seconds; then cancel the rest and wait for that."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=seconds)
        finally:
            late = list(self._tasks)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _free(self, task: asyncio.Task[object]) -> None:
        del self._tasks[task]
        self._ended(task)


@asynccontextmanager
async def given_or_own(slots: Slots | None, shares: Shares) -> AsyncIterator[Slots]:
    """Yield the slots that were given, in which work goes on; without any, slots of one's own, and wait for what was begun there.

    Raises then the first fault in them, once the others are done. Who is cancelled cancels what was begun.
    """
    if slots is not None:
        yield slots
        return
    faults: list[BaseException] = []

    def note(task: asyncio.Task[object]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            faults.append(fault)

    own = Slots(shares, ended=note)
    try:
        yield own
        await own.emptied()
    finally:
        await own.end(seconds=0)
    for fault in faults:
        raise fault
