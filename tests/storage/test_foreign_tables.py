"""A database that another application uses: no table is made over its own, and the operator is told of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.service.tables import MIGRATIONS, MODELS
from app.storage import upgrade
from tests import databases
from tests.journeys.statements import run_statement


@pytest.fixture
async def blank(tmp_path: Path) -> AsyncIterator[str]:
    async with databases.blank(tmp_path) as url:
        yield url


async def migrate(url: str) -> list[str]:
    said: list[str] = []
    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC), say=said.append)
    return said


async def test_a_table_of_another_application_with_a_name_of_ours_stops_the_first_migration(blank: str) -> None:
    await run_statement(blank, "CREATE TABLE team (name text)")
    await run_statement(blank, "CREATE TABLE customers (name text)")

    with pytest.raises(ConfigurationError) as refused:
        await migrate(blank)

    assert refused.value.message == (
        "INSTALLED_APPS_DATABASE_URL: another application has tables there (team): name a database that is this service's own."
    )
    with pytest.raises(ConfigurationError):
        await migrate(blank)  # nothing was made


async def test_other_tables_are_told_of_once(blank: str) -> None:
    for number in range(7):
        await run_statement(blank, f"CREATE TABLE customers_{number} (name text)")

    first, second = await migrate(blank), await migrate(blank)

    named = ", ".join(f"customers_{number}" for number in range(5))
    assert first == [f"The database has tables of another application ({named} and 2 more): one of its own would be better."]
    assert second == []


async def test_of_a_database_of_its_own_nothing_is_said(blank: str) -> None:
    assert await migrate(blank) == []
