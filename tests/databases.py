"""A migrated, empty database of its own for each test: copied from one that each run migrates once."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext, require_context, set_global_context

from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, upgrade
from app.storage.outages import PATIENCE, Patience

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "")
"""Where this run's databases are made; empty: the run is for SQLite."""


@contextlib.contextmanager
def template(folder: Path) -> Iterator[str]:
    """Migrate a database to copy from; yield its address. `folder` is of all processes of a run: a file is migrated by one."""
    if not POSTGRES_URL:
        yield f"sqlite:///{_migrated_file(folder)}"
        return
    url = asyncio.run(_create(POSTGRES_URL, of=None))
    asyncio.run(_migrate(url))
    yield url
    for made in (*_emptied, url):
        asyncio.run(_drop(made))


def _migrated_file(folder: Path) -> Path:
    path = folder / "template.sqlite3"
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            making = path.with_suffix(".making")
            asyncio.run(_migrate(f"sqlite:///{making}"))
            _fold_log(str(making))
            making.rename(path)
    return path


async def _migrate(url: str) -> None:
    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))


@contextlib.asynccontextmanager
async def copy(of: str, folder: Path) -> AsyncIterator[str]:
    """Yield the address of a fresh copy. PostgreSQL makes and drops databases slowly: there, one is emptied and used again."""
    if not POSTGRES_URL:
        path = folder / f"{uuid4().hex}.sqlite3"
        shutil.copyfile(database.embedded_path(of), path)
        yield f"sqlite:///{path}"
        return
    url = _emptied.pop() if _emptied else await _create(POSTGRES_URL, of=of)
    try:
        yield url
    finally:
        await _empty(url)
        _emptied.append(url)


@contextlib.asynccontextmanager
async def blank(folder: Path, *, of: str | None = None, server: str = POSTGRES_URL) -> AsyncIterator[str]:
    """Yield the address of a database with nothing in it, or with all that `of` has; nobody may have that one open.

    `server`: where it is made; empty: in a file.
    """
    if not server:
        path = folder / f"{uuid4().hex}.sqlite3"
        if of is not None:
            shutil.copyfile(database.embedded_path(of), path)
        yield f"sqlite:///{path}"
        return
    url = await _create(server, of=of)
    try:
        yield url
    finally:
        await _drop(url, server=server)


@contextlib.asynccontextmanager
async def opened(url: str, *, patience: Patience = PATIENCE) -> AsyncIterator[None]:
    """Have it open in this process, for as long as that lasts."""
    is_of_other_kind = database.is_embedded(url) == bool(POSTGRES_URL)
    if is_of_other_kind:
        EXECUTOR_CACHE.clear()  # Tortoise keeps the statements that it has written, for whatever is opened next
        await database.connect(url, models=MODELS, patience=patience)
    else:
        await _connect(url, patience=patience)
    try:
        yield
    finally:
        await database.close()
        if is_of_other_kind:
            EXECUTOR_CACHE.clear()
            _models_once.clear()  # they write statements as that database reads them, until they are set up anew


async def rows() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, as the driver reads it."""
    [context] = _models_once
    assert context.apps is not None
    names = [str(model._meta.db_table) for model in context.apps["models"].values()]  # noqa: SLF001 - Tortoise's own way
    return {name: [dict(row) for row in await context.db().execute_query_dict(f'SELECT * FROM "{name}"')] for name in names}  # noqa: S608


async def put(kept: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Put rows into the tables of the database that is open, as `rows` has read them from one of its kind."""

    async def insert(connection: BaseDBAsyncClient) -> None:
        is_server = connection.capabilities.dialect == "postgres"
        # In whatever order the tables come.
        await connection.execute_query(
            "SET LOCAL session_replication_role = replica" if is_server else "PRAGMA defer_foreign_keys = ON"
        )
        for table, held in kept.items():
            if held:
                columns = ", ".join(f'"{column}"' for column in held[0])
                places = ", ".join(f"${number}" if is_server else "?" for number in range(1, len(held[0]) + 1))
                values = [list(row.values()) for row in held]
                await connection.execute_many(f'INSERT INTO "{table}" ({columns}) VALUES ({places})', values)  # noqa: S608 - our tables

    await database.write(insert)


_emptied: list[str] = []
_models_once: list[TortoiseContext] = []


async def _connect(url: str, *, patience: Patience) -> None:
    """Connect as the service does. The models are related to one another once: that takes longer than many tests."""
    if not _models_once:
        await database.connect(url, models=MODELS, patience=patience)
        _models_once.append(require_context())
        return
    [context] = _models_once
    config = database.configuration(url, models=MODELS, patience=patience)
    await context.close_connections()
    context.__enter__()  # as `Tortoise.init` does, which leaves it for good
    await context.connections._init(config["connections"], create_db=False)  # noqa: SLF001 - what its own init does
    set_global_context(context)


def fold_log(url: str) -> None:
    """Leave nothing of an embedded database beside its file, so that the file can be copied."""
    if database.is_embedded(url):
        _fold_log(database.embedded_path(url))


def _fold_log(path: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _create(server: str, *, of: str | None) -> str:
    name = f"installed_apps_test_{uuid4().hex[:16]}"
    clause = f' TEMPLATE "{urlsplit(of).path.strip("/")}"' if of else ""
    await _execute(server, f'CREATE DATABASE "{name}"{clause}')
    # A commit waits for no disk: none of these outlives its server.
    await _execute(server, f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


_END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'"


async def _empty(url: str) -> None:
    """Delete every row, whoever may still be connected and whatever refers to it."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_END_OTHERS)
        tables = await connection.fetch(_TABLES)
        deletions = "; ".join(f'DELETE FROM "{table["tablename"]}"' for table in tables)  # noqa: S608 - our own tables
        await connection.execute(f"SET session_replication_role = replica; {deletions}")
    finally:
        await connection.close()


async def _drop(url: str, *, server: str = POSTGRES_URL) -> None:
    await _execute(server, f'DROP DATABASE "{urlsplit(url).path.strip("/")}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
