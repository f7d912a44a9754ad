"""How long `/healthz` takes while a member asks the dearest operations that the service takes, one after another."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.abuse.dearest import DEAREST
from tests.bench.figures import Report
from tests.bench.pages import Page
from tests.bench.rows import APPS, Filled
from tests.bench.servers import SERVICE, Connection, Server
from tests.journeys.soaking import say

_SECONDS = 1.0
_PAUSE_SECONDS = 0.01


async def measure(servers: Mapping[str, Server], teams: Mapping[int, Filled], report: Report, *, database: str) -> None:
    here = servers[SERVICE]
    longest = {name: await _longest_wait(here, Page(name, query, path=""), teams[APPS]) for name, query in DEAREST.items()}
    name, waited = max(longest.items(), key=lambda each: each[1])
    say(f"{database}: /healthz beside: {', '.join(f'{name} {waited:.0f} ms' for name, waited in longest.items())}")
    told = f"{waited:.0f} ms at most (beside: {name})"
    report.add("`/healthz` beside the dearest operations", database=database, measured=told, goal="under 100 ms")


async def _longest_wait(server: Server, page: Page, team: Filled) -> float:
    """Return the longest wait for `/healthz`, in milliseconds, while the operation is asked again and again."""
    asked = f"GET /healthz HTTP/1.1\r\nHost: {urlsplit(server.process.url).netloc}\r\n\r\n".encode()
    waits: list[float] = []
    async with Connection.open(server.process.url) as asking, Connection.open(server.process.url) as looking:
        asks = asyncio.create_task(_ask(asking, server.request(page, team)))
        while not asks.done():
            begun = time.monotonic()
            await looking.ask(asked)
            waits.append((time.monotonic() - begun) * 1000)
            await asyncio.sleep(_PAUSE_SECONDS)
        await asks
    return max(waits)


async def _ask(connection: Connection, request: bytes) -> None:
    """Ask again and again. Where the machine is busy, some are given up by their deadline, which is an answer too."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(RuntimeError):
            await connection.ask(request)
