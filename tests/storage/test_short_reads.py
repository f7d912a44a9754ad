"""Short reads of the embedded database: they keep nobody waiting, and what they do not answer is answered all the same."""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from app.errors import DatabaseAway
from app.log.counters import Counter
from app.storage import database
from app.storage.short_reads import LONGEST_SECONDS, REST_SECONDS, SLOW_SECONDS, ShortReads
from tests import databases
from tests.storage.troubled import count

pytestmark = pytest.mark.skipif(bool(databases.POSTGRES_URL), reason="this run is PostgreSQL's")

COUNTED = 'SELECT COUNT(*) AS "count" FROM "counter"'
LONG = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) SELECT MAX(n) FROM numbers"


@contextlib.contextmanager
def file_of_one_row(folder: Path) -> Iterator[tuple[str, sqlite3.Connection]]:
    """Yield a file without a log of writes, in which writers lock out those who read, and a connection to it."""
    path = str(folder / "plain.sqlite3")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE word (name TEXT)")
        file.execute("INSERT INTO word VALUES ('ärger')")
        yield path, file


@contextlib.contextmanager
def reading(path: str, **options: Any) -> Iterator[ShortReads]:
    with contextlib.closing(ShortReads(path, **options)) as reads:
        yield reads


def test_a_few_rows_are_answered_and_words_are_folded_as_elsewhere(tmp_path: Path) -> None:
    with file_of_one_row(tmp_path) as (path, _), reading(path) as reads:
        assert reads.read("SELECT UPPER(name) FROM word WHERE name = ?", ["ärger"]) == [("ÄRGER",)]


def test_what_takes_longer_than_it_may_is_not_answered_and_the_next_one_is(tmp_path: Path) -> None:
    looks = itertools.count(step=LONGEST_SECONDS / 2)

    with file_of_one_row(tmp_path) as (path, _), reading(path, now=lambda: next(looks)) as reads:
        long = reads.read(LONG, [10_000_000])

        assert long is None
        assert next(looks) < 10 * LONGEST_SECONDS
        assert reads.read("SELECT name FROM word", []) == [("ärger",)]


def test_after_a_slow_one_none_is_answered_for_a_while(tmp_path: Path) -> None:
    slow = 2 * SLOW_SECONDS
    looks = iter((0.0, slow, slow + REST_SECONDS / 2, slow + 2 * REST_SECONDS, slow + 2 * REST_SECONDS))

    with file_of_one_row(tmp_path) as (path, _), reading(path, now=lambda: next(looks)) as reads:
        slow_one, soon, later = [reads.read("SELECT name FROM word", []) for _ in range(3)]

    assert (slow_one, soon, later) == ([("ärger",)], None, [("ärger",)])


def test_who_would_wait_for_a_lock_is_not_answered_until_it_is_free(tmp_path: Path) -> None:
    with file_of_one_row(tmp_path) as (path, file), reading(path, lock=1.0) as reads:
        file.execute("BEGIN EXCLUSIVE")
        locked = reads.read("SELECT name FROM word", [])
        file.execute("COMMIT")

        assert locked is None
        assert reads.read("SELECT name FROM word", []) == [("ärger",)]


def test_nothing_is_written_by_them(tmp_path: Path) -> None:
    with file_of_one_row(tmp_path) as (path, file), reading(path) as reads:
        assert reads.read("DELETE FROM word", []) is None
        assert file.execute("SELECT name FROM word").fetchall() == [("ärger",)]


async def test_they_see_what_was_committed_before_and_nothing_else(database_url: str) -> None:
    async with databases.opened(database_url):
        await database.read(database.current(), COUNTED, [], is_short=True)  # by the thread, which opens the file

        with pytest.raises(OperationalError):
            await database.read(database.current(), "SELECT no_column FROM counter", [], is_short=True)
        await database.write(count)
        [row] = await database.read(database.current(), COUNTED, [], is_short=True)

        assert row[0] == await Counter.all().count() == 1


async def test_what_only_seems_short_is_answered_all_the_same(database_url: str) -> None:
    async with databases.opened(database_url):
        await database.read(database.current(), COUNTED, [], is_short=True)

        [row] = await database.read(database.current(), LONG, [1_000_000], is_short=True)

        assert row[0] == 1_000_000


async def test_a_file_that_is_no_database_is_an_outage_of_theirs_too(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite3").write_bytes(b"This is no database. " * 1000)

    async with databases.opened(f"sqlite:///{tmp_path / 'no.sqlite3'}"):
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                await database.read(database.current(), COUNTED, [], is_short=True)
