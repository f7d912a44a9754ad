"""Subscriptions over a team's log: from a cursor on, without gap or repeat, in order.

The cursors of the activity log and of all subscriptions are one and the same position: a team and a number in its log.
"""

import re
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from app.errors import BadUserInput, CursorExpired, CursorInvalid
from app.graphql.context import Context
from app.graphql.cursors import read_position, write_position
from app.graphql.execution.audiences import tell_known
from app.graphql.execution.insistence import insist
from app.log.events import Event
from app.log.watcher import Watcher

T = TypeVar("T")

_KIND = "log"
_HEX = re.compile(r"[0-9a-f]{32}")


class LogCursors:
    """Cursors of one team's log. Another team's are CURSOR_INVALID, as is any other text."""

    def __init__(self, team_id: UUID) -> None:
        self._team_id = team_id

    def write(self, position: Sequence[Any]) -> str:
        return write_position([_KIND, self._team_id.hex, position[0]])

    def read(self, cursor: str) -> Sequence[Any]:
        team_id, number = position_of(cursor)
        if team_id != self._team_id:
            raise _invalid()
        return [number]


def position_of(cursor: str) -> tuple[UUID, int]:
    """Return the team and the number in its log that a cursor stands for. Raises CursorInvalid."""
    try:
        position = read_position(cursor)
    except BadUserInput:
        raise _invalid() from None
    match position:
        case [str() as kind, str() as team, int() as number] if kind == _KIND and _HEX.fullmatch(team) and number >= 0:
            return UUID(hex=team), number
        case _:
            raise _invalid()


def cursor_of(event: Event) -> str:
    """Return the position right behind `event`."""
    return LogCursors(event.team_id).write([event.sequence])


def cursor_to_resume(contexts: Iterable[Context]) -> str | None:
    """Return a cursor behind which everything lies that these listeners of one team were not told; None where none listens."""
    listening = [(context.position, context.viewer.team_id) for context in contexts if context.listens]
    if not listening:
        return None
    position, team_id = min(listening)
    return LogCursors(team_id).write([position])


async def end_of_log(context: Context) -> str:
    """Return the cursor of the end of the caller's team's log."""
    team_id = context.viewer.team_id
    return LogCursors(team_id).write([await context.services.watcher.head(team_id)])


async def follow(
    context: Context,
    after: str | None,
    *,
    show: Callable[[Event], T],
    types: frozenset[str] | None = None,
    subjects: frozenset[UUID] | None = None,
    parents: frozenset[UUID] | None = None,
    actors: frozenset[UUID] | None = None,
) -> AsyncGenerator[T, None]:
    """Yield the events of the caller's team behind the cursor `after` (None: from now on), and then each new one, for ever.

    Each is told as what `show` makes of it.

    Only those of the `types`, about the `subjects`, belonging to the `parents` and by the `actors`, where given. Raises
    CursorInvalid for what is no cursor of this team, CursorExpired for one beyond the end of the log (of a database that was
    restored from an older state) and where an event of the `types` was removed behind it, also one that a slow listener had still
    to get to. A database that is away is waited for; TryAgainLater where it was away for long at the beginning.
    """
    team_id = context.viewer.team_id
    watcher = context.services.watcher
    context.position = await insist(
        partial(_position, team_id, after, types=types, watcher=watcher), insistence=context.insistence
    )
    company = context.executions.company_of(context.listening if context.listening is not None else context)
    meters = context.services.meters
    reading = watcher.read_in(company, context, team_id, types=types, caught_up=context.caught_up)
    with meters.subscription():
        try:
            while True:
                read = await reading.next_events()
                events = [
                    event
                    for event in read
                    if (subjects is None or event.subject_id in subjects)
                    and (actors is None or event.actor_id in actors)
                    and (parents is None or event.parent_id in parents)
                ]
                while events:
                    if told := await tell_known(context, events):
                        context.position = events[told - 1].sequence
                        del events[:told]
                        continue
                    event = events.pop(0)
                    meters.events_told(1)
                    context.event, context.event_type = event.sequence, event.type
                    yield show(event)
                    context.position, context.event = event.sequence, None
        finally:
            reading.leave()


async def _position(team_id: UUID, after: str | None, *, types: Collection[str] | None, watcher: Watcher) -> int:
    if after is None:
        return await watcher.head(team_id)
    [number] = LogCursors(team_id).read(after)
    if watcher.holds_all_behind(team_id, number):  # as of most who come
        return int(number)
    if number > await watcher.head(team_id):
        raise CursorExpired(
            "This cursor lies beyond the end of the log: read the lists again and go on from a fresh `eventCursor`."
        )
    await watcher.refuse_where_removed(team_id, after=number, types=types)
    return int(number)


def _invalid() -> CursorInvalid:
    return CursorInvalid("`after` takes a cursor of this team's log: an event's, a change's, or `eventCursor`.")
