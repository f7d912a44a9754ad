"""The watcher: it reads each team's log once, and subscriptions read it by a cursor, not from a queue.

One watcher a process looks once a second at the heads of the teams that have listeners and reads each new row once into a
ring. Wake-ups only make it look sooner, so a lost one costs a second. A listener reads the ring by its own position, and the
database only while it is behind the ring: a slow reader holds its own cursor back, not memory. What the first of those who come
back reads there goes into the ring too, for the others. Numbers missing there were removed as old: who had still to get to one of
them is told so. Of those who want the same one reads ahead: see `companies`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from app.log import horizon
from app.log.companies import Company, Reader
from app.log.counters import heads
from app.log.events import Event
from app.log.rings import PAGE_SIZE, LogSlice, Ring
from app.storage import database
from app.storage.batching import Batcher
from app.web.fairness import Slices

R = TypeVar("R", bound=Reader)

LOOK_EVERY_SECONDS = 1.0

_PAGES_AT_ONCE = 8
_PACE_SECONDS = 0.02
"""So a storm of wake-ups makes at most fifty looks a second."""


@dataclass(eq=False)
class Alone:
    """A reader in nobody's company."""

    position: int


class Watcher:
    """Follows the logs of the teams that have listeners in this process."""

    def __init__(self, *, look_every: float = LOOK_EVERY_SECONDS) -> None:
        self._look_every = look_every
        self._rings: dict[UUID, Ring] = {}
        self._woken = asyncio.Event()
        self._woken_teams: set[UUID] = set()
        self._looking = asyncio.Lock()
        self.has_finished = False
        """Nothing more is looked for: who has got everything up to now has caught up."""
        self._also_woken: list[Callable[[UUID | None], None]] = []
        # Clients that were sent away come back all at once.
        self._heads = Batcher(heads)
        self._horizons = Batcher(horizon.horizons)
        self._pages = Batcher(self._read_pages, at_once=_PAGES_AT_ONCE)
        self._slices = Slices()
        self._log = structlog.get_logger("watcher")

    def wake(self, team_id: UUID | None) -> None:
        """Look at the team soon, None: at every team; costs nothing where nobody listens."""
        for wake in self._also_woken:
            wake(team_id)
        for woken in self._rings if team_id is None else {team_id} & self._rings.keys():
            self._rings[woken].wakes += 1
            self._woken_teams.add(woken)
            self._woken.set()

    def wake_too(self, wake: Callable[[UUID | None], None]) -> None:
        """Call this at each wake-up too, with the team or None. It must not block or raise."""
        self._also_woken.append(wake)

    def newest_known(self, team_id: UUID) -> tuple[int, int]:
        """Return what changes as soon as anybody here knows of a newer event of the team; only while somebody listens."""
        ring = self._rings.get(team_id)
        return (ring.head, ring.wakes) if ring is not None else (0, 0)

    def holds_all_behind(self, team_id: UUID, position: int) -> bool:
        """Whether the team's log is known to reach to `position`, and nothing behind that need be read: while somebody listens.

        What is held is told, whether or not it has been removed meanwhile.
        """
        ring = self._rings.get(team_id)
        return ring is not None and ring.holds_all_behind(position)

    async def run(self) -> None:
        """Watch until cancelled. A database that is away is waited for: listeners hear everything once it is back."""
        now = asyncio.get_running_loop().time
        look_at_all_at = now() + self._look_every
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for, which in Python 3.11 loses a cancellation that comes together with a wake-up.
                async with asyncio.timeout_at(look_at_all_at):
                    await self._woken.wait()
            self._woken.clear()
            woken, self._woken_teams = self._woken_teams, set()
            if now() >= look_at_all_at:
                look_at_all_at = now() + self._look_every
                woken = set(self._rings)
            await self._look_or_wait(woken)
            await asyncio.sleep(_PACE_SECONDS)

    async def finish(self) -> None:
        """Look once more. For the end of the process."""
        await self._look_or_wait(set(self._rings))
        self.has_finished = True
        for ring in self._rings.values():
            ring.let_all_go()

    async def follow(
        self, team_id: UUID, *, after: int, types: Collection[str] | None = None, caught_up: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        """Yield the team's events numbered above `after`, each once and in order, then every new one; never ends by itself.

        Of the `types` alone, where given. Raises CursorExpired where one of those was removed before the listener got to it.
        `caught_up` is set once the listener has taken all that there was when the watcher finished.
        """
        alone: Company[Alone] = Company(slices=self._slices)
        reading = self.read_in(alone, Alone(after), team_id, types=types, caught_up=caught_up)
        try:
            while True:
                for event in await reading.next_events():
                    yield event
        finally:
            reading.leave()

    def read_in(
        self,
        company: Company[R],
        reader: R,
        team_id: UUID,
        *,
        types: Collection[str] | None = None,
        caught_up: asyncio.Event | None = None,
    ) -> "Reading[R]":
        """Have a reader in company read the same from its position on, but for what another one tells it and puts it behind."""
        return Reading(self, company, reader, team_id, types=types, caught_up=caught_up)

    async def head(self, team_id: UUID) -> int:
        """Return the number of the team's newest event, as it is now: 0 before the first."""
        return await self._heads.ask(team_id) or 0

    async def refuse_where_removed(self, team_id: UUID, *, after: int, types: Collection[str] | None) -> None:
        """Raise CursorExpired where an event numbered above `after` was removed, of one of the `types` (None: of any)."""
        horizon.refuse_behind(await self._horizons.ask(team_id) or {}, after=after, types=types)

    async def listen(self, team_id: UUID) -> Ring:
        """Return the team's ring, which is kept until whoever listens calls `listen_no_more`."""
        while team_id not in self._rings:
            try:
                head = await self.head(team_id)
            except database.OUTAGES:
                await asyncio.sleep(self._look_every)
            else:
                self._rings.setdefault(team_id, Ring(head, slices=self._slices))
        ring = self._rings[team_id]
        ring.listeners += 1
        return ring

    def listen_no_more(self, team_id: UUID, ring: Ring) -> None:
        ring.listeners -= 1
        if ring.listeners == 0:
            self._rings.pop(team_id, None)

    async def _look_or_wait(self, teams: Collection[UUID]) -> None:
        """Look at the heads, unless the database is away: then the next look finds what this one did not."""
        try:
            async with self._looking:
                await self._look(teams)
        except database.OUTAGES as error:
            self._log.warning("watching interrupted", fault=error.fault)

    async def read_or_wait(self, team_id: UUID, *, after: int, head: int, types: Collection[str] | None) -> LogSlice:
        """Read what is behind the ring, up to its `head`; where the database is away, nothing, a while later.

        What came since is read from the ring: a reader that knew of it first would leave those behind it who wait for it.
        """
        try:
            read = await self._pages.ask((team_id, after)) or ()
            rows = [row for row in read if row.sequence <= head]
            piece = LogSlice(rows, rows[-1].sequence if rows else head)
            if piece.end - after > len(piece.rows):
                await self.refuse_where_removed(team_id, after=after, types=types)
        except database.OUTAGES:
            await asyncio.sleep(self._look_every)
            return LogSlice((), after)
        return piece

    async def _read_pages(self, places: Sequence[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], Sequence[Event]]:
        """Read one after the other, each once for all who are there: a crowd that comes back must not take every connection."""
        try:
            return {(team_id, after): await _page(team_id, after=after) for team_id, after in places}
        except database.OUTAGES as error:
            self._log.warning("listening interrupted", fault=error.fault)
            raise

    async def _look(self, teams: Collection[UUID]) -> None:
        if not teams:
            return
        for team_id, head in (await heads(teams)).items():
            ring = self._rings.get(team_id)
            while ring is not None and ring.head < head:
                ring.add(await _read(team_id, after=ring.head, head=head))


class Reading(Generic[R]):
    """What one reader reads, from its position on. Whoever has it calls `leave` at the end."""

    def __init__(
        self,
        watcher: Watcher,
        company: Company[R],
        reader: R,
        team_id: UUID,
        *,
        types: Collection[str] | None,
        caught_up: asyncio.Event | None,
    ) -> None:
        self._watcher = watcher
        self._company = company
        self._reader = reader
        self._team_id = team_id
        self._types = types
        self._caught_up = caught_up
        self._ring: Ring | None = None
        self._end: int | None = None
        """The position behind the events that were returned last."""

    async def next_events(self) -> Sequence[Event]:
        """Return the next events, at least one, once there are any. Those that were returned before have been read."""
        if self._ring is None:
            self._ring = await self._watcher.listen(self._team_id)
        while True:
            if self._has_read_all(self._ring):
                await self._ring.wait(self._reader, self._company)
            piece = self._ring.after(self._reader.position) or await self._read_behind(self._ring)
            self._end = piece.end
            if events := [row for row in piece.rows if self._types is None or row.type in self._types]:
                return events

    def leave(self) -> None:
        """Read no more."""
        self._company.leave(self._reader)
        if self._ring is not None:
            self._watcher.listen_no_more(self._team_id, self._ring)
            self._ring = None

    async def _read_behind(self, ring: Ring) -> LogSlice:
        piece = await self._watcher.read_or_wait(self._team_id, after=self._reader.position, head=ring.head, types=self._types)
        ring.hold_before(piece.rows)
        return piece

    def _has_read_all(self, ring: Ring) -> bool:
        """Take note that all up to the end of the last piece was read; return whether that is all that there is."""
        if self._end is None:
            return False
        self._reader.position = self._end
        if self._end < ring.head:
            return False
        if self._watcher.has_finished and self._caught_up is not None:
            self._caught_up.set()
        return True


async def _read(team_id: UUID, *, after: int, head: int) -> LogSlice:
    """Read on in a log that reaches to `head`, or further by now."""
    rows = await _page(team_id, after=after)
    return LogSlice(rows, rows[-1].sequence if rows else head)


async def _page(team_id: UUID, *, after: int) -> Sequence[Event]:
    return await Event.filter(team_id=team_id, sequence__gt=after).order_by("sequence").limit(PAGE_SIZE)
