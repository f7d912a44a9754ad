"""What the models have and the migrations do not: written as the next migration by `python -m tests.migrations NAME`."""

import ast
import asyncio
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.fields import CharField, Field
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.writer import MigrationWriter
from tortoise.transactions import in_transaction

import app.migrations
from app.service.tables import MIGRATIONS, MODELS
from app.storage import database


async def missing(*, migrations: str = MIGRATIONS) -> Sequence[MigrationWriter]:
    config = database.configuration("sqlite:///never-opened", models=MODELS, migrations=migrations)
    async with TortoiseContext() as context:
        await context.init(config=config)
        return await _Autodetector(context.apps, config["apps"]).changes() if context.apps is not None else ()


def write(writer: MigrationWriter) -> Path:
    """Write the migration. Exits where it would import the service: it would change with it."""
    imported = imports_of_service(writer.as_string())
    if imported:
        sys.exit(f"The migration would import {', '.join(imported)}: give the column a plain field and a plain default.")
    return writer.write()


def imports_of_service(text: str) -> list[str]:
    """Return the modules of the service, and the modules beside itself, that a module's text imports anywhere."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add("." * node.level + (node.module or ""))
    return sorted(name for name in imported if name.partition(".")[0] in {"app", ""})


class _Autodetector(MigrationAutodetector):
    """Sees the models as a migration writes them down: with literals, so that no later change of the service changes it."""

    def _current_state(self) -> State:
        state = super()._current_state()
        for model in state.models.values():
            # A docstring is no part of a table; as a comment in SQL it would also end statements at its semicolons.
            model.description = ""
            model.options.pop("table_description", None)
            model.fields = {name: _plain(field) for name, field in model.fields.items()}
        return state


def _plain(field: Field[Any]) -> Field[Any]:
    """Return the same column, without the service's enum where it has one, and with the text of a default of it."""
    if not isinstance(field, CharEnumFieldInstance):
        return field
    _, _, keywords = field.deconstruct()
    del keywords["enum_type"]
    if isinstance(keywords.get("default"), Enum):
        keywords["default"] = keywords["default"].value
    return CharField(**keywords)


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
        sys.stdout.write(f"{write(writer)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
