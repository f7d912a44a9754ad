"""Changes of one team that are committed together: those that have come while another one was under way.

The changes of a team are serial. Where they come faster than the database commits, one commit for each is what all wait for.
Those that one member made from one place are together, and those that nobody made: what is recorded says who did it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from app.errors import DatabaseAway
from app.log.actors import Actor
from app.storage.outages import BUSY, PATIENCE, Patience

Action: TypeAlias = Callable[[Any], Awaitable[Any]]
"""Does something within a change, and returns what came of it."""

MOST = 16
"""So many are committed together: a change holds up the team's others for as long as it lasts."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    action: Action
    apart: Hashable
    since: float
    outcome: "asyncio.Future[Any]"

    def end(self, answer: Any = None, *, error: BaseException | None = None) -> None:
        if self.outcome.done():  # whoever waited has gone
            return
        if error is not None:
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(answer)


_Made: TypeAlias = tuple[UUID, Actor | None]
"""Whose changes these are: the team's, made by that member there."""


class Commit(Protocol):
    """Runs an action as one change of a team, which is undone as a whole where that raises."""

    async def __call__(self, team_id: UUID, action: Action, *, actor: Actor | None, is_free: bool) -> Any: ...


class Joining:
    """Has actions run together, in changes that cost their members none of the day's changes.

    `now` tells the time in seconds. Nobody waits longer for those ahead than for a turn of the team.
    """

    def __init__(self, commit: Commit, *, now: Callable[[], float] = time.monotonic, patience: Patience = PATIENCE) -> None:
        self._commit = commit
        self._now = now
        self._patience = patience
        self._queues: dict[_Made, list[_Waiting]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def join(self, team_id: UUID, action: Action, *, apart: Hashable, actor: Actor | None) -> Any:
        """Run the action within a change, and return its answer once that is committed.

        No two of a change have the same `apart`: what is equal there may look for what the other has not written yet. Where one
        raises, each is run in a change of its own, so that it is the one that is told. Whoever leaves before it was begun leaves
        nothing done; what was begun is done. Raises DatabaseAway for whoever would wait too long.
        """
        made, outcome = (team_id, actor), asyncio.get_running_loop().create_future()
        queue = self._queues.get(made)
        if queue is None:
            queue = self._queues[made] = []
            task = asyncio.create_task(self._work_off(made, queue))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        queue.append(_Waiting(action, apart, self._now(), outcome))
        return await outcome

    async def _work_off(self, made: _Made, queue: list[_Waiting]) -> None:
        try:
            while queue:
                await self._commit_some(*made, queue)
                self._send_away(queue)
        finally:
            del self._queues[made]
            _leave(queue)

    def _send_away(self, queue: list[_Waiting]) -> None:
        """Tell those who have waited too long, and forget those who have left."""
        latest = self._now() - self._patience.turn
        for each in queue:
            if each.since < latest:
                each.end(error=DatabaseAway(BUSY, fault="no turn in time"))
        queue[:] = [each for each in queue if not each.outcome.done()]

    async def _commit_some(self, team_id: UUID, actor: Actor | None, queue: list[_Waiting]) -> None:
        together: list[_Waiting] = []
        try:
            answers = await self._commit(team_id, _all_of(queue, together), actor=actor, is_free=True)
            for each, answer in zip(together, answers, strict=True):
                each.end(answer)
        except Exception as error:  # noqa: BLE001 - it is for whoever waits
            await self._commit_each(team_id, actor, together or _taken(queue), after=error)
        finally:  # where the process ends, nobody is left waiting
            _leave(together)

    async def _commit_each(self, team_id: UUID, actor: Actor | None, together: Sequence[_Waiting], *, after: Exception) -> None:
        """Commit each alone, as none could be committed with the others; but tell all of them of what stood in everyone's way."""
        if isinstance(after, DatabaseAway) or len(together) == 1:
            for each in together:
                each.end(error=after)
            return
        for each in together:
            try:
                each.end(await self._commit(team_id, each.action, actor=actor, is_free=True))
            except Exception as error:  # noqa: BLE001 - as above
                each.end(error=error)


def _all_of(queue: list[_Waiting], together: list[_Waiting]) -> Action:
    """Return the action that runs those of the queue which may be together: as many as have come when it is begun."""

    @wraps(queue[0].action)
    async def act(change: Any) -> list[Any]:
        if not together:  # where the database undid it, it is run again with the same ones
            together.extend(_taken(queue))
        return [await each.action(change) for each in together]

    return act


def _taken(queue: list[_Waiting]) -> list[_Waiting]:
    """Take those out of the queue that may be committed together, in their order; nobody waits for those who have left."""
    taken: dict[Hashable, _Waiting] = {}
    left: list[_Waiting] = []
    for each in queue:
        if each.outcome.done():
            continue
        if each.apart in taken or len(taken) == MOST:
            left.append(each)
        else:
            taken[each.apart] = each
    queue[:] = left
    return list(taken.values())


def _leave(waiting: Sequence[_Waiting]) -> None:
    for each in waiting:
        each.outcome.cancel()  # which it is only where nothing has come of it
