"""What the checker has found in the service, each as small as it can be shown."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app import database
from app.events import Counter
from app.tables import MODELS
from tests.databases import POSTGRES_URL

_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_UNTIL_HEARD_OF = 0.2


@pytest.mark.skipif(not POSTGRES_URL, reason="this run is SQLite's")
async def test_a_write_whose_connection_the_pool_has_seen_end_is_run_again(database_url: str) -> None:
    tries = 0
    operator = await asyncpg.connect(database_url)
    await database.connect(database_url, models=MODELS)

    async def count(connection: BaseDBAsyncClient) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await operator.fetch(_END_ALL)
            await asyncio.sleep(_UNTIL_HEARD_OF)
        await Counter.create(using_db=connection, team_id=uuid4(), sequence=0)

    try:
        await database.write(count)

        assert (tries, await Counter.all().count()) == (2, 1)
    finally:
        await database.close()
        await operator.close()
