"""Roles with few rights, databases that are not there or not fit: each is one line that says what to do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.service.tables import MIGRATIONS, MODELS
from app.storage import upgrade
from tests.faults.pgbouncer import execute
from tests.faults.postgres import PostgresServer, postgres_server
from tests.processes import Service, serving

pytestmark = pytest.mark.processes

NAME = "INSTALLED_APPS_DATABASE_URL"
ROWS = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    async with postgres_server(tmp_path) as running:
        await execute(
            running.url(), "CREATE ROLE app LOGIN", "CREATE ROLE owner LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        )
        yield running


def as_app(server: PostgresServer, database: str = "postgres") -> str:
    return server.url(database).replace("postgres@", "app@")


async def said(tmp_path: Path, url: str, *command: str) -> tuple[int, str]:
    """Run a command and return its exit code, and what it says of the database."""
    service = Service(folder=tmp_path, database_url=url)
    port = ("--port", str(service.port)) if "serve" in command else ()
    answer = await asyncio.to_thread(service.attempt, *command, *port)
    [*_, line] = [line for line in (answer.stdout + answer.stderr).splitlines() if NAME in line] or [
        answer.stdout + answer.stderr
    ]
    return answer.returncode, line


async def test_rights_on_rows_are_enough_to_serve_check_and_migrate_what_is_up_to_date(
    server: PostgresServer, tmp_path: Path
) -> None:
    await upgrade.migrate(server.url(), models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))
    await execute(server.url(), ROWS)

    async with serving(tmp_path, database_url=as_app(server)) as service:
        checked = await asyncio.to_thread(service.attempt, "check")
        made = service.run("team", "create", "Acme", "--admin-name", "Ada", "--admin-email", "ada@example.com")
    migrated = await said(tmp_path, as_app(server), "migrate")

    assert "ok       database and keyring: open, migrated, every key there" in checked.stdout
    assert made
    assert migrated[0] == 0


async def test_a_role_without_its_rows_is_told_the_grant(server: PostgresServer, tmp_path: Path) -> None:
    await upgrade.migrate(server.url(), models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))

    code, line = await said(tmp_path, as_app(server), "migrate")
    await execute(server.url(), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app")
    served = await said(tmp_path, as_app(server), "serve")

    message = (
        f"{NAME}: the role app may not read and write every table: let the database's operator run: GRANT USAGE ON SCHEMA public "
        f"TO app; {ROWS};"
    )
    assert (code, line) == (78, message)
    assert served == (78, message)


async def test_a_role_that_may_not_make_tables_is_told_the_grant_where_a_migration_is_due(
    server: PostgresServer, tmp_path: Path
) -> None:
    blank = await said(tmp_path, as_app(server), "migrate")
    await execute(server.url(), "GRANT CREATE ON SCHEMA public TO app, owner")
    made = await said(tmp_path, as_app(server).replace("app@", "owner@"), "migrate")
    await execute(
        server.url().replace("postgres@", "owner@"),
        f"{ROWS}",
        "DELETE FROM tortoise_migrations WHERE id = (SELECT max(id) FROM tortoise_migrations)",
    )
    older = await said(tmp_path, as_app(server), "serve")

    message = (
        f"{NAME}: a migration is due, and the role app may not make it: run `migrate` as the role to which the tables belong, or "
        "first let the database's operator run: "
    )
    assert blank == (78, f"{message}GRANT USAGE, CREATE ON SCHEMA public TO app;")
    assert made[0] == 0
    assert older == (78, f"{message}GRANT owner TO app;")


@pytest.mark.parametrize("command", ["migrate", "serve", "check"])
async def test_a_database_that_is_not_there_is_named_with_how_to_make_it(
    server: PostgresServer, tmp_path: Path, command: str
) -> None:
    code, line = await said(tmp_path, server.url("apps%22x"), command)

    assert code == (1 if command == "check" else 78)
    assert line.removeprefix("PROBLEM  ") == (
        f'{NAME}: the server has no database "apps""x": mend its name, or make it: '
        'CREATE DATABASE "apps""x" ENCODING \'UTF8\' TEMPLATE template0;'
    )


async def test_an_encoding_other_than_utf8_is_refused_at_the_start(server: PostgresServer, tmp_path: Path) -> None:
    await execute(server.url(), "CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")

    answer = await said(tmp_path, server.url("old"), "serve")

    message = f'{NAME}: the database "old" has the encoding LATIN1: make another one, with UTF8: CREATE DATABASE "old" '
    assert answer == (78, f"{message}ENCODING 'UTF8' TEMPLATE template0;")
