"""PostgreSQL in trouble, for real: each call is right or says UNAVAILABLE, and all heals by itself."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

import app
from app.clock import SystemClock
from app.errors import DatabaseAway
from app.log.counters import Counter
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event, Events
from app.service.tables import MODELS
from app.storage import database
from app.storage.outages import BUSY, READ_ONLY, Patience
from app.storage.postgres import ServerClient
from tests import databases
from tests.faults.before_postgres import through_proxy
from tests.faults.proxy import BlackHole, HalfOpen
from tests.faults.undoing import undoing
from tests.storage.troubled import POOL, admin, count, fill_pool, look, opened

pytestmark = pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")

IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
END_ALL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def test_when_every_connection_was_terminated_the_next_calls_do_not_notice(database_url: str) -> None:
    async with opened(database_url), admin(database_url) as operator:
        await fill_pool()

        ended = await operator.fetchval(END_ALL)
        await asyncio.gather(*(database.write(count) for _ in range(POOL)), *(Counter.all().count() for _ in range(2 * POOL)))

        assert ended == POOL
        assert await Counter.all().count() == POOL


async def test_a_write_that_loses_its_connection_before_the_commit_is_run_again_and_done_once(database_url: str) -> None:
    tries = 0

    async with opened(database_url), admin(database_url) as operator:

        async def lose_it_at_first(connection: BaseDBAsyncClient) -> None:
            nonlocal tries
            tries += 1
            await count(connection)
            if tries == 1:
                await operator.fetchval(END_ALL)
            await count(connection)

        await database.write(lose_it_at_first)

        assert tries == 2
        assert await Counter.all().count() == 2


async def test_a_statement_that_reads_rows_with_all_that_they_refer_to_is_kept_prepared(database_url: str) -> None:
    columns = ", ".join(f"'{number:0>60}' AS column_{number}" for number in range(300))

    async def ask(connection: BaseDBAsyncClient) -> list[int]:
        await connection.execute_query_dict(f"SELECT {columns}")
        kept = await connection.execute_query_dict(
            "SELECT length(statement) AS length FROM pg_prepared_statements ORDER BY length"
        )
        return [row["length"] for row in kept]

    async with opened(database_url):
        lengths = await database.write(ask)

    assert lengths[-1] == len(f"SELECT {columns}")


@dataclass(frozen=True)
class Noted:
    subject_id: UUID

    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=self.subject_id, summary="Noted.")


async def note(change: Change) -> None:
    await change.record(Noted(uuid4()))


async def test_changes_that_the_server_undoes_are_made_once_numbered_without_a_gap_and_heard_of_once(database_url: str) -> None:
    team, woken = uuid4(), list[UUID]()
    events = Events(clock=SystemClock(), reactions={}, wake=woken.append)

    async with opened(database_url), undoing(database_url) as operator:
        await events.found(team, note)
        await asyncio.gather(*(events.change(team, note) for _ in range(6)))

        assert await operator.fetchval("SELECT last_value FROM undoing") >= 2 * 7
        assert [row.sequence for row in await Event.filter(team_id=team).order_by("sequence")] == list(range(1, 8))
        assert woken == [team] * 7


async def test_a_serialization_failure_is_run_again(database_url: str) -> None:
    team = uuid4()

    async with opened(database_url):

        async def found(_connection: BaseDBAsyncClient) -> None:
            await Counter.create(team_id=team, sequence=0)

        await database.write(found)
        met = Meeting(2)

        async def add(connection: BaseDBAsyncClient) -> None:
            await connection.execute_query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            counter = await Counter.get(team_id=team)
            await met.wait()
            await Counter.filter(team_id=team).update(sequence=counter.sequence + 1)

        await asyncio.gather(database.write(add), database.write(add))

        assert met.came == 3
        assert (await Counter.get(team_id=team)).sequence == 2


async def test_a_deadlock_is_run_again_for_whom_the_server_chose(database_url: str) -> None:
    first, second = uuid4(), uuid4()

    async with opened(database_url, Patience(lock=5.0)):

        async def found(_connection: BaseDBAsyncClient) -> None:
            for team in (first, second):
                await Counter.create(team_id=team, sequence=0)

        await database.write(found)
        met = Meeting(2)

        def adding(*teams: UUID) -> Callable[[BaseDBAsyncClient], Awaitable[None]]:
            async def add(_connection: BaseDBAsyncClient) -> None:
                for team in teams:
                    counter = await Counter.filter(team_id=team).select_for_update().get()
                    await Counter.filter(team_id=team).update(sequence=counter.sequence + 1)
                    await met.wait()

            return add

        await asyncio.gather(database.write(adding(first, second)), database.write(adding(second, first)))

        assert [row.sequence for row in await Counter.all()] == [2, 2]
        assert met.came > 2 * 2  # one of them came again


class Meeting:
    """Lets nobody on until so many have come; whoever comes later is let on at once."""

    def __init__(self, number: int) -> None:
        self.came = 0
        self._number = number
        self._all_there = asyncio.Event()

    async def wait(self) -> None:
        self.came += 1
        if self.came >= self._number:
            self._all_there.set()
        await self._all_there.wait()


async def test_a_transaction_in_which_a_halted_process_stands_is_ended_by_the_server_and_run_again(database_url: str) -> None:
    team, tries = uuid4(), 0
    stands, ended = asyncio.Event(), asyncio.Event()

    async with opened(database_url), admin(database_url) as operator:

        async def halt_at_first(_connection: BaseDBAsyncClient) -> None:
            nonlocal tries
            tries += 1
            await Counter.create(team_id=team, sequence=0)
            if tries == 1:
                stands.set()
                await ended.wait()

        writing = asyncio.create_task(database.write(halt_at_first))
        await stands.wait()
        assert await operator.fetchval(IDLE) == 1
        while await operator.fetchval(IDLE) != 0:
            assert not writing.done()
        ended.set()
        await writing

        assert tries == 2
        assert await Counter.all().count() == 1


async def test_a_lock_that_somebody_keeps_is_waited_for_only_so_long(database_url: str) -> None:
    async with opened(database_url), admin(database_url) as operator:
        async with operator.transaction():
            await operator.execute("LOCK TABLE counter")
            with pytest.raises(DatabaseAway) as refused:
                await database.write(count)
        await database.write(count)

        assert refused.value.message == BUSY
        assert refused.value.fault.startswith("55P03")
        assert await Counter.all().count() == 1


async def test_a_team_whose_lock_somebody_keeps_holds_up_no_other_team(database_url: str) -> None:
    held, free = uuid4(), uuid4()
    events = Events(clock=SystemClock(), reactions={}, wake=lambda _: None)

    async with opened(database_url, Patience(connection=0.5)), admin(database_url) as operator:
        for team in (held, free):
            await events.found(team, note)
        async with operator.transaction():
            await operator.execute("SELECT * FROM counter WHERE team_id = $1 FOR UPDATE", held)
            waiting = [asyncio.create_task(events.change(held, note)) for _ in range(3 * POOL)]
            for _ in range(POOL):
                await events.change(free, note)
                await look()
            assert not any(task.done() for task in waiting)
        await asyncio.gather(*waiting)

        assert await Event.filter(team_id=held).count() == 1 + 3 * POOL
        assert await Event.filter(team_id=free).count() == 1 + POOL


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database_url: str) -> None:
    async with opened(database_url):
        with pytest.raises(DatabaseAway) as refused:
            await database.current().execute_query_dict("SELECT pg_sleep(30)")

        assert refused.value.fault.startswith("57014")
        assert await Counter.all().count() == 0


async def test_an_exhausted_pool_refuses_in_time_and_loses_no_connection_to_those_who_went_away(database_url: str) -> None:
    go_on = asyncio.Event()
    began = Meeting(POOL)

    async def hold(_connection: BaseDBAsyncClient) -> None:
        await began.wait()
        await go_on.wait()

    async with opened(database_url, Patience(place=0.3)):
        holding = [asyncio.create_task(database.write(hold)) for _ in range(POOL)]
        await began.wait()
        with pytest.raises(DatabaseAway) as refused:
            await Counter.all().count()
        waiting = [asyncio.create_task(look()) for _ in range(3 * POOL)]
        await asyncio.sleep(0)  # they stand in the queue now
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        go_on.set()
        await asyncio.gather(*holding)
        await fill_pool()

        assert refused.value.message == BUSY


async def test_reads_cancelled_at_any_moment_lose_no_connection(database_url: str) -> None:
    async with opened(database_url, Patience(connection=2.0)):
        tasks = [asyncio.create_task(look()) for _ in range(80)]
        for at, task in enumerate(tasks):
            asyncio.get_running_loop().call_later(at * 0.001, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)

        await fill_pool()


async def test_a_network_that_swallows_everything_is_given_up_in_time_and_used_again_when_it_is_back(database_url: str) -> None:
    async with through_proxy(database_url) as (proxy, url), opened(url):
        await fill_pool()
        proxy.impose(BlackHole())
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(
                *(Counter.all().count() for _ in range(POOL)), database.write(count), return_exceptions=True
            )
        proxy.heal()

        await database.write(count)
        assert {type(outcome) for outcome in outcomes} == {DatabaseAway}
        assert await Counter.all().count() == 1


async def test_connections_whose_other_side_is_gone_are_replaced_at_once_by_the_first_that_finds_out(database_url: str) -> None:
    async with through_proxy(database_url) as (proxy, url), opened(url):
        await fill_pool()
        proxy.impose(HalfOpen())
        proxy.heal()

        await asyncio.gather(*(database.write(count) for _ in range(POOL)))
        assert await Counter.all().count() == POOL


async def test_a_server_that_takes_no_changes_refuses_them_and_takes_them_again_once_it_does(database_url: str) -> None:
    name = urlsplit(database_url).path.strip("/")
    async with opened(database_url), admin(database_url) as operator:
        await operator.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            await fill_pool()
            with pytest.raises(DatabaseAway) as refused:
                await database.write(count)
            seen = await Counter.all().count()
        finally:
            await operator.execute("SET default_transaction_read_only = off")
            await operator.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await database.write(count)

        assert (refused.value.message, seen) == (READ_ONLY, 0)
        assert await Counter.all().count() == 1


WHAT_IS_LEFT = """
SELECT current_setting('statement_timeout') AS statement, current_setting('application_name') AS name,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
  (SELECT count(*) FROM pg_listening_channels()) AS channels, (SELECT count(*) FROM pg_cursors) AS cursors,
  (SELECT count(*) FROM pg_class WHERE relpersistence = 't') AS temporary, pg_backend_pid() AS process"""
OURS = re.compile(r"[\"';]SET\s+(?!LOCAL\b)\w+|\b(?:LISTEN|CREATE TEMP\w*|WITH HOLD|pg_advisory_lock)\b")


async def test_of_a_connection_that_is_given_back_nothing_is_reset_and_nothing_is_left_on_it(database_url: str) -> None:
    async with one_connection(database_url), admin(database_url) as operator:
        before = await left()

        async def use(connection: BaseDBAsyncClient) -> None:
            await connection.execute_query("SET LOCAL statement_timeout = 1234")
            await connection.execute_query("SELECT pg_advisory_xact_lock(77)")
            await connection.execute_query("DECLARE reading CURSOR FOR SELECT 1")
            await count(connection)

        await database.write(use)
        last = await operator.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", before["process"])

        assert await left() == before
        assert last == "COMMIT;"


async def test_a_transaction_that_failed_or_was_left_open_is_not_handed_to_the_next(database_url: str) -> None:
    async with one_connection(database_url):
        before = await left()

        async def fail(connection: BaseDBAsyncClient) -> None:
            await count(connection)
            await connection.execute_query("SET LOCAL statement_timeout = 1234")
            raise LookupError

        with pytest.raises(LookupError):
            await database.write(fail)
        client = database.current()
        assert isinstance(client, ServerClient)
        loaned = await client.borrow()
        await loaned.execute("BEGIN; SET LOCAL statement_timeout = 1234")
        await client.give_back(loaned)

        assert await left() == before
        assert await Counter.all().count() == 0


def test_no_statement_of_ours_sets_what_outlasts_its_transaction() -> None:
    said = {path.name: OURS.findall(path.read_text()) for path in (Path(app.__file__).parent).rglob("*.py")}

    assert {name: found for name, found in said.items() if found} == {}


@asynccontextmanager
async def one_connection(url: str) -> AsyncIterator[None]:
    await database.connect(url, models=MODELS, connections=1)
    try:
        yield
    finally:
        await database.close()


async def left() -> dict[str, object]:
    [row] = await database.current().execute_query_dict(WHAT_IS_LEFT)
    return dict(row)
