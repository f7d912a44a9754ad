"""A PostgreSQL of the test's own is stopped hard, restarted and filled up under calls: every answer is true, and all heals."""

import asyncio
import contextlib
import gc
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import DatabaseAway, OutcomeUnknown
from app.log.counters import Counter
from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, upgrade
from app.storage.outages import FULL, Patience
from tests import databases
from tests.faults.disk import fill, small_disk, write_until_refused
from tests.faults.postgres import PostgresServer, postgres_server
from tests.journeys.soaking import full, say

pytestmark = pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")

ROUNDS = full(20, ci=2)
WRITERS = 8
HURRIED = Patience(connection=1.0, statement=2.0, pauses=(0.05, 0.1, 0.2, 0.2), tries=0.6)
"""Gives up within a second, so that refusals are met too."""


@asynccontextmanager
async def own_server(folder: Path) -> AsyncIterator[PostgresServer]:
    async with postgres_server(folder) as server:
        await upgrade.migrate(server.url(), models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))
        async with databases.opened(server.url(), patience=HURRIED):
            yield server


@dataclass
class Heard:
    """What clients were told of each write, by what it was to leave behind."""

    done: set[UUID] = field(default_factory=set)
    refused: set[UUID] = field(default_factory=set)
    unknown: set[UUID] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def write_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            mark = uuid4()
            try:
                await database.write(partial(leave, mark))
            except OutcomeUnknown:
                self.unknown.add(mark)
            except DatabaseAway:
                self.refused.add(mark)
            else:
                self.done.add(mark)
            self._news.set()

    async def until_more(self) -> None:
        """Return once writes that begin from now on are acknowledged."""
        enough = len(self.done) + 2 * WRITERS
        await self._until(lambda: len(self.done) >= enough)

    async def until_refused(self) -> None:
        """Return once every writer has been refused, or left in doubt."""
        enough = len(self.refused) + len(self.unknown) + WRITERS
        await self._until(lambda: len(self.refused) + len(self.unknown) >= enough)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                self._news.clear()
                await self._news.wait()


async def leave(mark: UUID, _connection: BaseDBAsyncClient) -> None:
    await Counter.create(team_id=mark, sequence=0)


async def read_until(over: asyncio.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(DatabaseAway):
            await Counter.all().count()


# Seldom, on a busy machine, sockets to the server that went are left to the garbage collector: here it has them before the end.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.endurance
async def test_what_was_acknowledged_is_there_and_what_was_refused_is_not_through_restarts_of_the_server(tmp_path: Path) -> None:
    heard, over = Heard(), asyncio.Event()
    recoveries: list[float] = []

    async with own_server(tmp_path) as server:
        clients = [asyncio.create_task(heard.write_until(over)) for _ in range(WRITERS)]
        clients.append(asyncio.create_task(read_until(over)))
        for _ in range(ROUNDS):
            for is_hard in (True, False):
                await heard.until_more()
                if is_hard:
                    await server.stop_hard()
                    await heard.until_refused()
                    await server.start()
                else:
                    await server.restart()
                back = time.monotonic()
                await heard.until_more()
                recoveries.append(time.monotonic() - back)
        over.set()
        await asyncio.gather(*clients)
        kept = {row.team_id for row in await Counter.all()}

    say(
        f"restarts: {len(recoveries)}, slowest return {max(recoveries):.2f} s; "
        f"acknowledged {len(heard.done)}, refused {len(heard.refused)}, unknown {len(heard.unknown)}"
    )
    assert heard.done <= kept
    assert heard.refused.isdisjoint(kept)
    assert max(recoveries) < 5
    gc.collect()


@pytest.mark.endurance
async def test_a_full_disk_refuses_writes_answers_reads_and_takes_writes_once_it_has_room(tmp_path: Path) -> None:
    async def write(connection: BaseDBAsyncClient) -> None:
        await leave(uuid4(), connection)

    with small_disk(Path(f"/tmp/{uuid4().hex}")) as disk:  # noqa: S108 - where the server's own user can reach it
        async with own_server(tmp_path) as server:
            shutil.chown(disk, "postgres")
            operator = await asyncpg.connect(server.url())
            await operator.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
            await operator.execute("ALTER TABLE counter SET TABLESPACE small")
            await operator.execute("ALTER INDEX counter_pkey SET TABLESPACE small")
            await operator.close()
            await database.write(write)
            fill(disk / "filler")

            acknowledged, refusal = await write_until_refused(write)
            kept = await Counter.all().count()
            (disk / "filler").unlink()
            await database.write(write)

            assert (refusal.message, refusal.fault.split()[0]) == (FULL, "53100")
            assert kept == 1 + acknowledged
            assert await Counter.all().count() == kept + 1
