"""Logs of any shape, and listeners that come to their end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import ALL_SCOPES, Caller, Role
from app.errors import CursorExpired
from app.graphql.context import Context
from app.graphql.streams import LogCursors, follow
from app.log.counters import Counter
from app.log.events import Change, Event
from app.log.horizon import OLD_EVENTS
from app.log.retention import remove_old
from app.log.watcher import Watcher
from app.services import Services
from app.storage import database

DAY = timedelta(days=1)


async def nothing(_: object = None) -> None:
    return None


@dataclass(frozen=True)
class Entry:
    """An event to be written: its type, and how many days ago it is said to have happened."""

    type: str
    age: float = 0


@dataclass
class Log:
    """One team's log. `written` is every event that it ever had."""

    services: Services
    team_id: UUID
    written: list[Event] = field(default_factory=list)

    async def write(self, entries: Sequence[Entry]) -> None:
        now = self.services.clock.now()
        rows = [
            Event(
                id=uuid4(),
                team_id=self.team_id,
                sequence=number,
                type=entry.type,
                occurred_at=now - entry.age * DAY,
                subject_id=uuid4(),
                summary="It happened.",
            )
            for number, entry in enumerate(entries, start=len(self.written) + 1)
        ]

        async def put(_: BaseDBAsyncClient) -> None:
            await Event.bulk_create(rows)
            await Counter.filter(team_id=self.team_id).update(sequence=len(self.written) + len(rows))

        await database.write(put)
        self.written.extend(rows)

    async def remove_old(self) -> list[int]:
        """Remove until nothing is left to be removed; return the numbers that are left."""
        while await remove_old([OLD_EVENTS], events=self.services.events):
            pass
        return await self.left()

    async def left(self) -> list[int]:
        return [row.sequence for row in await Event.filter(team_id=self.team_id).order_by("sequence")]

    def numbers(self, types: Collection[str] | None, *, after: int) -> list[int]:
        """Return the numbers of all that was ever written of the types, above `after`."""
        return [row.sequence for row in self.written if row.sequence > after and (types is None or row.type in types)]


@dataclass
class Listener:
    """What a subscription heard, and whether it ended with CURSOR_EXPIRED: `expired` holds the words."""

    heard: list[int] = field(default_factory=list)
    expired: str | None = None


async def new_log(services: Services) -> Log:
    """Return a new team's log, with nobody listening to it."""
    team_id = uuid4()

    async def found(_: Change) -> None:
        return None

    await services.events.found(team_id, found)
    return Log(replace(services, watcher=Watcher(look_every=0.01)), team_id)


async def listen(
    log: Log,
    *,
    after: int,
    types: frozenset[str] | None = None,
    pause: int = 0,
    meanwhile: Callable[[], Awaitable[object]] = nothing,
) -> Listener:
    """Listen from a cursor on to everything that there is, and return what came of it.

    After `pause` events the listener stands still until `meanwhile` is done.
    """
    listener, context = Listener(), context_of(log)

    async def hear() -> None:
        await pass_by()
        cursor = LogCursors(log.team_id).write([after])
        async with aclosing(follow(context, cursor, show=lambda event: event.sequence, types=types)) as numbers:
            async for number in numbers:
                listener.heard.append(number)
                await pass_by()

    async def pass_by() -> None:
        if len(listener.heard) == pause:
            await meanwhile()
            await log.services.watcher.finish()

    hearing = asyncio.create_task(hear())
    ending = asyncio.create_task(context.caught_up.wait())
    async with asyncio.timeout(20):
        await asyncio.wait({hearing, ending}, return_when=asyncio.FIRST_COMPLETED)
    hearing.cancel()
    ending.cancel()
    try:
        await hearing
    except CursorExpired as error:
        listener.expired = error.message
    except asyncio.CancelledError:
        pass
    return listener


def context_of(log: Log) -> Context:
    caller = Caller(
        team_id=log.team_id,
        member_id=uuid4(),
        role=Role.MEMBER,
        scopes=ALL_SCOPES,
        credential_id=uuid4(),
        is_session=False,
        expires_at=None,
    )
    return Context(caller=caller, services=log.services, request_id="a test's")
