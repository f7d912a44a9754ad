"""When what callers came with has ended: each credential is watched once, for all sockets and streams that came with it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from app.access.callers import Caller
from app.clock import Clock

Until: TypeAlias = Callable[[Caller], Awaitable[None]]
"""Returns once the caller's credential no longer holds: revoked, the member removed or given another role."""

_LONGEST_STEP = timedelta(minutes=1)


async def for_ever(_: Caller) -> None:
    """An `Until` for credentials that hold."""
    await asyncio.Event().wait()


@dataclass(eq=False)
class _Watch:
    """One credential, and those who wait for its end."""

    task: "asyncio.Task[None]"
    waiting: "set[asyncio.Future[None]]" = field(default_factory=set)
    expiry: asyncio.TimerHandle | None = None


class CredentialEnds:
    """The credentials that are watched in one process."""

    def __init__(self, until: Until, *, clock: Clock) -> None:
        self._until = until
        self._clock = clock
        self._watches: dict[Caller, _Watch] = {}

    def end_of(self, caller: Caller | None) -> "asyncio.Future[None]":
        """Return what is done once the caller may no longer go on listening. Whoever waits for it no longer cancels it.

        It has an exception where the credential could not be watched.
        """
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if caller is None:
            return ended
        watch = self._watches.get(caller) or self._begin(caller)  # from wherever they come: callers do not compare by that
        watch.waiting.add(ended)
        ended.add_done_callback(partial(self._leave, caller, watch))
        return ended

    def _begin(self, credential: Caller) -> _Watch:
        watch = self._watches[credential] = _Watch(asyncio.ensure_future(self._until(credential)))
        watch.task.add_done_callback(partial(self._end, credential, watch))
        self._look_at_clock(credential, watch)
        return watch

    def _look_at_clock(self, credential: Caller, watch: _Watch) -> None:
        """End with the credential's time. In steps: event loops measure by a clock that stands still while the machine sleeps."""
        if credential.expires_at is None:
            return
        left = credential.expires_at - self._clock.now()
        if left <= timedelta():
            watch.task.cancel()
            return
        step = min(left, _LONGEST_STEP).total_seconds()
        watch.expiry = asyncio.get_running_loop().call_later(step, self._look_at_clock, credential, watch)

    def _end(self, credential: Caller, watch: _Watch, task: "asyncio.Task[None]") -> None:
        self._forget(credential, watch)
        error = None if task.cancelled() else task.exception()
        for ended in watch.waiting:
            if ended.done():
                continue
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

    def _leave(self, credential: Caller, watch: _Watch, ended: "asyncio.Future[None]") -> None:
        watch.waiting.discard(ended)
        if not watch.waiting and not watch.task.done():
            self._forget(credential, watch)
            watch.task.cancel()

    def _forget(self, credential: Caller, watch: _Watch) -> None:
        if self._watches.get(credential) is watch:
            del self._watches[credential]
        if watch.expiry is not None:
            watch.expiry.cancel()
