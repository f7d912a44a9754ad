"""Tortoise's SQLite engine, made fit for a server: one connection that writes and one that can only read.

What differs from `tortoise.backends.sqlite`:

- a transaction takes the writer's lock when it begins (BEGIN IMMEDIATE), so what it reads still holds when it commits;
- when BEGIN fails, the connection's lock is given back, and when COMMIT fails, the transaction is undone (Tortoise keeps either
  for good); the writer's turn is waited for, but not without end;
- reads outside a transaction go through a second connection with `query_only`: they never wait for a writer, and a write
  that did not come through `database.write` is refused by SQLite itself; short ones are answered at once by a third
  (`short_reads`);
- synchronous=FULL: what was answered with success survives a power cut;
- every outage (the file locked by somebody else, unreadable, read-only; no room left) is raised as DatabaseAway, and what had the
  file open is opened anew where that may mend it.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper, TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from app.errors import DatabaseAway
from app.storage.joined import Statement
from app.storage.outages import BUSY, PATIENCE, Patience, is_of_the_disk, of_file, unknown
from app.storage.short_reads import ShortReads, upper
from app.storage.sqlite_errors import translated, translating

OLDEST = (3, 35, 0)
"""The first SQLite with UPDATE … RETURNING and DROP COLUMN."""


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that is a writer from its first statement on."""

    _parent: "EmbeddedClient"

    def acquire_connection(self) -> "WriteAccess":
        return WriteAccess(self._lock, self)

    async def attach(self) -> None:
        """Take the writing connection, opened where it is not."""
        await self._parent.create_connection(with_db=True)
        self._connection = self._parent.writer

    async def begin(self) -> None:
        with translating():
            await self._connection.execute("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """Commit, or undo all of it. Raises OutcomeUnknown where the disk failed: what it has kept is seen at the next start."""
        try:
            await super().commit()
        except sqlite3.Error as error:
            await self.undo()
            if isinstance(error, sqlite3.OperationalError) and is_of_the_disk(error):
                raise unknown(error.sqlite_errorname) from error
            raise translated(error, writing=True) from error

    async def undo(self) -> None:
        """Roll back, whatever SQLite has undone by itself already; where even that fails, the connection is closed."""
        try:
            await self._connection.rollback()
        except sqlite3.Error:
            await self._parent.reopen()
        self._finalized = True

    async def write_together(self, statements: Sequence[Statement]) -> None:
        """Run them one after another, in one turn of the thread that has the file open."""

        def run(file: sqlite3.Connection) -> None:
            for statement in statements:
                file.executemany(statement.sql, statement.runs).close()

        with translating():
            async with self.acquire_connection() as connection:
                self.log.debug("%s", statements)
                into_thread: Any = connection._execute  # noqa: SLF001 - aiosqlite has no other way into its thread
                await into_thread(run, connection._conn)  # noqa: SLF001 - as above

    async def execute_script(self, query: str) -> None:
        # sqlite3's executescript would commit the transaction that it is called in.
        for statement in _statements(query):
            await self.execute_query(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""


class ImmediateContext(SqliteTransactionContext):
    """Enters an `ImmediateTransaction`, or leaves everything as it was; leaves it committed or undone."""

    connection: ImmediateTransaction

    def __init__(self, client: "EmbeddedClient", turn: asyncio.Lock) -> None:
        super().__init__(ImmediateTransaction(client), turn)
        self._client = client

    async def __aenter__(self) -> TransactionalDBClient:
        await self._take_turn()
        try:
            with translating():
                await self.connection.attach()
            self.token = get_connections().set(self.connection_name, self.connection)
            try:
                await self.connection.begin()
            except BaseException:
                get_connections().reset(self.token)
                raise
        except BaseException as error:
            await self._give_turn(after=error)
            raise
        return self.connection

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        failure = error
        try:
            if error is None:
                await self.connection.commit()
            else:
                await self.connection.undo()
        except BaseException as ending:
            failure = ending
            raise
        finally:
            get_connections().reset(self.token)
            await self._give_turn(after=failure)

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._client.patience.turn):
                await self._trxlock.acquire()
        except TimeoutError as error:
            raise DatabaseAway(BUSY, fault="the writer's turn") from error

    async def _give_turn(self, *, after: BaseException | None) -> None:
        try:
            if after is not None and after.__cause__ is not None and is_of_the_disk(after.__cause__):
                await self._client.reopen()
        finally:
            self._trxlock.release()


class WriteAccess(ConnectionWrapper[aiosqlite.Connection]):
    """The writing connection, within a transaction, for as long as one statement takes."""

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()
        if (away := of_file(error, writing=True) if error is not None else None) is not None:
            raise away from error


class ReadAccess:
    """The reading connection, for as long as one statement takes."""

    def __init__(self, client: "EmbeddedClient") -> None:
        self._client = client

    async def __aenter__(self) -> aiosqlite.Connection:
        with translating():
            return await self._client.reader()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            await self._client.reading_failed(error)


class EmbeddedClient(SqliteClient):
    """The engine: Tortoise finds it as `client_class`."""

    def __init__(self, file_path: str, *, patience: Patience = PATIENCE, **options: Any) -> None:
        self.patience = patience
        super().__init__(file_path, **{"synchronous": "FULL", "busy_timeout": self._busy_timeout, **options})
        self._reader: aiosqlite.Connection | None = None
        self._short: ShortReads | None = None
        self._opening = asyncio.Lock()

    @property
    def writer(self) -> aiosqlite.Connection:
        """The writing connection, which has to be open."""
        if self._connection is None:
            raise OperationalError("The writing connection is closed.")
        return self._connection

    async def create_connection(self, with_db: bool) -> None:
        await super().create_connection(with_db)
        if self._connection is not None:
            await _fold_as_unicode(self._connection)

    async def reader(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._reader is None:
                self._reader = await self._open_reader()
        return self._reader

    def read_at_once(self, statement: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]] | None:
        """Return the rows of a SELECT that is short; None where `read` has to be asked for them."""
        rows = self._short.read(statement, values) if self._short is not None else None
        if rows is not None:
            self.log.debug("%s: %s", statement, values)
        return rows

    async def read(self, statement: str, values: Sequence[Any]) -> Sequence[sqlite3.Row]:
        """Return the rows of a SELECT, which is asked in one turn of the thread that reads. Raises DatabaseAway."""
        self.log.debug("%s: %s", statement, values)
        reader = self._reader
        if reader is None:
            with translating():
                reader = await self.reader()
        try:
            return list(await reader.execute_fetchall(statement, values))
        except sqlite3.Error as error:
            await self.reading_failed(error)
            raise translated(error, writing=False) from error

    async def reading_failed(self, error: BaseException) -> None:
        """Have the file opened anew where that may mend it. Raises DatabaseAway where the error says so."""
        away = of_file(error, writing=False)
        if away is None:
            return
        if is_of_the_disk(error):
            await self.close_reader()
        raise away from error

    async def _open_reader(self) -> aiosqlite.Connection:
        await self.create_connection(with_db=True)
        short = await asyncio.to_thread(ShortReads, self.filename, lock=self.patience.lock)
        reader = await aiosqlite.connect(self.filename, isolation_level=None)
        reader.row_factory = sqlite3.Row
        await _fold_as_unicode(reader)
        for pragma in (f"busy_timeout={self._busy_timeout}", "query_only=ON"):
            cursor = await reader.execute(f"PRAGMA {pragma}")
            await cursor.close()
        self._short = short
        return reader

    async def reopen(self) -> None:
        """Close what has the file open; the next statement opens it. Only for who has the writer's turn."""
        writer, self._connection = self._connection, None
        with contextlib.suppress(sqlite3.Error):
            if writer is not None:
                await writer.close()
        await self.close_reader()

    async def close_reader(self) -> None:
        reader, self._reader = self._reader, None
        short, self._short = self._short, None
        with contextlib.suppress(sqlite3.Error):
            if short is not None:
                short.close()  # before the other: to close the last one of all takes long
            if reader is not None:
                await reader.close()

    async def close(self) -> None:
        await self.close_reader()
        await super().close()

    def acquire_connection(self) -> Any:  # Tortoise's own wrappers share no type either
        return ReadAccess(self)

    def _in_transaction(self) -> ImmediateContext:
        return ImmediateContext(self, self._lock)

    @property
    def _busy_timeout(self) -> int:
        """How long SQLite waits for another process's lock, in milliseconds."""
        return int(self.patience.lock * 1000)


async def _fold_as_unicode(connection: aiosqlite.Connection) -> None:
    await connection.create_function("UPPER", 1, upper, deterministic=True)


def is_too_old(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    return version < OLDEST


def copy(source: str, target: str) -> None:
    """Copy a database that others may have open, whole and consistent (SQLite's online backup)."""
    with contextlib.closing(sqlite3.connect(source)) as held, contextlib.closing(sqlite3.connect(target)) as fresh:
        held.backup(fresh)


client_class = EmbeddedClient
