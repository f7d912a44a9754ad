"""The database: opening and closing it, and the one way to write.

A write is a function that runs in a transaction, in a task of its own that nobody outside can cancel. (A WebSocket `complete`
or a deadline that cancels a transaction in the middle leaves Tortoise's SQLite connection locked for good, and drains the
PostgreSQL pool.) A transaction makes no network call and starts no task.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import unquote

from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from app.errors import ConfigurationError, DatabaseAway
from app.storage import sqlite
from app.storage.addresses import check_files, read_address
from app.storage.outages import PATIENCE, Patience, taking, until_done

T = TypeVar("T")
M = TypeVar("M", bound=Model)

CONNECTIONS = 10
"""How many connections to a server a process opens at most, where nothing else is said."""

OUTAGES = (DatabaseAway,)
"""What is raised when the database is away, shutting down or at its limits: asking again later may help."""

_CONNECTION = "default"
_writing: ContextVar[bool] = ContextVar("writing", default=False)
_under_way: set[asyncio.Task[Any]] = set()


def configuration(
    url: str,
    *,
    models: Sequence[str],
    migrations: str | None = None,
    patience: Patience = PATIENCE,
    connections: int = CONNECTIONS,
) -> dict[str, Any]:
    """Return Tortoise's configuration for `url` (`sqlite:///path`, `postgres://…`); `migrations` names their package.

    Raises ConfigurationError naming INSTALLED_APPS_DATABASE_URL when the address is neither.
    """
    return {
        "connections": {_CONNECTION: _connection(url, patience, connections)},
        "apps": {"models": {"models": list(models), "default_connection": _CONNECTION, "migrations": migrations}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str, *, models: Sequence[str], patience: Patience = PATIENCE, connections: int = CONNECTIONS) -> None:
    """Open the database for the whole process, with at most so many connections to a server.

    Raises ConfigurationError when the address is wrong or this machine's SQLite is too old.
    """
    if is_embedded(url) and sqlite.is_too_old():
        raise ConfigurationError("This Python's SQLite is older than 3.35; INSTALLED_APPS_DATABASE_URL can name a PostgreSQL.")
    config = configuration(url, models=models, patience=patience, connections=connections)
    await Tortoise.init(config=config, _enable_global_fallback=True)


async def close() -> None:
    """Let the writes under way come to their end, which is bounded, and close the database."""
    while here := [task for task in _under_way if task.get_loop() is asyncio.get_running_loop()]:
        await asyncio.gather(*here, return_exceptions=True)
    await Tortoise.close_connections()


def is_embedded(url: str) -> bool:
    return url.startswith("sqlite:")


def listens(url: str) -> tuple[tuple[str, int], ...]:
    """Return host and port of each server that the address names. Raises ConfigurationError where it is none."""
    return () if is_embedded(url) else read_address(url).listens


def embedded_path(url: str) -> str:
    """Return the file's path in a `sqlite:///relative` or `sqlite:////absolute` address."""
    return unquote(url.removeprefix("sqlite:///"))


async def write(
    action: Callable[[BaseDBAsyncClient], Awaitable[T]],
    *,
    committed: Callable[[T], None] | None = None,
    turn: asyncio.Lock | None = None,
) -> T:
    """Run `action` in a transaction that the caller cannot cancel, and return what it returned once that is committed.

    `committed` is called with that right after the commit, also when the caller has gone away. Whatever `action` raises rolls all
    of it back and reaches the caller. Where the database undid it (a lost connection, a deadlock), `action` is run again, a few
    times within seconds: so it reads what it needs itself, and changes nothing outside of the transaction. Raises DatabaseAway
    when it was not done, OutcomeUnknown when nobody can tell.

    `turn`: held while `action` runs, and waited for without a connection: those who would wait for one another in the database
    anyway do so here, and leave its connections to others.
    """
    if _writing.get():
        raise RuntimeError("A write inside a write would wait for itself.")
    task = asyncio.create_task(_write(action, committed, turn or asyncio.Lock()))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return await asyncio.shield(task)


async def update(rows: QuerySet[M], **columns: object) -> int:
    """Update the rows in a write of its own, by one statement, and return how many they were: of a claim, whether it was got."""

    async def run(connection: BaseDBAsyncClient) -> int:
        # Rows that were read before would be updated where they were read.
        return await rows.using_db(connection).update(**columns)

    return await write(run)


async def _write(
    action: Callable[[BaseDBAsyncClient], Awaitable[T]], committed: Callable[[T], None] | None, turn: asyncio.Lock
) -> T:
    _writing.set(True)
    patience = _patience()

    async def attempt() -> T:
        async with taking(turn, patience=patience), in_transaction(_CONNECTION) as connection:
            return await action(connection)

    answer = await until_done(attempt, patience=patience)
    if committed is not None:
        committed(answer)
    return answer


def _patience() -> Patience:
    patience: Patience = current().patience  # type: ignore[attr-defined]  # both of our engines have it
    return patience


def current() -> BaseDBAsyncClient:
    """Return the connection that statements run on here: the transaction's inside a write, the reading one elsewhere."""
    return get_connection(_CONNECTION)


async def read(connection: BaseDBAsyncClient, statement: str, values: Sequence[Any], *, is_short: bool = False) -> Sequence[Any]:
    """Return the rows of a SELECT, as the driver gives them, by the way that the connection has for them alone.

    `is_short`: a few rows that an index leads to, to be read by the places of their columns alone. It may be asked here and now
    then, and nobody is served meanwhile.
    """
    at_once: Callable[[str, Sequence[Any]], Sequence[Any] | None] | None = getattr(connection, "read_at_once", None)
    if is_short and at_once is not None and (found := at_once(statement, values)) is not None:
        return found
    way: Callable[[str, Sequence[Any]], Awaitable[Sequence[Any]]] | None = getattr(connection, "read", None)
    if way is not None:
        return await way(statement, values)
    _, rows = await connection.execute_query(statement, list(values))
    return rows


def _connection(url: str, patience: Patience, connections: int) -> dict[str, Any]:
    if url.startswith("sqlite:///"):
        if embedded_path(url).startswith(":memory:"):
            raise ConfigurationError("INSTALLED_APPS_DATABASE_URL: what is in memory is gone at the next start: name a file.")
        if not embedded_path(url).isprintable():
            raise ConfigurationError(
                "INSTALLED_APPS_DATABASE_URL, or DATA_DIR: no file can have a name with such characters in it."
            )
        return {"engine": "app.storage.sqlite", "credentials": {"file_path": embedded_path(url), "patience": patience}}
    address = read_address(url)
    check_files(address)
    return {
        "engine": "app.storage.postgres",
        "credentials": {"address": address, "maxsize": connections, "patience": patience},
    }
