"""What `scripts/bench` does: all that is measured in one run, interleaved, and one table at its end."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import claims, clicks, cpu, deliveries, fairness, growth, listeners, profile, starts, tables
from tests.bench.figures import Report
from tests.bench.pages import PAGES
from tests.bench.rows import APPS, filled
from tests.bench.servers import compared
from tests.journeys.soaking import say
from tests.run import POSTGRES, found

PARTS = (*PAGES, "growth", "healthz", "profile", "starts", "listeners", "tables", "deliveries", "claims", "clicks")
POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
_WORKERS = (0, 1, 2)
"""With so many processes runs are delivered on a server: by the one that serves, and by others beside it."""


@dataclass(frozen=True)
class Run:
    """What is measured: which parts, how often, and into which report."""

    parts: frozenset[str]
    rounds: int
    seconds: float
    """How long runs are reported in each phase of the deliveries."""

    beside: Sequence[Path]
    report: Report


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="one part of it; again for another")
    parser.add_argument("--rounds", type=int, default=11, help="how often each is measured, in turn with the others")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long runs are reported in each phase of the deliveries")
    parser.add_argument(
        "--beside", action="append", type=Path, default=[], help="another checkout whose deliveries are measured too"
    )
    parser.add_argument("--database", choices=(POSTGRESQL, SQLITE), help="on one database alone")
    given = parser.parse_args(arguments)
    run = Run(frozenset(given.only or PARTS), given.rounds, given.seconds, given.beside, Report())
    databases = [each for each in databases_here() if given.database in {None, each[0]}]
    for measure in (measure_pages, measure_rest):
        for database, server in databases:
            asyncio.run(measure(run, database=database, server=server))
    say(f"\n{run.report.by_database()}")


def databases_here() -> Iterator[tuple[str, str]]:
    """Yield each kind of database by its name, and where one can be made."""
    server = os.environ.get("TEST_POSTGRES_URL") or found(*POSTGRES)
    if server:
        yield POSTGRESQL, server
    yield SQLITE, ""


async def measure_pages(run: Run, *, database: str, server: str) -> None:
    """Measure what takes a millisecond or two: first, since a database that was filled goes on working behind that."""
    if run.parts & {*PAGES, "growth", "healthz", "profile", "starts"}:
        with TemporaryDirectory(prefix="bench-") as folder:
            await _measure_pages(run, database=database, server=server, folder=Path(folder))


async def measure_rest(run: Run, *, database: str, server: str) -> None:
    if "listeners" in run.parts:
        with TemporaryDirectory(prefix="bench-") as folder:
            await listeners.measure(run.report, folder=Path(folder), server=server, database=database)
    if "tables" in run.parts:
        with TemporaryDirectory(prefix="bench-") as folder:
            await tables.measure(run.report, folder=Path(folder), server=server, database=database, rounds=run.rounds)
    if "claims" in run.parts:
        with TemporaryDirectory(prefix="bench-") as folder:
            await claims.measure(run.report, folder=Path(folder), server=server, database=database)
    if "clicks" in run.parts:
        with TemporaryDirectory(prefix="bench-") as folder:
            await clicks.measure(run.report, folder=Path(folder), server=server, database=database, rounds=run.rounds)
    if "deliveries" in run.parts:
        workers = _WORKERS if server else (0,)
        await deliveries.measure(
            run.report, checkouts=run.beside, server=server, database=database, seconds=run.seconds, workers=workers
        )


async def _measure_pages(run: Run, *, database: str, server: str, folder: Path) -> None:
    async with filled(folder, server=server) as (url, teams), compared(folder, database_url=url) as servers:
        names = [name for name in PAGES if name in run.parts]
        await cpu.measure(servers, teams, run.report, names=names, rounds=run.rounds, database=database)
        if "growth" in run.parts:
            await growth.measure(servers, teams, run.report, rounds=run.rounds, database=database)
        if "healthz" in run.parts:
            await fairness.measure(servers, teams, run.report, database=database)
        if "profile" in run.parts:
            await profile.measure(run.report, folder=folder, database_url=url, team=teams[APPS], database=database)
        if "starts" in run.parts and database == SQLITE:
            await starts.measure(run.report, folder=folder, database_url=url, team=teams[APPS], rounds=run.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
