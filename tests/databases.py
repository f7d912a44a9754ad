"""A migrated, empty database of its own for each test: copied from one that each run migrates once."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from app import database, upgrade
from app.tables import MIGRATIONS, MODELS

POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "")
"""Where this run's databases are made; empty: the run is for SQLite."""


@contextlib.contextmanager
def template(folder: Path) -> Iterator[str]:
    """Migrate a database to copy from; yield its address."""
    url = f"sqlite:///{folder / 'template.sqlite3'}" if not POSTGRES_URL else asyncio.run(_create(POSTGRES_URL, of=None))
    asyncio.run(upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC)))
    if not POSTGRES_URL:
        _fold_log(database.embedded_path(url))
    yield url
    if POSTGRES_URL:
        asyncio.run(_drop(url))


@contextlib.asynccontextmanager
async def copy(of: str, folder: Path) -> AsyncIterator[str]:
    """Yield the address of a fresh copy."""
    if not POSTGRES_URL:
        path = folder / f"{uuid4().hex}.sqlite3"
        shutil.copyfile(database.embedded_path(of), path)
        yield f"sqlite:///{path}"
        return
    url = await _create(POSTGRES_URL, of=of)
    yield url
    await _drop(url)


def _fold_log(path: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _create(server: str, *, of: str | None) -> str:
    name = f"installed_apps_test_{uuid4().hex[:16]}"
    clause = f' TEMPLATE "{urlsplit(of).path.strip("/")}"' if of else ""
    await _execute(server, f'CREATE DATABASE "{name}"{clause}')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


async def _drop(url: str) -> None:
    await _execute(POSTGRES_URL, f'DROP DATABASE "{urlsplit(url).path.strip("/")}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
