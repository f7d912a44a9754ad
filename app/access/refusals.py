"""Refusals by role or scope, written to the log once a minute for each member and action, with how often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import structlog

from app.access.callers import Caller
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event, Events
from app.log.quotas import REFUSALS_OF_DAY
from app.storage.tasks import Tasks

WINDOW = timedelta(minutes=1)

NoteRefusal: TypeAlias = Callable[[Caller, str, str], None]
"""Told who was refused what (a field's name) and why. It neither waits nor raises."""

_LOOKED_AT = 256
"""More events about one member than a window can have: there are not that many fields."""


def note_nothing(_caller: Caller, _action: str, _why: str) -> None:
    """A `NoteRefusal` where nobody reads the log."""


@dataclass(frozen=True)
class AccessRefused:
    """A member was refused an action `times` times; `why` is what they were told the last time."""

    member_id: UUID
    action: str
    times: int
    why: str

    def entry(self) -> LogEntry:
        often = f" {self.times} times" if self.times > 1 else ""
        return LogEntry(
            type=EventType.REFUSED,
            subject_id=self.member_id,
            summary=f"{self.action} was refused{often}: {self.why}",
            action=self.action,
            times=self.times,
        )


@dataclass
class _Counted:
    """Refusals that stand in no entry yet; `caller` and `why` are the latest."""

    caller: Caller
    why: str
    times: int = 0
    telling: "asyncio.Task[None] | None" = field(default=None)


class Refusals:
    """Counts refusals and tells the log: the first at once, and from then on at the end of each minute that had some.

    So a member who tries without end costs one entry and one look at the team's lock a minute for each action, in each process.
    The processes keep apart by the log itself: while it has an entry of the last minute, there is no second one. What is counted
    and not told yet when the process ends is lost.
    """

    def __init__(self, *, events: Events, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._events = events
        self._sleep = sleep
        self._writing = Tasks()
        self._counted: dict[tuple[UUID, str], _Counted] = {}
        self._log = structlog.get_logger("refusals")

    def note(self, caller: Caller, action: str, why: str) -> None:
        """Count a refusal, to be told aside: whoever was refused has their answer already."""
        counted = self._counted.setdefault((caller.member_id, action), _Counted(caller, why))
        counted.caller, counted.why = caller, why
        counted.times += 1
        if counted.telling is None:
            counted.telling = asyncio.create_task(self._tell(action, counted))

    async def settle(self, *, seconds: float) -> None:
        """Let what is being written be written, for `seconds` at most. For the end of the process."""
        telling = [counted.telling for counted in self._counted.values() if counted.telling is not None]
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)
        await self._writing.settle(seconds=seconds)

    async def _tell(self, action: str, counted: _Counted) -> None:
        try:
            while counted.times:
                left = await self._writing.finish(self._write(action, counted))
                await self._sleep(left.total_seconds())
        finally:
            del self._counted[counted.caller.member_id, action]

    async def _write(self, action: str, counted: _Counted) -> timedelta:
        """Write the entry, unless the log has one of this minute; return how long there may be no other."""
        caller, times = counted.caller, counted.times
        refused = AccessRefused(caller.member_id, action, times, counted.why)

        async def write(change: Change) -> timedelta:
            since = await _since_last(change, refused)
            if since < WINDOW:
                return WINDOW - since
            change.spend(REFUSALS_OF_DAY)
            await change.record(refused)
            return timedelta()

        try:
            left = await self._events.change(caller.team_id, write, actor=caller.actor, is_free=True)
        except Exception as error:  # noqa: BLE001 - it is told again in a minute; nobody waits for it who could be told
            self._log.warning("refusal not told", error=type(error).__name__)
            return WINDOW
        if left:
            return left
        counted.times -= times
        return WINDOW


async def _since_last(change: Change, refused: AccessRefused) -> timedelta:
    """Return how long ago the log was told the same of that member last; WINDOW: not of late, as clocks go now."""
    told = Event.filter(team_id=change.team_id, subject_id=refused.member_id, type=EventType.REFUSED)
    for event in await told.order_by("-sequence").limit(_LOOKED_AT):
        if abs(change.now - event.occurred_at) >= WINDOW:
            break
        if event.action == refused.action:
            return max(change.now - event.occurred_at, timedelta())
    return WINDOW
