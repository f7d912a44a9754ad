"""Bringing the database to this version: Tortoise's migrations, all of them in one transaction and under a lock.

One transaction, since Tortoise itself records a migration after it has committed it: killed between the two, the next start
would apply it again. The lock is the writer's own on SQLite and an advisory one on PostgreSQL.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor
from tortoise.transactions import in_transaction

from app.errors import ConfigurationError
from app.storage import database, sqlite
from app.storage.files import make_private
from app.storage.foreign_tables import refuse_taken_names
from app.storage.outages import Patience
from app.storage.rights import require_changes, require_rows

_APP = "models"
_LOGGER = "migrations"
_PATIENCE = Patience(statement=3600.0, lock=300.0, idle=600.0)
"""Whoever comes second waits for the first, and an index over a large table is made in one statement."""

_LOCK = 0x1A57A11ED
"""Any number that nobody else uses as an advisory lock in this database."""


_READABLE = """
SELECT to_regclass($1) IS NOT NULL AS there, coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false) AS readable"""


async def migrate(
    url: str,
    *,
    models: Sequence[str],
    migrations: str,
    now: datetime,
    say: Callable[[str], None] = lambda _remark: None,
    note: Callable[[Sequence[str]], None] = lambda _applied: None,
) -> Path | None:
    """Make or upgrade the database at `url`; return the copy that was made beside an embedded one before it was changed.

    `say` is told what an operator has to know of what a migration found, once that is committed, and
    `note` which migrations those were: none where the database was up to date. Raises ConfigurationError when
    the database is newer than this version of the service.
    """
    config = database.configuration(url, models=models, migrations=migrations, patience=_PATIENCE)
    copied: Path | None = None
    if database.is_embedded(url):
        make_private(Path(database.embedded_path(url)))
        # A rebuilt table would delete its children by ON DELETE rules, and a transaction cannot switch this off itself.
        config["connections"]["default"]["credentials"]["foreign_keys"] = "OFF"
        copied = await _copy_before_changes(url, models=models, migrations=migrations, now=now)
    async with TortoiseContext() as context:
        await context.init(config=config)
        with _remarks() as remarks:
            applied = await _migrate(config)
    note(applied)
    for remark in remarks:
        say(remark)
    return copied


async def _migrate(config: dict[str, Any]) -> list[str]:
    async with in_transaction() as connection:
        await _lock(connection)
        executor = MigrationExecutor(connection, config["apps"])
        before = await _applied(executor)
        if not before:
            await _require_changes(executor)
            ours = [executor.recorder.table_name, *_tables()]
            await refuse_taken_names(connection, ours=ours, remarks=logging.getLogger(_LOGGER))
            # Asked for a table that is not there, which Tortoise does next, PostgreSQL would abort this transaction.
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001 - it has no other name
        known = await _known(executor)
        _refuse_newer(before, known=known)
        if set(known) <= set(before):
            return []
        await _require_changes(executor)
        await executor.migrate()
    return sorted(set(known) - set(before))


class _Remarks(logging.Handler):
    """Collects what migrations log: they know nothing of the service, and it is for whoever runs them rather than for a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextlib.contextmanager
def _remarks() -> Iterator[list[str]]:
    logger, remarks = logging.getLogger(_LOGGER), _Remarks()
    before = logger.level, logger.propagate
    logger.addHandler(remarks)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield remarks.lines
    finally:
        logger.removeHandler(remarks)
        logger.setLevel(before[0])
        logger.propagate = before[1]


async def pending(*, url: str, models: Sequence[str], migrations: str) -> list[str]:
    """Return the names of the migrations that the open database still lacks.

    Raises ConfigurationError with the GRANT where the role may not read and write the rows of what is there.
    """
    executor = MigrationExecutor(database.current(), database.configuration(url, models=models, migrations=migrations)["apps"])
    applied = await _applied(executor)
    lacking = sorted(set(await _known(executor)) - set(applied))
    if not lacking and _is_server(executor.connection):
        await require_rows(executor.connection, tables=_tables())
    return lacking


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


async def _require_changes(executor: MigrationExecutor) -> None:
    if _is_server(executor.connection):
        await require_changes(executor.connection, tables=[executor.recorder.table_name, *_tables()])


async def _applied(executor: MigrationExecutor) -> list[str]:
    if _is_server(executor.connection):
        return await _applied_on_server(executor.connection, executor.recorder.table_name)
    applied = await executor.recorder.applied_migrations()
    if not applied:  # Tortoise says so too of a database that it cannot read
        await executor.connection.execute_query("SELECT 1")
        applied = await executor.recorder.applied_migrations()
    return [key.name for key in applied]


async def _applied_on_server(connection: BaseDBAsyncClient, table: str) -> list[str]:
    """Ask for a table only where it is: the server would abort the transaction."""
    [found] = await connection.execute_query_dict(_READABLE, [table])
    if not found["there"]:
        return []
    if not found["readable"]:
        await require_rows(connection, tables=[table])
    return [row["name"] for row in await connection.execute_query_dict(f'SELECT name FROM "{table}"')]  # noqa: S608 - Tortoise's own


async def _known(executor: MigrationExecutor) -> list[str]:
    await executor.loader.build_graph()
    return [key.name for key in executor.loader.graph.nodes if key.app_label == _APP]


def _refuse_newer(applied: Sequence[str], *, known: Sequence[str]) -> None:
    unknown = sorted(set(applied) - set(known))
    if unknown:
        raise ConfigurationError(
            f"The database of INSTALLED_APPS_DATABASE_URL is newer than this version (it has {unknown[-1]}): run the newer one."
        )


def _tables() -> list[str]:
    return [model._meta.db_table for model in Tortoise.apps.get_models_iterable()]  # noqa: SLF001 - it has no other name


def _is_server(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "postgres"


async def _lock(connection: BaseDBAsyncClient) -> None:
    if _is_server(connection):
        await connection.execute_query_dict(f"SELECT pg_advisory_xact_lock({_LOCK})")
