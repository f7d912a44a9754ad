"""pgbouncer in front of PostgreSQL: the service works behind it in each mode that has transactions, and says so of the other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import ConfigurationError, DatabaseAway
from app.log.counters import Counter
from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, upgrade
from app.storage.outages import BUSY, Patience
from tests import databases
from tests.faults.pgbouncer import pgbouncer
from tests.faults.postgres import PostgresServer, postgres_server
from tests.processes import serving
from tests.storage.troubled import admin, count

pytestmark = pytest.mark.processes

CROWD = 40
BOUNDS = """
SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
  current_setting('idle_in_transaction_session_timeout') AS idle"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    async with postgres_server(tmp_path) as running:
        yield running


async def migrate(url: str) -> None:
    await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))


@dataclass(frozen=True)
class Way:
    mode: str
    options: dict[str, str]


WAYS = [
    Way("session", {}),
    Way("transaction", {}),
    Way(
        "transaction",
        {
            "ignore_startup_parameters": "statement_timeout,lock_timeout,idle_in_transaction_session_timeout,"
            "tcp_keepalives_idle,tcp_keepalives_interval,tcp_keepalives_count,tcp_user_timeout"
        },
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=["session", "transaction", "transaction, settings ignored"])
async def test_behind_a_pooler_all_is_migrated_written_and_read_by_a_crowd(server: PostgresServer, way: Way) -> None:
    async with pgbouncer(server, mode=way.mode, options={**way.options, "default_pool_size": "10"}) as pooler:
        await migrate(pooler.url())
        async with databases.opened(pooler.url()):
            await asyncio.gather(*(database.write(count) for _ in range(CROWD)), *(Counter.all().count() for _ in range(CROWD)))
            await database.write(
                lambda connection: Counter.bulk_create(
                    [Counter(team_id=uuid4(), sequence=0) for _ in range(3)], using_db=connection
                )
            )

            assert await Counter.all().count() == CROWD + 3


async def test_behind_a_pooler_a_transaction_is_bounded_and_leaves_nothing_on_its_connection(server: PostgresServer) -> None:
    async with pgbouncer(server, mode="transaction", options={"default_pool_size": "1"}) as pooler:
        await migrate(pooler.url())
        async with databases.opened(pooler.url(), patience=Patience(statement=7.0, lock=3.0, idle=4.0)):

            async def look(connection: BaseDBAsyncClient) -> dict[str, str]:
                [row] = await connection.execute_query_dict(BOUNDS)
                return dict(row)

            inside = await database.write(look)
            outside = await look(database.current())
            [names] = await database.current().execute_query_dict("SELECT count(*) AS number FROM pg_prepared_statements")

    assert inside == {"statement": "7s", "lock": "3s", "idle": "4s"}
    assert outside == {"statement": "0", "lock": "0", "idle": "0"}
    assert names == {"number": 0}


async def test_who_finds_every_connection_of_the_pooler_taken_waits_for_one(server: PostgresServer) -> None:
    async with pgbouncer(server, mode="transaction", options={"default_pool_size": "1"}) as pooler:
        await migrate(pooler.url())
        async with databases.opened(pooler.url()):
            await asyncio.gather(*(database.write(count) for _ in range(CROWD)))

            assert await Counter.all().count() == CROWD


async def test_a_pooler_that_takes_no_more_is_busy_and_not_away(server: PostgresServer) -> None:
    async with (
        pgbouncer(server, mode="transaction", options={"max_client_conn": "1"}) as pooler,
        admin(pooler.url()),
        databases.opened(pooler.url()),
    ):
        with pytest.raises(DatabaseAway) as refused:
            await database.current().execute_query("SELECT 1")

    assert refused.value.message == BUSY


async def test_a_pooler_of_statements_is_refused_in_words(server: PostgresServer) -> None:
    async with pgbouncer(server, mode="statement") as pooler:
        with pytest.raises(ConfigurationError) as refused:
            await migrate(pooler.url())

    assert refused.value.message == (
        "INSTALLED_APPS_DATABASE_URL: the pooler there pools single statements: set its pool_mode to transaction or session."
    )


async def test_the_service_itself_starts_and_checks_itself_behind_a_pooler_of_transactions(
    server: PostgresServer, tmp_path: Path
) -> None:
    async with (
        pgbouncer(server, mode="transaction") as pooler,
        serving(tmp_path, database_url=pooler.url()) as service,
    ):
        said = await asyncio.to_thread(service.attempt, "check")

    assert "ok       database and keyring: open, migrated, every key there" in said.stdout


async def test_who_waits_for_a_connection_of_the_process_waits_as_long_as_there_is_time(server: PostgresServer) -> None:
    await migrate(server.url())
    await database.connect(server.url(), models=MODELS, patience=Patience(connection=0.2, place=10.0), connections=1)
    try:

        async def hold(connection: BaseDBAsyncClient) -> None:
            await connection.execute_query("SELECT pg_sleep(0.5)")

        holding = [asyncio.create_task(database.write(hold)) for _ in range(2)]
        read = await Counter.all().count()
        await asyncio.gather(*holding)
    finally:
        await database.close()

    assert read == 0
