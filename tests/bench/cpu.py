"""The CPU of the server for each page, beside what is written by hand and graphql-core's executor, and requests a second."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson

from tests.bench.figures import Report, Series
from tests.bench.pages import PAGE, PAGES, Page
from tests.bench.rows import APPS, Filled
from tests.bench.servers import BY_HAND, FIELDS, SERVICE, Connection, Server, cpu_of_each, rate_of
from tests.journeys.soaking import say

CONNECTIONS = 8
_CPU_SECONDS = 0.4
_RATE_SECONDS = 1.0


async def measure(
    servers: Mapping[str, Server],
    teams: Mapping[int, Filled],
    report: Report,
    *,
    names: Iterable[str],
    rounds: int,
    database: str,
) -> None:
    pages, team = [PAGES[name] for name in names], teams[APPS]
    for page in pages:
        await require_same(servers, page, team)
    cpu: defaultdict[tuple[Page, str], list[float]] = defaultdict(list)
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for server in _in_turn(servers, number):
            for page in pages:
                request = server.request(page, team)
                cpu[page, server.name].append(await cpu_of_each(server, request, seconds=_CPU_SECONDS))
            if PAGE in pages:
                request = server.request(PAGE, team)
                rates[server.name].append(await rate_of(server, request, seconds=_RATE_SECONDS, connections=CONNECTIONS))
    for page in pages:
        found = {name: Series(cpu[page, name]) for name in servers}
        _tell_cpu(page, found, report, database=database)
    if rates:
        _tell_rates({name: Series(values) for name, values in rates.items()}, report, database=database)


async def require_same(servers: Mapping[str, Server], page: Page, team: Filled) -> None:
    """See that all answer the same data, byte for byte. Raises ValueError where one does not."""
    answers: dict[str, bytes] = {}
    for server in servers.values():
        async with Connection.open(server.process.url) as connection:
            answers[server.name] = orjson.dumps(orjson.loads(await connection.ask(server.request(page, team)))["data"])
    if len(set(answers.values())) > 1:
        raise ValueError(f"{page.name}: {answers}")


def _in_turn(servers: Mapping[str, Server], number: int) -> Sequence[Server]:
    return [*servers.values()][:: 1 if number % 2 == 0 else -1]


def _tell_cpu(page: Page, found: Mapping[str, Series], report: Report, *, database: str) -> None:
    mine, its, fields = found[SERVICE], found[BY_HAND], found[FIELDS]
    most = "2.5" if page is not PAGE else "1.5" if database == "PostgreSQL" else "1.8"
    say(f"{database}: {page.name}: {', '.join(f'{name} {series.told()}' for name, series in found.items())} ms of CPU")
    told = f"{mine.low:.2f} ms: {mine.low / its.low:.2f} times by hand ({its.low:.2f} ms); of the rounds {mine.over(its).told()}"
    report.add(f"CPU of {page.name}", database=database, measured=told, goal=f"at most {most} times by hand")
    told = f"{fields.low / mine.low:.2f} times; of the rounds {fields.over(mine).told()}"
    goal = "at least 9 times" if page is PAGE else ""
    report.add(f"the same by graphql-core's executor ({fields.low:.2f} ms)", database=database, measured=told, goal=goal)


def _tell_rates(found: Mapping[str, Series], report: Report, *, database: str) -> None:
    mine, its = found[SERVICE], found[BY_HAND]
    say(f"{database}: requests a second: {', '.join(f'{name} {series.told(0)}' for name, series in found.items())}")
    told = f"{mine.median:.0f}: {mine.over(its).told()} of by hand ({its.median:.0f})"
    goal = "at least 0.65 of by hand" if database == "PostgreSQL" else ""
    report.add(f"the page's requests a second, {CONNECTIONS} connections", database=database, measured=told, goal=goal)
