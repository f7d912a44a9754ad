"""Where the CPU of the page goes: by package of ours, and by library."""

import asyncio
import json
import signal
from pathlib import Path

from tests.bench.figures import Report
from tests.bench.pages import PAGE
from tests.bench.rows import Filled
from tests.bench.sampled import FILE
from tests.bench.servers import SERVICE, Connection, Server
from tests.journeys.soaking import UNLIMITED
from tests.processes import Service

_WARM_SECONDS, _SECONDS = 1.0, 5.0
_LEAST_SHARE = 0.015


async def measure(report: Report, *, folder: Path, database_url: str, team: Filled, database: str) -> None:
    """Ask for the page again and again, and see what is being done meanwhile."""
    warm, all_of_it = folder / "warm.json", folder / "sampled.json"
    environment = {**UNLIMITED, FILE: str(all_of_it)}
    process = Service(folder, database_url, environment=environment, name="sampled", program="tests.bench.sampled")
    try:
        await process.start("--no-background")
        server = Server(SERVICE, process)
        async with Connection.open(process.url) as connection:
            await connection.ask_for(_WARM_SECONDS, server.request(PAGE, team))
            before = await _seen(process, all_of_it, warm)
            await connection.ask_for(_SECONDS, server.request(PAGE, team))
            after = await _seen(process, all_of_it, warm)
    finally:
        process.kill()
    seen = {layer: number - before.get(layer, 0) for layer, number in after.items()}
    whole = sum(seen.values())
    shares = sorted(((number / whole, layer) for layer, number in seen.items()), reverse=True)
    told = ", ".join(f"{layer} {share:.0%}" for share, layer in shares if share >= _LEAST_SHARE)
    report.add("the page's CPU, by whose code is at work", database=database, measured=told)


async def _seen(process: Service, file: Path, kept: Path) -> dict[str, int]:
    process.tell(signal.SIGUSR1)
    async with asyncio.timeout(10.0):
        while not file.exists():  # noqa: ASYNC110, ASYNC240 - a file rings no bell
            await asyncio.sleep(0.02)
    file.replace(kept)  # noqa: ASYNC240 - at once
    seen: dict[str, int] = json.loads(kept.read_text())  # noqa: ASYNC240 - as above
    return seen
