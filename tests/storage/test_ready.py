import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncpg
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.log.counters import Counter
from app.storage import database
from app.storage.ready import Loaned, Ready
from tests import databases
from tests.databases import POSTGRES_URL
from tests.storage.troubled import POOL, opened


class Connection:
    """What is known of a connection here: whether it is closed, or lost, so that the pool has taken its inside."""

    def __init__(self) -> None:
        self.closed = False
        self.lost = False

    def is_closed(self) -> bool:
        if self.lost:
            raise asyncpg.InterfaceError("cannot call Connection.is_closed(): connection has been released back to the pool")
        return self.closed


class Pool:
    """Remembers what was given to it."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.has_some = asyncio.Event()

    def let_go(self, connection: Loaned) -> None:
        self.given.append(connection)
        self.has_some.set()


def one() -> Loaned:
    return cast(Loaned, Connection())


async def test_the_connection_that_was_kept_last_is_taken_first() -> None:
    pool, first, second = Pool(), one(), one()
    ready = Ready(pool.let_go)

    kept = [ready.keep(first), ready.keep(second)]

    assert kept == [True, True]
    assert [ready.take(), ready.take(), ready.take()] == [second, first, None]
    assert pool.given == []


@pytest.mark.parametrize("end", ["closed", "lost"])
async def test_a_connection_that_has_ended_meanwhile_goes_to_the_pool(end: str) -> None:
    pool, ended, open_ = Pool(), one(), one()
    ready = Ready(pool.let_go)
    ready.keep(open_)
    ready.keep(ended)
    setattr(ended, end, True)

    assert ready.take() is open_
    assert pool.given == [ended]
    assert ready.keep(ended) is False


@pytest.mark.skipif(not POSTGRES_URL, reason="of connections to a server")
async def test_a_connection_that_the_server_ends_while_it_stands_there_is_given_to_nobody(database_url: str) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=0, max_size=2)
    lost = await pool.acquire()
    given = Pool()
    ready = Ready(given.let_go)
    ready.keep(lost)
    ended = asyncio.Event()
    lost.add_termination_listener(lambda _: ended.set())

    async with pool.acquire() as other:
        await other.execute("SELECT pg_terminate_backend($1, 5000)", lost.get_server_pid())
    async with asyncio.timeout(5):
        await ended.wait()

    assert ready.take() is None
    assert given.given == [lost]
    assert ready.keep(lost) is False
    await pool.close()


async def test_nothing_is_kept_while_somebody_waits_for_the_pool_or_once_it_is_closed() -> None:
    pool = Pool()
    ready = Ready(pool.let_go)

    with ready.wait_for_pool():
        while_waiting = ready.keep(one())
    ready.close()
    once_closed = ready.keep(one())

    assert [while_waiting, once_closed] == [False, False]
    assert ready.take() is None


async def test_what_nobody_takes_goes_to_the_pool_after_a_while() -> None:
    pool, idle = Pool(), one()
    ready = Ready(pool.let_go, seconds=0.01)
    ready.keep(idle)

    async with asyncio.timeout(5):
        await pool.has_some.wait()

    assert pool.given == [idle]
    assert ready.take() is None


@pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")
async def test_reads_and_writes_beyond_the_pools_size_all_come_to_their_end(database_url: str) -> None:
    async def look(connection: BaseDBAsyncClient) -> int:
        return await Counter.all().using_db(connection).count()

    async def read() -> int:
        [row] = await database.read(database.current(), 'SELECT COUNT(*) AS "count" FROM "counter"', [])
        count: int = row["count"]
        return count

    asked: list[Callable[[], Awaitable[int]]] = [read, lambda: database.write(look)] * (3 * POOL)

    async with opened(database_url), asyncio.timeout(30):
        found = await asyncio.gather(*(each() for each in asked))

    assert found == [0] * (6 * POOL)
