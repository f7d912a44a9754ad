"""The database: opening and closing it, and the one way to write.

A write is a function that runs in a transaction, in a task of its own that nobody outside can cancel. (A WebSocket `complete`
or a deadline that cancels a transaction in the middle leaves Tortoise's SQLite connection locked for good, and drains the
PostgreSQL pool.) A transaction makes no network call and starts no task.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContextPooled
from tortoise.connection import get_connection, get_connections
from tortoise.exceptions import DBConnectionError, OperationalError
from tortoise.transactions import in_transaction

from app import sqlite
from app.errors import ConfigurationError

T = TypeVar("T")

OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    DBConnectionError,
    OperationalError,
    ConnectionError,
)
"""What the database driver raises when the database is away, shutting down or at its limits: asking again later may help."""

_CONNECTION = "default"
_POOL_SIZE = 10
_STATEMENT_TIMEOUT_SECONDS = 20
_writing: ContextVar[bool] = ContextVar("writing", default=False)


def configuration(url: str, *, models: Sequence[str], migrations: str | None = None) -> dict[str, Any]:
    """Return Tortoise's configuration for `url` (`sqlite:///path`, `postgres://…`); `migrations` names their package.

    Raises ConfigurationError naming INSTALLED_APPS_DATABASE_URL when the address is neither.
    """
    return {
        "connections": {_CONNECTION: _connection(url)},
        "apps": {"models": {"models": list(models), "default_connection": _CONNECTION, "migrations": migrations}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str, *, models: Sequence[str]) -> None:
    """Open the database for the whole process.

    Raises ConfigurationError when the address is wrong or this machine's SQLite is too old.
    """
    if is_embedded(url) and sqlite.is_too_old():
        raise ConfigurationError("This Python's SQLite is older than 3.35; INSTALLED_APPS_DATABASE_URL can name a PostgreSQL.")
    await Tortoise.init(config=configuration(url, models=models), _enable_global_fallback=True)


async def close() -> None:
    await Tortoise.close_connections()


def is_embedded(url: str) -> bool:
    return url.startswith("sqlite:")


def embedded_path(url: str) -> str:
    """Return the file's path in a `sqlite:///relative` or `sqlite:////absolute` address."""
    return unquote(url.removeprefix("sqlite:///"))


async def write(action: Callable[[BaseDBAsyncClient], Awaitable[T]], *, committed: Callable[[], None] | None = None) -> T:
    """Run `action` in a transaction that the caller cannot cancel, and return what it returned once that is committed.

    `committed` is called right after the commit, also when the caller has gone away. Whatever `action` raises rolls all of it
    back and reaches the caller.
    """
    if _writing.get():
        raise RuntimeError("A write inside a write would wait for itself.")
    return await asyncio.shield(asyncio.create_task(_write(action, committed)))


async def _write(action: Callable[[BaseDBAsyncClient], Awaitable[T]], committed: Callable[[], None] | None) -> T:
    _writing.set(True)
    async with _transaction() as connection:
        answer = await action(connection)
    if committed is not None:
        committed()
    return answer


@contextlib.asynccontextmanager
async def _transaction() -> AsyncIterator[BaseDBAsyncClient]:
    context = in_transaction(_CONNECTION)
    if isinstance(context, TransactionContextPooled):
        await _begin_pooled(context)
        try:
            yield context.client
        except BaseException as error:
            await context.__aexit__(type(error), error, error.__traceback__)
            raise
        await context.__aexit__(None, None, None)
        return
    async with context as connection:
        yield connection


async def _begin_pooled(context: TransactionContextPooled) -> None:
    """Enter the transaction; when BEGIN fails, give back what Tortoise would keep: the connection and the context variable."""
    try:
        await context.__aenter__()
    except BaseException:
        token = getattr(context, "token", None)
        if token is not None:
            get_connections().reset(token)
            await context.client._parent._pool.release(context.client._connection)  # noqa: SLF001 - see above
        raise


def current() -> BaseDBAsyncClient:
    """Return the connection that statements run on here: the transaction's inside a write, the reading one elsewhere."""
    return get_connection(_CONNECTION)


def _connection(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and url.startswith("sqlite:///"):
        return {"engine": "app.sqlite", "credentials": {"file_path": embedded_path(url)}}
    if parts.scheme in {"postgres", "postgresql"} and parts.hostname and parts.path.strip("/"):
        return {
            "engine": "tortoise.backends.asyncpg",
            "credentials": {
                "host": parts.hostname,
                "port": parts.port or 5432,
                "user": unquote(parts.username or "postgres"),
                "password": unquote(parts.password) if parts.password else None,
                "database": unquote(parts.path.strip("/")),
                "minsize": 1,
                "maxsize": _POOL_SIZE,
                "command_timeout": _STATEMENT_TIMEOUT_SECONDS,
            },
        }
    raise ConfigurationError(
        "INSTALLED_APPS_DATABASE_URL must be sqlite:///path/to/file or postgres://user:password@host:port/name."
    )
