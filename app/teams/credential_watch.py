"""Whether what callers came with still holds: each team's log is followed once, for all who are connected."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from contextvars import copy_context
from typing import TypeVar
from uuid import UUID

import structlog

from app.access.callers import Caller
from app.errors import DatabaseAway
from app.log.event_types import EventType
from app.log.watcher import Watcher
from app.storage import database

_ENDINGS = frozenset({EventType.TEAM_MEMBER_REMOVED, EventType.TEAM_MEMBER_ROLE_CHANGED, EventType.ACCESS_TOKEN_REVOKED})

IsGood = Callable[[Caller], Awaitable[bool | None]]

T = TypeVar("T")


class CredentialWatch:
    """Watches one team's callers. The log says when to look, the rows say what is so.

    A database that is away is waited for: nobody is cut off for that, and what has ended meanwhile is found then.
    """

    def __init__(self, team_id: UUID, *, watcher: Watcher, is_good: IsGood, look_again_after: float) -> None:
        self._team_id = team_id
        self._watcher = watcher
        self._is_good = is_good
        self._look_again_after = look_again_after  # seconds
        self._callers: dict[asyncio.Future[None], Caller] = {}
        self._following: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._log = structlog.get_logger("authentication")

    @property
    def is_idle(self) -> bool:
        """Whether nobody is watched."""
        return not self._callers

    async def until_ended(self, caller: Caller) -> None:
        """Return once what the caller came with no longer holds."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._callers[ended] = caller
        if self._following is None:
            self._following = _begin_for_all(self._follow())
            self._following.add_done_callback(self._fail)
        try:
            # Before the first look: what happens after it is in the log behind it.
            await self._begun.wait()
            if await _begin_for_all(self._holds(caller)):
                await ended
        finally:
            del self._callers[ended]
            if self.is_idle and self._following is not None:
                self._following.cancel()
                self._following = None
                self._begun.clear()

    async def _follow(self) -> None:
        while True:
            try:
                position = await self._watcher.head(self._team_id)
            except database.OUTAGES as error:
                await self._wait(error)
                continue
            self._begun.set()
            async with aclosing(self._watcher.follow(self._team_id, after=position)) as events:
                async for event in events:
                    if event.type in _ENDINGS:
                        await self._look()

    def _fail(self, following: "asyncio.Task[None]") -> None:
        """Let nobody go on unwatched, where the log could not be followed for a reason that nobody expected."""
        if following.cancelled() or (error := following.exception()) is None:
            return
        for ended in self._callers:
            if not ended.done():
                ended.set_exception(error)
        self._begun.set()

    async def _look(self) -> None:
        """Look at all, each credential once."""
        ends: dict[Caller, list[asyncio.Future[None]]] = {}
        for ended, caller in self._callers.items():
            ends.setdefault(caller, []).append(ended)
        hold = await asyncio.gather(*(self._holds(caller) for caller in ends))
        for holds, of_one in zip(hold, ends.values(), strict=True):
            for ended in of_one:
                if not holds and not ended.done():
                    ended.set_result(None)

    async def _holds(self, caller: Caller) -> bool:
        while True:
            try:
                return bool(await self._is_good(caller))
            except database.OUTAGES as error:
                await self._wait(error)

    async def _wait(self, error: DatabaseAway) -> None:
        self._log.warning("watching a credential interrupted", fault=error.fault)
        await asyncio.sleep(self._look_again_after)


def _begin_for_all(work: Coroutine[None, None, T]) -> "asyncio.Task[T]":
    """Begin what is done for all who come: the log does not tell it of the request that happened to be the first."""
    context = copy_context()
    context.run(structlog.contextvars.clear_contextvars)
    return asyncio.create_task(work, context=context)
