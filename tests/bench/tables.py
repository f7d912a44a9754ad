"""How long a page takes where tables have very many rows, beside where they have 1,000."""

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.storage.database import embedded_path, is_embedded
from tests.bench.figures import Report, Series
from tests.bench.pages import Page
from tests.bench.rows import APPS, INTEGRATIONS, MONITOR, Filled, filled
from tests.bench.servers import SERVICE, Connection, Server, serving
from tests.journeys.soaking import say


@dataclass(frozen=True)
class Size:
    """`rows`: so many runs, deliveries and events. `integrations`: so many of the team."""

    rows: int
    integrations: int


FEW, MANY = Size(1_000, 1_000), Size(1_000_000, 50_000)
_OF_EACH = 4
"""Of the deliveries, every fourth integration of the team has as many."""

_SECONDS = 0.3
_LISTS: Mapping[str, str] = {
    "the run log": (
        "query ($integration: ID!) { integration(id: $integration) { deliveries(first: 50) { nodes { id status } } } }"
    ),
    "a monitor's runs": "{ monitors(first: 1) { nodes { runs(first: 50) { nodes { id outcome } } } } }",
    "the end of the activity log": "{ events(last: 50) { nodes { sequence type } } }",
    "the events of a rare type": "{ events(last: 50, filter: {types: [TEAM_MEMBER_REMOVED]}) { nodes { sequence type } } }",
    "integrations by a word that none has": '{ integrations(filter: {search: "nowhere"}) { nodes { id } } }',
    "integrations with their total": "{ integrations(first: 50) { totalCount nodes { id } } }",
}

_OF_SERVER = {"id": "gen_random_uuid()", "moment": "one.created_at + n * interval '1 second'", "look": "VACUUM ANALYZE"}
_OF_FILE = {
    "id": "lower(printf('%s-%s-4000-8000-%s', hex(randomblob(4)), hex(randomblob(2)), hex(randomblob(6))))",
    "moment": "strftime('%Y-%m-%d %H:%M:%S', one.created_at, n || ' seconds') || '.123456+00:00'",
    "look": "ANALYZE",
}
"""How each database makes an id and a moment, and how it looks at what it has: a server does so by itself after a while."""

_PILE = (
    """
INSERT INTO monitor_run (id, team_id, monitor_id, position, run_id, outcome, started_at, duration_ms, request_count, test_count,
  failed_test_count, error_count, failures_json, recorded_at)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
SELECT {id}, monitor.team_id, monitor.id, 1000 + n, 'more-' || n, 'PASSED', monitor.created_at, 1, 1, 1, 0, 0, '[]',
  monitor.created_at
FROM monitor CROSS JOIN numbers WHERE monitor.key = '{monitor}'""",
    """
INSERT INTO delivery (id, team_id, integration_id, run_id, position, occasion, status, attempt_count, held_back,
  created_at)
SELECT {id}, integration.team_id, integration.id, run.id, run.position, 'RUN', 'DELIVERED', 1, false, run.recorded_at
FROM (SELECT other.id, other.team_id FROM integration AS other JOIN monitor ON monitor.team_id = other.team_id
  WHERE monitor.key = '{monitor}' ORDER BY other.created_at DESC LIMIT {of_each}) AS integration
JOIN monitor_run AS run ON run.team_id = integration.team_id
WHERE run.position > 1000 AND run.position <= 1000 + {rows} / {of_each}""",
    """
INSERT INTO event (id, team_id, sequence, type, occurred_at, subject_id, summary)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})
SELECT {id}, monitor.team_id, 200 + n, CASE WHEN n > 10 THEN 'DELIVERY_SUCCEEDED' ELSE 'TEAM_MEMBER_REMOVED' END,
  monitor.created_at, monitor.id, 'Something happened.'
FROM monitor CROSS JOIN numbers WHERE monitor.key = '{monitor}'""",
    "UPDATE counter SET sequence = 200 + {rows}",
    """
INSERT INTO integration (id, team_id, provider, kind, name, uses_installed_app, installed_app_id, connected_to, account_id,
  origin, status, status_changed_at, is_paused, created_by_id, created_at, updated_at)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {integrations})
SELECT {id}, one.team_id, one.provider, one.kind, 'Results of monitor ' || n, true, one.installed_app_id, one.connected_to,
  one.account_id, one.origin, one.status, one.created_at, false, one.created_by_id, {moment}, one.updated_at
FROM (SELECT integration.* FROM integration JOIN monitor ON monitor.team_id = integration.team_id
  WHERE monitor.key = '{monitor}' ORDER BY integration.created_at DESC LIMIT 1) AS one CROSS JOIN numbers""",
    "{look}",
)


async def measure(report: Report, *, folder: Path, server: str, database: str, rounds: int) -> None:
    async with _piled(folder / "few", server=server, size=FEW) as few, _piled(folder / "many", server=server, size=MANY) as many:
        took: defaultdict[tuple[str, Size], list[float]] = defaultdict(list)
        for _ in range(rounds):
            for name, query in _LISTS.items():
                for size, (here, team) in ((FEW, few), (MANY, many)):
                    took[name, size].append(await _wait(here, Page(name, query, path=""), team))
    for name in _LISTS:
        small, large = Series(took[name, FEW]), Series(took[name, MANY])
        told = f"{large.low:.1f} ms: {large.low / small.low:.2f} times; of the rounds {large.over(small).told()}"
        say(f"{database}: {name} of many rows: {told}")
        report.add(f"{name} of many rows, beside of 1,000", database=database, measured=told, goal="at most 1.5 times")


async def _wait(server: Server, page: Page, team: Filled) -> float:
    """Return how many milliseconds an answer takes: the shortest, for a busy machine only ever adds."""
    request = server.request(page, team)
    async with Connection.open(server.process.url) as connection:
        await connection.ask(request)
        return min(await connection.ask_for(_SECONDS, request)) * 1000


@asynccontextmanager
async def _piled(folder: Path, *, server: str, size: Size) -> AsyncIterator[tuple[Server, Filled]]:
    """Yield the service over a database whose lists have so many rows."""
    folder.mkdir()  # noqa: ASYNC240 - nothing else goes on
    async with filled(folder, server=server) as (url, teams):
        await _run(url, _statements(size, server=server))
        async with serving(SERVICE, folder, database_url=url) as here:
            yield here, teams[APPS]


def _statements(size: Size, *, server: str) -> list[str]:
    words = {**(_OF_SERVER if server else _OF_FILE), "rows": size.rows, "integrations": size.integrations - APPS * INTEGRATIONS}
    return [each.format(**words, of_each=_OF_EACH, monitor=MONITOR) for each in _PILE]


async def _run(url: str, statements: list[str]) -> None:
    """Run them with no bound of time on them, as the service's own connection has it."""
    if is_embedded(url):
        with contextlib.closing(sqlite3.connect(embedded_path(url), isolation_level=None)) as file:
            file.execute("PRAGMA synchronous = OFF")
            for statement in statements:
                file.execute(statement)
        return
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
