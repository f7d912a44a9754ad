"""How soon the command line answers, and how soon after its start the service has answered its first request."""

import compileall
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import app
from tests.bench.figures import Report, Series
from tests.bench.pages import PAGE
from tests.bench.rows import Filled
from tests.bench.servers import SERVICE, Connection, Server
from tests.journeys.soaking import UNLIMITED, say
from tests.processes import Service

_GOALS = {"--version": "0.3 s", "--help": "0.5 s"}


async def measure(report: Report, *, folder: Path, database_url: str, team: Filled, rounds: int) -> None:
    took: defaultdict[str, list[float]] = defaultdict(list)
    used: defaultdict[str, list[float]] = defaultdict(list)
    compileall.compile_dir(Path(app.__file__).parent, quiet=1)  # as scripts/install leaves it
    for _ in range(rounds):
        for option in _GOALS:
            begun, cpu = time.monotonic(), _of_children()
            subprocess.run([sys.executable, "-m", "app", option], check=True, capture_output=True)  # noqa: ASYNC221, S603 - nothing else goes on
            took[option].append(time.monotonic() - begun)
            used[option].append(_of_children() - cpu)
        first = Service(folder, database_url, environment=UNLIMITED, name="first")
        begun = time.monotonic()
        try:
            await first.start("--no-background")
            await _ask(Server(SERVICE, first), team)
            took["first"].append(time.monotonic() - begun)
            used["first"].append(Server(SERVICE, first).cpu_seconds())
        finally:
            first.kill()
    _tell({name: (Series(took[name]), Series(used[name])) for name in took}.items(), report)


async def _ask(server: Server, team: Filled) -> None:
    async with Connection.open(server.process.url) as connection:
        await connection.ask(server.request(PAGE, team))


def _of_children() -> float:
    """Return how many seconds of CPU the processes took that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(found: Iterable[tuple[str, tuple[Series, Series]]], report: Report) -> None:
    for name, (took, used) in found:
        what = "`serve` until the page is answered" if name == "first" else f"`installed-apps {name}`"
        told = f"{took.told()} s; {used.low:.2f} s of CPU"
        say(f"{what}: {told}")
        report.add(what, database="SQLite", measured=told, goal=f"at most {_GOALS.get(name, '2 s')}")
