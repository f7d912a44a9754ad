"""A COMMIT that is cut off, for real: it is looked up whether it took place, and never made twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.errors import OutcomeUnknown
from app.log.counters import Counter
from app.storage import database
from app.storage.outages import UNKNOWN, Patience
from tests import databases
from tests.faults.before_postgres import through_proxy
from tests.faults.proxy import HalfOpen, Refuse
from tests.storage.troubled import admin, count, opened

pytestmark = pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")

GATE = 77
CLOSE_GATE = f"""
CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER wait_at_gate AFTER INSERT ON counter DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
SELECT pg_advisory_lock({GATE})"""
OPEN_GATE = f"SELECT pg_advisory_unlock({GATE})"
AT_GATE = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
IN_COMMIT = Patience(connection=0.5, statement=1.0, lock=10.0, pauses=(0.05, 0.2, 0.4, 0.8, 0.8))


@asynccontextmanager
async def gate(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Let no COMMIT through that made a counter, until `OPEN_GATE` is executed on the connection that this yields."""
    async with admin(url) as operator:
        await operator.execute(CLOSE_GATE)
        try:
            yield operator
        finally:
            await operator.execute("SELECT pg_advisory_unlock_all(); DROP FUNCTION wait_at_gate CASCADE")


async def someone_at(operator: asyncpg.Connection) -> None:
    while await operator.fetchval(AT_GATE) == 0:
        pass


async def test_a_commit_whose_connection_breaks_is_looked_up_and_run_again_where_it_was_undone(database_url: str) -> None:
    async with through_proxy(database_url) as (proxy, url), opened(url, IN_COMMIT), gate(database_url) as operator:
        writing = asyncio.create_task(database.write(count))
        await someone_at(operator)

        proxy.cut()
        await operator.execute(OPEN_GATE)
        await writing

        assert await Counter.all().count() == 1


async def test_a_commit_whose_answer_is_lost_is_looked_up_and_not_made_again(database_url: str) -> None:
    tries = 0

    async def count_tries(connection: BaseDBAsyncClient) -> None:
        nonlocal tries
        tries += 1
        await count(connection)

    async with through_proxy(database_url) as (proxy, url), opened(url, IN_COMMIT), gate(database_url) as operator:
        writing = asyncio.create_task(database.write(count_tries))
        await someone_at(operator)

        proxy.impose(HalfOpen())
        await operator.execute(OPEN_GATE)
        proxy.heal()
        await writing

        assert tries == 1
        assert await Counter.all().count() == 1


async def test_a_commit_that_nobody_can_be_asked_about_may_have_been_done(database_url: str) -> None:
    async with through_proxy(database_url) as (proxy, url), opened(url, IN_COMMIT), gate(database_url) as operator:
        writing = asyncio.create_task(database.write(count))
        await someone_at(operator)

        proxy.impose(HalfOpen())
        await operator.execute(OPEN_GATE)
        proxy.impose(Refuse())
        with pytest.raises(OutcomeUnknown) as unknown:
            await writing
        proxy.heal()

        assert unknown.value.message == UNKNOWN
        assert await Counter.all().count() == 1


async def test_a_rule_that_is_broken_only_at_the_commit_is_no_outage(database_url: str) -> None:
    async with opened(database_url), admin(database_url) as operator:
        await operator.execute(
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation'; END $$;
            CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON counter DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse()"""
        )
        with pytest.raises(IntegrityError):
            await database.write(count)
        await operator.execute("DROP FUNCTION refuse CASCADE")
        await database.write(count)

        assert await Counter.all().count() == 1
