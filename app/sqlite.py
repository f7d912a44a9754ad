"""Tortoise's SQLite engine, made fit for a server: one connection that writes and one that can only read.

What differs from `tortoise.backends.sqlite`:

- a transaction takes the writer's lock when it begins (BEGIN IMMEDIATE), so what it reads still holds when it commits;
- when BEGIN fails, the connection's lock is given back (Tortoise keeps it for good);
- reads outside a transaction go through a second connection with `query_only`: they never wait for a writer, and a write
  that did not come through `database.write` is refused by SQLite itself;
- synchronous=FULL: what was answered with success survives a power cut.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import aiosqlite
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

OLDEST = (3, 35, 0)
"""The first SQLite with UPDATE … RETURNING and DROP COLUMN."""

BUSY_TIMEOUT_MS = 10_000


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that is a writer from its first statement on."""

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

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
    """Enters an `ImmediateTransaction`, or leaves everything as it was."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            self.token = get_connections().set(self.connection_name, self.connection)
            try:
                await self.connection.begin()
            except BaseException:
                get_connections().reset(self.token)
                raise
        except BaseException:
            self._trxlock.release()
            raise
        return self.connection  # type: ignore[no-any-return]


class ReadAccess:
    """The reading connection, for as long as one statement takes."""

    def __init__(self, client: "EmbeddedClient") -> None:
        self._client = client

    async def __aenter__(self) -> aiosqlite.Connection:
        return await self._client.reader()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class EmbeddedClient(SqliteClient):
    """The engine: Tortoise finds it as `client_class`."""

    def __init__(self, file_path: str, **options: Any) -> None:
        super().__init__(file_path, **{"synchronous": "FULL", "busy_timeout": BUSY_TIMEOUT_MS, **options})
        self._reader: aiosqlite.Connection | None = None
        self._opening = asyncio.Lock()

    async def create_connection(self, with_db: bool) -> None:
        await super().create_connection(with_db)
        if self._connection is not None:
            await _fold_as_unicode(self._connection)

    async def reader(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._reader is None:
                self._reader = await self._open_reader()
        return self._reader

    async def _open_reader(self) -> aiosqlite.Connection:
        await self.create_connection(with_db=True)
        reader = await aiosqlite.connect(self.filename, isolation_level=None)
        reader.row_factory = sqlite3.Row
        await _fold_as_unicode(reader)
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "query_only=ON"):
            cursor = await reader.execute(f"PRAGMA {pragma}")
            await cursor.close()
        return reader

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        await super().close()

    def acquire_connection(self) -> Any:  # Tortoise's own wrappers share no type either
        return ReadAccess(self)

    def _in_transaction(self) -> ImmediateContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)


async def _fold_as_unicode(connection: aiosqlite.Connection) -> None:
    """Search as PostgreSQL does: SQLite's own UPPER knows ASCII alone, so that "ärger" would not find "Ärger"."""
    await connection.create_function("UPPER", 1, lambda text: text.upper() if isinstance(text, str) else text, deterministic=True)


def is_too_old(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    return version < OLDEST


def copy(source: str, target: str) -> None:
    """Copy a database that others may have open, whole and consistent (SQLite's online backup)."""
    with contextlib.closing(sqlite3.connect(source)) as held, contextlib.closing(sqlite3.connect(target)) as fresh:
        held.backup(fresh)


client_class = EmbeddedClient
