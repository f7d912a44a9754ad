"""A change of a team: what happened is said once, whoever must follow reacts in the same transaction, numbers are taken last.

A change begins by locking the team's counter row and ends by taking the next numbers and writing its events with them. So
the changes of one team are serial on both databases: what was checked inside still holds at the commit, there is no gap and
no reorder, and no deadlock. (On SQLite, BEGIN IMMEDIATE is that lock.) The events, and whatever else can wait until then, are
written in one trip to the database; in two where somebody reacts to whatever is recorded.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from app.clock import Clock
from app.log.actors import LONGEST_USER_AGENT, Actor, EventOrigin
from app.log.counters import Counter
from app.log.domain_events import DomainEvent, LogEntry, Unlogged
from app.log.joining import Joining
from app.log.quota_settings import Quotas
from app.log.quotas import CHANGES_OF_DAY, Allowance, Used
from app.storage import database
from app.storage.together import Insertion, Saving, Write, write_together
from app.storage.written import Written
from app.telemetry.tracing import NoTracing, Tracing

T = TypeVar("T")


_LOCKED = Written(lambda team_id: Counter.filter(team_id=team_id).select_for_update())


class Event(Model):
    """One row of a team's activity log: append-only, numbered 1, 2, 3, … without gaps."""

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    sequence = fields.BigIntField()
    type = fields.CharField(max_length=64)
    occurred_at = fields.DatetimeField()
    actor_id: UUID | None = fields.UUIDField(null=True)
    subject_id = fields.UUIDField()
    summary = fields.TextField()
    status = fields.CharField(max_length=32, null=True)
    previous_status = fields.CharField(max_length=32, null=True)
    reason = fields.CharField(max_length=32, null=True)
    message: str | None = fields.TextField(null=True)
    parent_id: UUID | None = fields.UUIDField(null=True)
    action = fields.CharField(max_length=128, null=True)
    times: int | None = fields.IntField(null=True)
    origin_address = fields.CharField(max_length=64, null=True)
    origin_user_agent = fields.CharField(max_length=LONGEST_USER_AGENT, null=True)
    origin_token = fields.CharField(max_length=4, null=True)

    @property
    def origin(self) -> EventOrigin | None:
        """The origin of the request that did it; None where none did."""
        if self.origin_address is None:
            return None
        return EventOrigin(self.origin_address, self.origin_user_agent, self.origin_token)

    class Meta:
        table = "event"
        unique_together = (("team_id", "sequence"),)
        # What a member did goes by a partial index, which Tortoise does not declare: migration 0017 makes it.
        indexes = (("team_id", "type", "sequence"), ("team_id", "subject_id", "type", "sequence"), ("occurred_at",))


@dataclass(frozen=True)
class EventsRecorded(Unlogged):
    """The events of a change, numbered, in their order: for reactions to whatever happens in a team that `is_heard`.

    It comes last. Whoever reacts to it records nothing more.
    """

    events: Sequence[Event]


@dataclass(frozen=True)
class Change:
    """A change of one team under way.

    `now` is the one moment of everything in it, `actor` the member who does it, where one does.
    """

    team_id: UUID
    now: datetime
    actor: Actor | None
    quotas: Quotas
    _reactions: Mapping[type[Any], Sequence["Reaction"]]
    _entries: list[LogEntry]
    _used: Used
    _writes: list[Write]
    _afterwards: list[Callable[[], None]]

    @property
    def actor_id(self) -> UUID | None:
        """The member's id."""
        return self.actor.member_id if self.actor is not None else None

    def spend(self, allowance: Allowance, amount: int = 1) -> None:
        """Count so much of what the team may do. Raises Refusal CONFLICT where not enough is left of the minute or the day."""
        self._used.spend(allowance, amount)

    def let(self, allowance: Allowance) -> bool:
        """Count one, and return True; False where nothing is left: what nobody asked for is then left undone."""
        return self._used.let(allowance)

    def add(self, row: Model) -> None:
        """Have the row written at the end of the change, with its events: nothing in it finds the row before."""
        self._writes.append(Insertion(row))

    def save(self, row: Model, columns: Sequence[str]) -> None:
        """Have these columns of a row that is there saved then, as they are in it by then; once in a change."""
        self._writes.append(Saving(row, columns))

    def afterwards(self, do: Callable[[], None]) -> None:
        """Have it done right after the commit, and not at all without one. It must not block or raise."""
        self._afterwards.append(do)

    async def record(self, domain_event: DomainEvent) -> None:
        """Say that something happened, and let everyone react who has to, now and in this transaction."""
        entry = domain_event.entry()
        if entry is not None:
            self._entries.append(entry)
        for react in self._reactions.get(type(domain_event), ()):
            await react(self, domain_event)


Reaction = Callable[[Change, Any], Awaitable[None]]
Reactions = Mapping[type[Any], Sequence[Reaction]]


class Events:
    """The maker of changes. It calls `wake` with the team after each commit that wrote events; `wake` must not block or raise.

    `now` tells the seconds that pass, whatever the clock is set to.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        reactions: Reactions,
        wake: Callable[[UUID], None],
        tracing: Tracing | None = None,
        quotas: Quotas | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._quotas = quotas or Quotas()
        self._tracing = tracing or NoTracing()
        self._reactions = reactions
        self._wake = wake
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._joining = Joining(self.change, now=now)

    def now(self) -> datetime:
        """Return the present moment, by the clock that changes are made by."""
        return self._clock.now()

    async def change(
        self,
        team_id: UUID,
        action: Callable[[Change], Awaitable[T]],
        *,
        actor: Actor | None = None,
        is_free: bool = False,
    ) -> T:
        """Run `action` as one change of the team and return its answer once everything is committed.

        Whatever `action` raises undoes all of it, and where the database has undone it `action` is run again, as `database.write`
        says. It may be called for an existing team only. Where there is an actor, its events count among the changes of the
        team's day, and Refusal CONFLICT is raised once those are used up; not where it `is_free`: what takes something away, ends
        what was begun, or has a quota of its own.
        """
        return await self._commit(team_id, action, actor=actor, is_free=is_free or actor is None)

    async def join(
        self, team_id: UUID, action: Callable[[Change], Awaitable[T]], *, apart: Hashable, actor: Actor | None = None
    ) -> T:
        """Run `action` as a `change` that is free, in one with others of the same actor that have come while one was under way.

        No two that are equal in `apart` are in one: none finds what another has added or saved. Where one raises, each is run in
        a change of its own.
        """
        answer: T = await self._joining.join(team_id, action, apart=apart, actor=actor)
        return answer

    async def found(self, team_id: UUID, action: Callable[[Change], Awaitable[T]]) -> T:
        """The same as `change`, for the change that makes the team."""
        return await self._commit(team_id, action, actor=None, is_free=True, founding=True)

    async def _commit(
        self,
        team_id: UUID,
        action: Callable[[Change], Awaitable[T]],
        *,
        actor: Actor | None,
        is_free: bool,
        founding: bool = False,
    ) -> T:
        async def run(_: BaseDBAsyncClient) -> tuple[T, Sequence[Callable[[], None]]]:
            if founding:
                await Counter.create(team_id=team_id, sequence=0)
            [counter] = await _LOCKED.ask(team_id)
            entries: list[LogEntry] = []
            now = self._clock.now()
            used = Used(counter.used, quotas=self._quotas, now=now)
            writes: list[Write] = []
            afterwards: list[Callable[[], None]] = []
            change = Change(team_id, now, actor, self._quotas, self._reactions, entries, used, writes, afterwards)
            answer = await action(change)
            if entries and not is_free:
                change.spend(CHANGES_OF_DAY, len(entries))
            events = _numbered(change, entries, last=counter.sequence)
            writes.extend(Insertion(event) for event in events)
            if events and counter.is_heard:
                await write_together(writes)  # who reacts may look for them
                writes.clear()
                await change.record(EventsRecorded(events))
                if len(entries) > len(events):
                    raise RuntimeError("Nothing more can be recorded once a change has its numbers.")
            await write_together([*writes, *_counted(counter, used, news=len(events))])
            return answer, [*afterwards, *([partial(self._wake, team_id)] if entries else [])]

        # The team's row is the lock. Within the process it is queued for here: else a team whose lock somebody keeps would have
        # all of the database's connections wait for it.
        turn = self._turns.setdefault(team_id, asyncio.Lock())
        with self._tracing.span("change", {"code.function.name": _name_of(action)}):
            answer, _ = await database.write(run, committed=_follow, turn=turn)
        return answer


def _follow(done: tuple[object, Sequence[Callable[[], None]]]) -> None:
    for do in done[1]:
        do()


def _counted(counter: Counter, used: Used, *, news: int) -> Iterator[Saving]:
    """Yield what is to be saved of the counter, if anything."""
    columns = []
    if news:
        counter.sequence += news
        columns.append("sequence")
    if used.is_changed:
        counter.used = used.text
        columns.append("used")
    if columns:
        yield Saving(counter, columns)


def _numbered(change: Change, entries: Sequence[LogEntry], *, last: int) -> Sequence[Event]:
    """Return the events of the entries; `last` is the number of the last one before them."""
    origin = change.actor.origin if change.actor is not None else None
    return [
        Event(
            id=uuid4(),
            team_id=change.team_id,
            sequence=sequence,
            occurred_at=change.now,
            actor_id=change.actor_id,
            type=entry.type,
            subject_id=entry.subject_id,
            summary=entry.summary,
            status=entry.status,
            previous_status=entry.previous_status,
            reason=entry.reason,
            message=entry.message,
            parent_id=entry.parent_id,
            action=entry.action,
            times=entry.times,
            origin_address=origin.address if origin is not None else None,
            origin_user_agent=origin.user_agent if origin is not None else None,
            origin_token=origin.token_last_four if origin is not None else None,
        )
        for sequence, entry in enumerate(entries, start=last + 1)
    ]


def _name_of(action: object) -> str:
    action = getattr(action, "__wrapped__", action)
    action = action.func if isinstance(action, partial) else action
    return f"{getattr(action, '__module__', '')}.{getattr(action, '__qualname__', '')}".replace(".<locals>", "")
