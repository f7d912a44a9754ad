"""One outage has one thread, whichever process is killed or halted between Slack's word and the saving of it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import asyncpg
import httpx2
import pytest

from tests.databases import POSTGRES_URL
from tests.journeys.outages import Reporting, verify, watch
from tests.journeys.soaking import fresh_random, full, messages, say, telling, until, until_none_waits
from tests.journeys.story import Story
from tests.journeys.test_kills import AT_A_TIME, served_beside_sandbox
from tests.processes import Service

pytestmark = [pytest.mark.endurance, pytest.mark.processes]

MONITORS = full(40, ci=4)
RUNS_OF_MONITOR = full(50, ci=12)
KILLS = full(60, ci=3)
LONGEST_HALT = 1.5
PAST_ITS_LEASE = full(2, ci=0)
LEASE_SECONDS = 62.0
LEASES_END_SECONDS = 240.0
ANSWERED_AFTER = 5.0
"""Less than a call waits for, so that all that is posted twice is so because of a kill or a halt."""


async def test_an_outage_has_one_thread_whatever_is_killed_or_halted(database_url: str, tmp_path: Path) -> None:
    random = fresh_random()
    async with served_beside_sandbox(tmp_path, database_url=database_url) as service, telling(service) as story:
        worker = service.beside(name="worker")
        await worker.start_worker("--sandbox")
        try:
            watched = await watch(story, monitors=MONITORS)
            reporting = Reporting(story, watched, random)
            for number in range(KILLS):
                reporting.allow(RUNS_OF_MONITOR * (number + 1) // KILLS - RUNS_OF_MONITOR * number // KILLS)
                await strike(story, random.choice([service, worker]), random, number=number)
            await reporting.finish(watched, runs=RUNS_OF_MONITOR)
            deliveries = [delivery for monitor in watched for delivery in monitor.deliveries]
            statuses = await until_none_waits(story.admin, deliveries, seconds=LEASES_END_SECONDS)
            found = await verify(story, watched)
        finally:
            worker.kill()
    assert set(statuses.values()) <= {"DELIVERED", "SKIPPED"}
    assert found.twice <= KILLS * AT_A_TIME
    say(
        f"threads: {KILLS} kills and halts of two processes, {MONITORS} monitors, {len(deliveries)} runs, {found.outages} outages"
        f" with one parent each, {found.answers} answers in their threads, {found.twice} messages posted twice"
    )


async def strike(story: Story, victim: Service, random: Random, *, number: int) -> None:
    """Kill one of the processes at a step and start it again, or, every fourth time, let it stand still for a while."""
    is_halt = number % 4 == 3
    async with brought_to_a_step(story, random, number=number):
        if is_halt:
            victim.halt()
        else:
            victim.kill()
    if is_halt:
        is_long = number // 4 < PAST_ITS_LEASE
        await asyncio.sleep(LEASE_SECONDS if is_long else random.uniform(0, LONGEST_HALT))  # as a machine that sleeps
        victim.go_on()
    elif victim is story.service:
        await victim.start("--sandbox")
    else:
        await victim.start_worker("--sandbox")


@contextlib.asynccontextmanager
async def brought_to_a_step(story: Story, random: Random, *, number: int) -> AsyncIterator[None]:
    """Have the processes stand between Slack's word and the saving of it: before the word comes, or before it is saved.

    Or anywhere: every third time it is left to chance.
    """
    service = story.service
    before = len(await messages(service))
    match number % 3:
        case 0:
            await fault(service, fault="slow", when="after", seconds=ANSWERED_AFTER, times=4)
            await something_is_posted(service, before)
            yield
        case 1:
            async with saving_held(service):
                await something_is_posted(service, before)
                await asyncio.sleep(random.uniform(0, 0.05))  # between the answer and where it waits
                yield
        case _:
            await asyncio.sleep(random.uniform(0, 1.0))  # wherever they are by then
            yield


async def fault(service: Service, **wanted: object) -> None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        order = {"provider": "slack", "endpoint": "chat.postMessage", **wanted}
        answer = await client.post(f"{service.sandbox_url}/control/faults", json=order)
    assert answer.status_code == httpx2.codes.OK, answer.text


async def something_is_posted(service: Service, before: int) -> None:
    """Wait until Slack has taken another message; not for long, since there may be none to come."""

    async def is_posted() -> bool:
        return len(await messages(service)) > before

    with contextlib.suppress(TimeoutError):
        await until(is_posted, seconds=2)


@contextlib.asynccontextmanager
async def saving_held(service: Service) -> AsyncIterator[None]:
    """Keep what attempts come to from being saved."""
    if POSTGRES_URL:
        connection = await asyncpg.connect(service.database_url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE delivery_attempt IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()
        return
    path = service.database_url.removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as opened:
        opened.execute("BEGIN IMMEDIATE")
        yield
        opened.execute("ROLLBACK")
