from pathlib import Path

import asyncpg
import pytest
import redis

from tests.faults.postgres import postgres_server
from tests.faults.redis import redis_server

pytestmark = pytest.mark.processes

_GONE = (asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError)
"""What a connection meets whose server has ended: in the middle of a statement, or known before it."""


async def test_what_was_committed_is_there_after_a_hard_stop(tmp_path: Path) -> None:
    async with postgres_server(tmp_path) as server:
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE TABLE kept (number int)")
        await connection.execute("INSERT INTO kept VALUES (1)")
        change = connection.transaction()
        await change.start()
        await connection.execute("INSERT INTO kept VALUES (2)")

        await server.stop_hard()
        with pytest.raises(_GONE):
            await connection.execute("SELECT 1")
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncpg.connect(server.url())
        await server.start()

        connection = await asyncpg.connect(server.url())
        assert [row["number"] for row in await connection.fetch("SELECT number FROM kept")] == [1]
        await connection.close()


async def test_a_restart_ends_sessions_with_a_word_and_keeps_what_was_committed(tmp_path: Path) -> None:
    async with postgres_server(tmp_path) as server:
        connection = await asyncpg.connect(server.url())
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

        await server.restart()
        with pytest.raises(_GONE):
            await connection.execute("SELECT 1")

        connection = await asyncpg.connect(server.url())
        assert await connection.fetchval("SELECT number FROM kept") == 1
        await connection.close()


async def test_nothing_of_the_cluster_is_left(tmp_path: Path) -> None:
    async with postgres_server(tmp_path) as server:
        assert server.cluster.exists()

    assert not server.cluster.exists()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncpg.connect(server.url())


async def test_a_killed_redis_is_gone_until_it_is_started_and_then_empty(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", "1")

        server.kill()
        with redis.Redis.from_url(server.url) as client, pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()

        with redis.Redis.from_url(server.url) as client:
            assert client.get("kept") is None


async def test_a_flushed_redis_has_no_keys_and_answers(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", "1")

            server.flush()

            assert client.dbsize() == 0


async def test_a_halted_redis_answers_once_it_goes_on(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server:
        with redis.Redis.from_url(server.url, socket_timeout=0.2) as client:
            client.ping()

            server.halt()
            with pytest.raises(redis.TimeoutError):
                client.ping()
            server.go_on()

        with redis.Redis.from_url(server.url, socket_timeout=5) as client:
            assert client.ping()


async def test_a_redis_with_a_password_wants_it(tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="made-up") as server:
        with redis.Redis(port=server.port, password="wrong") as client, pytest.raises(redis.AuthenticationError):
            client.ping()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
