"""The embedded database in trouble: every failure is typed, changes nothing, and is over when its cause is."""

import asyncio
import contextlib
import contextvars
import shutil
import sqlite3
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from app.errors import DatabaseAway
from app.log.counters import Counter
from app.storage import database
from app.storage.outages import BUSY, FULL, READ_ONLY, Patience
from tests import databases
from tests.faults.disk import fill, small_disk, write_until_refused
from tests.storage.troubled import count

pytestmark = pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="this run is PostgreSQL's")

SHORT = Patience(lock=0.2, turn=0.5)
COUNTED = 'SELECT COUNT(*) AS "count" FROM "counter"'


def opened(url: str) -> AbstractAsyncContextManager[None]:
    return databases.opened(url, patience=SHORT)


async def test_a_file_that_another_process_keeps_locked_is_busy_and_free_again_afterwards(database_url: str) -> None:
    async with opened(database_url):
        with contextlib.closing(sqlite3.connect(database.embedded_path(database_url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseAway) as refused:
                await database.write(count)
            assert await Counter.all().count() == 0  # reading goes on
            other.execute("COMMIT")

        await database.write(count)

        assert (refused.value.message, refused.value.fault) == (BUSY, "SQLITE_BUSY")
        assert await Counter.all().count() == 1


async def test_whoever_waits_too_long_for_the_writers_turn_is_told_and_leaves_nothing_behind(database_url: str) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def hold(connection: BaseDBAsyncClient) -> None:
        await count(connection)
        began.set()
        await go_on.wait()

    async with opened(database_url):
        holding = asyncio.create_task(database.write(hold))
        await began.wait()
        with pytest.raises(DatabaseAway) as refused:
            await database.write(count)
        go_on.set()
        await holding
        await database.write(count)

        assert refused.value.message == BUSY
        assert await Counter.all().count() == 2


async def test_no_room_left_undoes_the_write_and_room_again_lets_the_next_one_through(database_url: str) -> None:
    async def fill(connection: BaseDBAsyncClient) -> None:
        await count(connection)
        [pages] = await connection.execute_query_dict("PRAGMA page_count")
        await connection.execute_query_dict(f"PRAGMA max_page_count={pages['page_count']}")
        for _ in range(10_000):
            await count(connection)

    async def make_room(connection: BaseDBAsyncClient) -> None:
        await connection.execute_query_dict("PRAGMA max_page_count=1000000")
        await count(connection)

    async with opened(database_url):
        with pytest.raises(DatabaseAway) as refused:
            await database.write(fill)
        await database.write(make_room)

        assert (refused.value.message, refused.value.fault) == (FULL, "SQLITE_FULL")
        assert await Counter.all().count() == 1


async def test_a_full_disk_refuses_writes_answers_reads_and_takes_writes_once_it_has_room(
    database_url: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shutil.copyfile(database.embedded_path(database_url), disk / "here.sqlite3")
        async with opened(f"sqlite:///{disk / 'here.sqlite3'}"):
            await database.write(count)
            fill(disk / "filler")
            acknowledged, refusal = await write_until_refused(count)
            kept = await Counter.all().count()
            (disk / "filler").unlink()
            await database.write(count)

            assert refusal.message == FULL
            assert kept == 1 + acknowledged
            assert await Counter.all().count() == kept + 1


async def test_a_connection_that_may_only_read_is_opened_anew(database_url: str) -> None:
    async def lose_the_right(connection: BaseDBAsyncClient) -> None:
        await connection.execute_query_dict("PRAGMA query_only=ON")  # as for a file that was read-only when it was opened
        await count(connection)

    async with opened(database_url):
        with pytest.raises(DatabaseAway) as refused:
            await database.write(lose_the_right)
        await database.write(count)

        assert refused.value.message == READ_ONLY
        assert await Counter.all().count() == 1


async def test_a_rule_that_is_broken_only_at_the_commit_undoes_the_write_and_lets_the_next_one_through(database_url: str) -> None:
    async def break_it(connection: BaseDBAsyncClient) -> None:
        await count(connection)
        await connection.execute_query_dict("PRAGMA defer_foreign_keys=ON")
        await connection.execute_insert(
            "INSERT INTO browser_session (id, member_id, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
            [str(uuid4()), str(uuid4()), "hash", "2026-01-01", "2026-01-01"],
        )

    async with opened(database_url):
        with pytest.raises(IntegrityError):
            await database.write(break_it)
        await database.write(count)

        assert await Counter.all().count() == 1


async def test_a_file_that_is_no_database_is_an_outage_and_not_a_bug(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite3").write_bytes(b"This is no database. " * 1000)

    async with opened(f"sqlite:///{tmp_path / 'no.sqlite3'}"):
        with pytest.raises(DatabaseAway):
            await Counter.all().count()
        with pytest.raises(DatabaseAway):
            await database.read(database.current(), COUNTED, [])
        with pytest.raises(DatabaseAway):
            await database.write(count)


async def test_rows_are_read_beside_a_write_and_a_statement_that_cannot_be_read_leaves_the_next_one_be(database_url: str) -> None:
    async def look_beside(connection: BaseDBAsyncClient) -> tuple[int, int]:
        await count(connection)
        [within] = await database.read(connection, COUNTED, [])
        return within["count"], await asyncio.create_task(look(), context=contextvars.Context())

    async def look() -> int:
        [row] = await database.read(database.current(), COUNTED, [])
        found: int = row["count"]
        return found

    async with opened(database_url):
        with pytest.raises(OperationalError):
            await database.read(database.current(), "SELECT no_column FROM counter", [])
        with pytest.raises(OperationalError):
            await database.read(database.current(), "DELETE FROM counter", [])

        assert await database.write(look_beside) == (1, 0)
        assert await look() == 1
