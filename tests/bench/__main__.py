"""What `scripts/bench` does: all that is measured in one run, interleaved, and one table at its end."""

import argparse
import asyncio
import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import cpu, growth, starts
from tests.bench.figures import Report
from tests.bench.pages import PAGES
from tests.bench.rows import APPS, filled
from tests.bench.servers import compared
from tests.journeys.soaking import say
from tests.run import POSTGRES, found

PARTS = (*PAGES, "growth", "starts")
POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"


@dataclass(frozen=True)
class Run:
    """What is measured: which parts, how often, and into which report."""

    parts: Collection[str]
    rounds: int
    report: Report


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="one part of it; again for another")
    parser.add_argument("--rounds", type=int, default=11, help="how often each is measured, in turn with the others")
    parser.add_argument("--database", choices=(POSTGRESQL, SQLITE), help="on one database alone")
    given = parser.parse_args(arguments)
    run = Run(given.only or PARTS, given.rounds, Report())
    for database, server in databases_here():
        if given.database in {None, database}:
            asyncio.run(measure(run, database=database, server=server))
    say(f"\n{run.report}")


def databases_here() -> Iterator[tuple[str, str]]:
    """Yield each kind of database by its name, and where one can be made."""
    server = os.environ.get("TEST_POSTGRES_URL") or found(*POSTGRES)
    if server:
        yield POSTGRESQL, server
    yield SQLITE, ""


async def measure(run: Run, *, database: str, server: str) -> None:
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with filled(folder, server=server) as (url, teams), compared(folder, database_url=url) as servers:
            names = [name for name in PAGES if name in run.parts]
            await cpu.measure(servers, teams, run.report, names=names, rounds=run.rounds, database=database)
            if "growth" in run.parts:
                await growth.measure(servers, teams, run.report, rounds=run.rounds, database=database)
            if "starts" in run.parts and database == SQLITE:
                await starts.measure(run.report, folder=folder, database_url=url, team=teams[APPS], rounds=run.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
