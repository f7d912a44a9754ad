"""What the checker has found in the service, each as small as it can be shown."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.graphql.context import Context
from app.graphql.errors import present
from app.log.counters import Counter
from app.log.events import Events
from app.monitors.models import MonitorRun
from app.service.schema import build_schema
from app.service.tables import MODELS
from app.storage import database
from app.storage.outages import UNKNOWN, Patience
from tests.databases import POSTGRES_URL
from tests.deliveries.world import make_world
from tests.held import HeldClock
from tests.journeys.test_burst import run_of

_END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_UNTIL_HEARD_OF = 0.2


pytestmark = pytest.mark.skipif(not POSTGRES_URL, reason="this run is SQLite's")


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


@pytest.mark.parametrize(("shown", "table"), [("notice", "integration"), ("run { monitor { key } }", "monitor")])
async def test_a_run_that_was_recorded_and_cannot_be_shown_is_not_said_to_be_unsaved(
    database_url: str, tmp_path: Path, clock: HeldClock, shown: str, table: str
) -> None:
    operator = await asyncpg.connect(database_url)
    await database.connect(database_url, models=MODELS, patience=Patience(lock=0.2))
    try:
        async with make_world(folder=tmp_path, clock=clock) as world:
            events = cast(Events, LockedOnceSaved(world.services.events, operator, table))
            context = Context(caller=world.caller, services=replace(world.services, events=events), request_id="a test's")

            answer = await build_schema().execute(
                f"mutation ($input: RecordMonitorRunInput!) {{ recordMonitorRun(input: $input) {{ {shown} }} }}",
                variable_values={"input": run_of("checkout", "1", "PASSED")},
                context_value=context,
            )

            [error] = present(answer, request_id="a test's")["errors"]
            assert (error["extensions"]["code"], error["message"]) == ("UNAVAILABLE", UNKNOWN)
            assert await MonitorRun.all().count() == 1
    finally:
        await operator.close()
        await database.close()


@dataclass
class LockedOnceSaved:
    """Makes changes; an operator keeps everybody from the table as soon as one is made."""

    events: Events
    operator: asyncpg.Connection
    table: str

    async def join(self, *asked: Any, **how: Any) -> Any:
        answer = await self.events.join(*asked, **how)
        await self.operator.execute(f"BEGIN; LOCK TABLE {self.table} IN ACCESS EXCLUSIVE MODE")
        return answer
