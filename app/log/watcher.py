"""The watcher: it reads each team's log once, and subscriptions read it by a cursor, not from a queue.

One watcher a process looks once a second at the heads of the teams that have listeners and reads each new row once into a
ring. Wake-ups only make it look sooner, so a lost one costs a second. A listener reads the ring by its own position, and the
database only while it is behind the ring: a slow reader holds its own cursor back, not memory. Numbers missing there were removed
as old: who had still to get to one of them is told so. Of those who want the same one reads ahead: see `companies`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import structlog

from app.log import horizon
from app.log.companies import Company, Reader
from app.log.events import Event, heads
from app.storage import database
from app.storage.batching import Batcher
from app.web.fairness import Slices

R = TypeVar("R", bound=Reader)

RING_SIZE = 1_000
PAGE_SIZE = 200
LOOK_EVERY_SECONDS = 1.0

_PAGES_AT_ONCE = 8
_PACE_SECONDS = 0.02
"""So a storm of wake-ups makes at most fifty looks a second."""


@dataclass(eq=False)
class Alone:
    """A reader in nobody's company."""

    position: int


@dataclass(frozen=True)
class LogSlice:
    """A piece of a log: all events that are left up to the number `end`."""

    rows: Sequence[Event]
    end: int


class Ring:
    """A team's newest events, without a number missing between them, and the listeners' bell."""

    def __init__(self, head: int, *, slices: Slices | None = None) -> None:
        self.head = head
        self._rows: dict[int, Event] = {}
        self.listeners = 0
        self.wakes = 0
        self._slices = slices or Slices()
        self._companies: dict[Company[Any], int] = {}  # in the order in which they came, with how many are here of each

    def add(self, piece: LogSlice) -> None:
        for row in piece.rows:
            self._go_to(row.sequence - 1)
            self._rows[row.sequence] = row
            self._rows.pop(row.sequence - RING_SIZE, None)
            self.head = row.sequence
        self._go_to(piece.end)
        self.chime()

    def chime(self) -> None:
        """Let one of each company read on."""
        self._slices.let_go_on([bell for company in self._companies for bell in company.send_one_ahead()])

    def let_all_go(self) -> None:
        for company in self._companies:
            company.let_all_go()

    def after(self, position: int) -> LogSlice | None:
        """Return the events behind `position`, the first PAGE_SIZE of them; None when the ring does not hold all of them."""
        if position >= self.head:
            return LogSlice((), position)
        if position + 1 not in self._rows:
            return None
        end = min(self.head, position + PAGE_SIZE)
        return LogSlice([self._rows[number] for number in range(position + 1, end + 1)], end)

    async def wait(self, reader: R, company: Company[R]) -> None:
        """Return once there may be more than there was, and the reader has not been told. Of many some go on at a time."""
        self._companies[company] = self._companies.get(company, 0) + 1
        try:
            await company.wait(reader)
        finally:
            self._companies[company] -= 1
            if not self._companies[company]:
                del self._companies[company]

    def _go_to(self, head: int) -> None:
        """Leave out the numbers up to `head`, if any are missing; what lies before them is held no longer."""
        if head > self.head:
            self._rows.clear()
            self.head = head


class Watcher:
    """Follows the logs of the teams that have listeners in this process."""

    def __init__(self, *, look_every: float = LOOK_EVERY_SECONDS) -> None:
        self._look_every = look_every
        self._rings: dict[UUID, Ring] = {}
        self._woken = asyncio.Event()
        self._woken_teams: set[UUID] = set()
        self._looking = asyncio.Lock()
        self._has_finished = False
        # Clients that were sent away come back all at once.
        self._heads = Batcher(heads)
        self._horizons = Batcher(horizon.horizons)
        self._pages = Batcher(self._read_pages, at_once=_PAGES_AT_ONCE)
        self._slices = Slices()
        self._log = structlog.get_logger("watcher")

    def wake(self, team_id: UUID | None) -> None:
        """Look at the team soon, None: at every team; costs nothing where nobody listens."""
        for woken in self._rings if team_id is None else {team_id} & self._rings.keys():
            self._rings[woken].wakes += 1
            self._woken_teams.add(woken)
            self._woken.set()

    def newest_known(self, team_id: UUID) -> tuple[int, int]:
        """Return what changes as soon as anybody here knows of a newer event of the team; only while somebody listens."""
        ring = self._rings.get(team_id)
        return (ring.head, ring.wakes) if ring is not None else (0, 0)

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
        """Look once more. Who has got everything up to now has caught up. For the end of the process."""
        await self._look_or_wait(set(self._rings))
        self._has_finished = True
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
        async with aclosing(self.follow_in(alone, Alone(after), team_id, types=types, caught_up=caught_up)) as events:
            async for event in events:
                yield event

    async def follow_in(
        self,
        company: Company[R],
        reader: R,
        team_id: UUID,
        *,
        types: Collection[str] | None = None,
        caught_up: asyncio.Event | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Yield the same to a reader in company, from its position on, but for what another one tells it and puts it behind."""
        try:
            async with self._listening(team_id) as ring:
                while True:
                    position = reader.position
                    piece = ring.after(position) or await self._read_or_wait(team_id, after=position, head=ring.head, types=types)
                    for row in piece.rows:
                        if types is None or row.type in types:
                            yield row
                    reader.position = piece.end
                    if piece.end < ring.head:
                        continue
                    if self._has_finished and caught_up is not None:
                        caught_up.set()
                    await ring.wait(reader, company)
        finally:
            company.leave(reader)

    async def head(self, team_id: UUID) -> int:
        """Return the number of the team's newest event, as it is now: 0 before the first."""
        return await self._heads.ask(team_id) or 0

    async def refuse_where_removed(self, team_id: UUID, *, after: int, types: Collection[str] | None) -> None:
        """Raise CursorExpired where an event numbered above `after` was removed, of one of the `types` (None: of any)."""
        horizon.refuse_behind(await self._horizons.ask(team_id) or {}, after=after, types=types)

    @contextlib.asynccontextmanager
    async def _listening(self, team_id: UUID) -> AsyncIterator[Ring]:
        while team_id not in self._rings:
            try:
                head = await self.head(team_id)
            except database.OUTAGES:
                await asyncio.sleep(self._look_every)
            else:
                self._rings.setdefault(team_id, Ring(head, slices=self._slices))
        ring = self._rings[team_id]
        ring.listeners += 1
        try:
            yield ring
        finally:
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

    async def _read_or_wait(self, team_id: UUID, *, after: int, head: int, types: Collection[str] | None) -> LogSlice:
        """Read what is behind the ring; where the database is away, nothing, a while later."""
        try:
            rows = await self._pages.ask((team_id, after)) or ()
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


async def _read(team_id: UUID, *, after: int, head: int) -> LogSlice:
    """Read on in a log that reaches to `head`, or further by now."""
    rows = await _page(team_id, after=after)
    return LogSlice(rows, rows[-1].sequence if rows else head)


async def _page(team_id: UUID, *, after: int) -> Sequence[Event]:
    return await Event.filter(team_id=team_id, sequence__gt=after).order_by("sequence").limit(PAGE_SIZE)
