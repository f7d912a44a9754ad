"""What the models have and the migrations do not: written as the next migration by `python -m tests.migrations NAME`."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.writer import MigrationWriter
from tortoise.transactions import in_transaction

import app.migrations
from app.storage import database
from app.tables import MIGRATIONS, MODELS


async def missing() -> Sequence[MigrationWriter]:
    config = database.configuration("sqlite:///:memory:", models=MODELS, migrations=MIGRATIONS)
    async with TortoiseContext() as context:
        await context.init(config=config)
        if context.apps is None:
            return ()
        for model in context.apps["models"].values():
            # A docstring is no part of a table; as a comment in SQL it would also end statements at its semicolons.
            model._meta.table_description = ""  # noqa: SLF001 - it has no other name
        return await MigrationAutodetector(context.apps, config["apps"]).changes()


def versions() -> list[str]:
    """Return the names of all migrations, the first one first: each of them was a version of the service."""
    return sorted(path.stem for path in Path(app.migrations.__file__).parent.glob("[0-9]*.py"))


async def make(url: str, version: str) -> None:
    """Make the database that a version made."""
    config = database.configuration(url, models=MODELS, migrations=MIGRATIONS)
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction() as connection:
            executor = MigrationExecutor(connection, config["apps"])
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001 - as the service does
            await executor.migrate([MigrationTarget("models", version)])


def main(name: str) -> None:
    for writer in asyncio.run(missing()):
        writer.name = f"{writer.name.split('_', 1)[0]}_{name}"
        sys.stdout.write(f"{writer.write()}\n")


if __name__ == "__main__":
    main(sys.argv[1])
