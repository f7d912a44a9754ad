"""Each credential is watched once, for all who came with it, and for as long as any of them listens."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.access.callers import Caller
from app.graphql.transport.credential_ends import CredentialEnds, for_ever
from app.log.actors import EventOrigin
from tests.graphql.tiny import caller, soon
from tests.held import HeldClock


class Watched:
    """Says when each credential ends, and how often it was asked for that."""

    def __init__(self) -> None:
        self.begun: list[Caller] = []
        self.under_way = 0
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def until(self, caller: Caller) -> None:
        self.begun.append(caller)
        self.under_way += 1
        try:
            await asyncio.shield(self.end)
        finally:
            self.under_way -= 1


async def test_all_who_came_with_it_are_told_by_one_watch() -> None:
    watched = Watched()
    ends = CredentialEnds(watched.until, clock=HeldClock())
    ada, elsewhere = caller(), replace(caller(), origin=EventOrigin("192.0.2.7", None, None))
    waiting = [ends.end_of(each) for each in (ada, elsewhere, ada)]
    await asyncio.sleep(0)

    watched.end.set_result(None)
    await asyncio.wait_for(asyncio.gather(*waiting), 5)

    assert len(watched.begun) == 1


async def test_one_who_leaves_ends_it_for_nobody_else_and_the_last_ends_the_watch() -> None:
    watched = Watched()
    ends = CredentialEnds(watched.until, clock=HeldClock())
    first, last = ends.end_of(caller()), ends.end_of(caller())
    await asyncio.sleep(0)

    first.cancel()
    await rounds()
    left = watched.under_way, last.done()
    last.cancel()
    await rounds()

    assert left == (1, False)
    assert watched.under_way == 0
    ends.end_of(caller())
    await rounds()
    assert len(watched.begun) == 2


async def test_where_it_cannot_be_watched_nobody_goes_on_unwatched() -> None:
    watched = Watched()
    ends = CredentialEnds(watched.until, clock=HeldClock())
    waiting = [ends.end_of(caller()) for _ in range(2)]

    watched.end.set_exception(RuntimeError("nobody expected that"))

    for each in waiting:
        with pytest.raises(RuntimeError, match="nobody expected that"):
            await asyncio.wait_for(each, 5)


async def test_it_ends_with_its_time() -> None:
    clock = HeldClock()
    ends = CredentialEnds(for_ever, clock=clock)
    waiting = ends.end_of(caller(expires_at=soon(0.05)))
    lasting = ends.end_of(caller())

    clock.advance(timedelta(seconds=1))
    await asyncio.wait_for(waiting, 5)

    assert not lasting.done()
    lasting.cancel()


async def rounds() -> None:
    for _ in range(4):
        await asyncio.sleep(0)
