"""How the CPU of the page grows with what stands on it: from 1 to 100 installed apps, of the service and by hand."""

from collections.abc import Mapping
from dataclasses import replace

from tests.bench.cpu import require_same
from tests.bench.figures import Report, Series
from tests.bench.pages import PAGE
from tests.bench.rows import Filled
from tests.bench.servers import BY_HAND, SERVICE, Server, cpu_of_each
from tests.journeys.footprint import slope
from tests.journeys.soaking import say

_SECONDS = 0.3
_EVERYTHING = replace(PAGE, first=100)


async def measure(
    servers: Mapping[str, Server], teams: Mapping[int, Filled], report: Report, *, rounds: int, database: str
) -> None:
    slopes: dict[str, list[float]] = {SERVICE: [], BY_HAND: []}
    for team in teams.values():
        await require_same(servers, _EVERYTHING, team)
    for _ in range(rounds):
        for name, found in slopes.items():
            found.append(slope([(size, await _cpu(servers[name], team)) for size, team in teams.items()]))
    mine, its = Series(slopes[SERVICE]), Series(slopes[BY_HAND])
    say(f"{database}: each installed app more: the service {mine.told(3)}, by hand {its.told(3)} ms of CPU")
    told = f"{mine.low:.3f} ms: {mine.low / its.low:.2f} times by hand ({its.low:.3f} ms); of the rounds {mine.over(its).told()}"
    report.add("CPU of each installed app more, 1 to 100", database=database, measured=told, goal="at most 1.5 times by hand")


async def _cpu(server: Server, team: Filled) -> float:
    return await cpu_of_each(server, server.request(_EVERYTHING, team), seconds=_SECONDS)
