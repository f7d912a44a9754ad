"""Bringing the database to this version: Tortoise's migrations, all of them in one transaction and under a lock.

One transaction, since Tortoise itself records a migration after it has committed it: killed between the two, the next start
would apply it again. The lock is the writer's own on SQLite and an advisory one on PostgreSQL.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

from app.errors import ConfigurationError
from app.storage import database, sqlite
from app.storage.outages import Patience

_APP = "models"
_PATIENCE = Patience(statement=3600.0, lock=300.0, idle=600.0)
"""Whoever comes second waits for the first, and an index over a large table is made in one statement."""

_LOCK = 0x1A57A11ED
"""Any number that nobody else uses as an advisory lock in this database."""


async def migrate(url: str, *, models: Sequence[str], migrations: str, now: datetime) -> Path | None:
    """Make or upgrade the database at `url`; return the copy that was made beside an embedded one before it was changed.

    Raises ConfigurationError when the database is newer than this version of the service.
    """
    config = database.configuration(url, models=models, migrations=migrations, patience=_PATIENCE)
    copied: Path | None = None
    if database.is_embedded(url):
        Path(database.embedded_path(url)).parent.mkdir(parents=True, exist_ok=True)
        # A rebuilt table would delete its children by ON DELETE rules, and a transaction cannot switch this off itself.
        config["connections"]["default"]["credentials"]["foreign_keys"] = "OFF"
        copied = await _copy_before_changes(url, models=models, migrations=migrations, now=now)
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction() as connection:
            await _lock(connection)
            executor = MigrationExecutor(connection, config["apps"])
            # Asked for a table that is not there, PostgreSQL would abort this transaction.
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001 - it has no other name
            _refuse_newer(await _applied(executor), known=await _known(executor))
            await executor.migrate()
    return copied


async def pending(*, url: str, models: Sequence[str], migrations: str) -> list[str]:
    """Return the names of the migrations that the open database still lacks."""
    executor = MigrationExecutor(database.current(), database.configuration(url, models=models, migrations=migrations)["apps"])
    applied = await _applied(executor)
    return sorted(set(await _known(executor)) - set(applied))


async def _copy_before_changes(url: str, *, models: Sequence[str], migrations: str, now: datetime) -> Path | None:
    path = Path(database.embedded_path(url))
    if not _holds_something(path):
        return None
    config = database.configuration(url, models=models, migrations=migrations)
    async with TortoiseContext() as context:
        await context.init(config=config)
        executor = MigrationExecutor(context.db(), config["apps"])
        applied = await _applied(executor)
        if not applied or set(await _known(executor)) <= set(applied):
            return None
    target = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")
    _copy_whole(path, target)
    return target


def _copy_whole(source: Path, target: Path) -> None:
    """Copy a database to where it appears whole or, killed in the middle, not at all; for its owner alone."""
    ready = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        os.close(os.open(ready, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        sqlite.copy(str(source), str(ready))
        ready.replace(target)
    finally:
        ready.unlink(missing_ok=True)


def _holds_something(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


async def _applied(executor: MigrationExecutor) -> list[str]:
    applied = await executor.recorder.applied_migrations()
    if not applied:  # Tortoise says so too of a database that it cannot read
        await executor.connection.execute_query("SELECT 1")
        applied = await executor.recorder.applied_migrations()
    return [key.name for key in applied]


async def _known(executor: MigrationExecutor) -> list[str]:
    await executor.loader.build_graph()
    return [key.name for key in executor.loader.graph.nodes if key.app_label == _APP]


def _refuse_newer(applied: Sequence[str], *, known: Sequence[str]) -> None:
    unknown = sorted(set(applied) - set(known))
    if unknown:
        raise ConfigurationError(
            f"The database of INSTALLED_APPS_DATABASE_URL is newer than this version (it has {unknown[-1]}): run the newer one."
        )


async def _lock(connection: BaseDBAsyncClient) -> None:
    if connection.capabilities.dialect == "postgres":
        await connection.execute_query_dict(f"SELECT pg_advisory_xact_lock({_LOCK})")
