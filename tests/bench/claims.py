"""How long a worker takes to claim what is due, beside 300,000 other deliveries that are."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.deliveries.jobs import POSTS
from app.deliveries.leases import take_due
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.models import Integration
from app.monitors.models import Monitor
from app.storage import database as storage
from app.storage.slots import Slots
from tests import databases
from tests.bench.figures import Report, Series
from tests.bench.rows import MONITOR, PATIENT, filled
from tests.journeys.soaking import say

_ROUNDS = 20
"""Each takes 24 of the 500 that nothing goes before."""

_FOR_EACH = 600
_AT_ONCE = 20
_NEW_ID = "gen_random_uuid()"
_NEW_TEXT = "lower(printf('%s-%s-4000-8000-%s', hex(randomblob(4)), hex(randomblob(2)), hex(randomblob(6))))"
_RUNS = """
INSERT INTO monitor_run (id, team_id, monitor_id, position, run_id, outcome, started_at, duration_ms, request_count, test_count,
  failed_test_count, error_count, failures_json, recorded_at)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})
SELECT {id}, monitor.team_id, monitor.id, 1000 + n, 'more-' || n, 'PASSED', '{at}', 1, 1, 1, 0, 0, '[]', '{at}'
FROM monitor CROSS JOIN numbers WHERE monitor.key = '{monitor}'"""
_DUE = """
INSERT INTO delivery (id, team_id, integration_id, run_id, position, occasion, status, attempt_count, next_attempt_at, held_back,
  created_at)
SELECT {id}, integration.team_id, integration.id, run.id, run.position, 'RUN', 'PENDING', 0, '{at}', run.position > 1001, '{at}'
FROM integration CROSS JOIN monitor_run AS run
WHERE run.position > {begin} AND run.position <= {end} AND integration.installed_app_id IN (
  SELECT app.id FROM installed_app AS app JOIN team ON team.id = app.team_id WHERE team.name = 'Team of 100')"""


async def measure(report: Report, *, folder: Path, server: str, database: str) -> None:
    """Claim again and again what a database of 500 integrations, each with 600 deliveries that are due, has."""
    async with filled(folder, server=server) as (url, _), databases.opened(url, patience=PATIENT):
        await _pile_up(new_id=_NEW_ID if server else _NEW_TEXT)
        if server:
            await storage.current().execute_query("ANALYZE delivery")
        took, leased = [], 0
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            taken = await take_due(owner=uuid4(), now=datetime.now(UTC), room=Slots(POSTS).room())
            took.append((time.perf_counter() - begun) * 1000)
            leased += len(taken.leases)
    told = f"{Series(took).told(1)} ms for {leased // _ROUNDS}"
    say(f"{database}: a claim beside 300,000: {told}")
    report.add("a claim beside 300,000 due deliveries", database=database, measured=told, goal="under 10 ms")


async def _pile_up(*, new_id: str) -> None:
    """Have each integration of the largest team wait for as many runs, the first of each being due."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    await storage.write(_add_posts)
    await _execute(_RUNS.format(id=new_id, at=at, most=_FOR_EACH, monitor=MONITOR))
    for begin in range(1000, 1000 + _FOR_EACH, _AT_ONCE):
        await _execute(_DUE.format(id=new_id, at=at, begin=begin, end=begin + _AT_ONCE))


async def _add_posts(_connection: BaseDBAsyncClient) -> None:
    monitor = await Monitor.get(key=MONITOR)
    posts = [_post(row, monitor, number) for number, row in enumerate(await Integration.all())]
    await MonitoringPost.bulk_create(posts, batch_size=500)


def _post(integration: Integration, monitor: Monitor, number: int) -> MonitoringPost:
    return MonitoringPost(
        id=uuid4(),
        integration_id=integration.id,
        monitor_id=monitor.id,
        channel_id=f"C{number:08}",
        channel_name="general",
        channel_is_private=False,
        notify=NotifyRule.ALL_RUNS,
    )


async def _execute(statement: str) -> None:
    async def run(connection: BaseDBAsyncClient) -> None:
        await connection.execute_query(statement)

    await storage.write(run)
