"""Servers in a process each, what their CPU time is, and connections over which they are asked the same again and again."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.bench.pages import Page
from tests.bench.rows import Filled
from tests.journeys.soaking import UNLIMITED
from tests.processes import Service, make_keyring_in

SERVICE, FIELDS, BY_HAND = "the service", "graphql-core's executor", "by hand"
_PROGRAMS = {SERVICE: "app", FIELDS: "tests.bench.fields", BY_HAND: "tests.bench.handwritten"}


@dataclass(frozen=True)
class Server:
    """One of those that are compared."""

    name: str
    process: Service

    def request(self, page: Page, team: Filled) -> bytes:
        asked: Callable[..., bytes] = page.of_path if self.name == BY_HAND else page.of_api
        return asked(team, url=self.process.url)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process so far, all its threads together, to the nanosecond."""
        assert self.process.process is not None
        return cpu_seconds_of(self.process.process)

    @property
    def port(self) -> int:
        return self.process.port


def cpu_seconds_of(process: "subprocess.Popen[bytes]") -> float:
    threads = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


@asynccontextmanager
async def compared(folder: Path, *, database_url: str) -> AsyncIterator[Mapping[str, Server]]:
    """Yield the servers by name, each of one process, over the same database."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(serving(name, folder, database_url=database_url)) for name in _PROGRAMS}


@asynccontextmanager
async def serving(name: str, folder: Path, *, database_url: str) -> AsyncIterator[Server]:
    """Yield the server of that name, in a process of its own."""
    make_keyring_in(folder)
    process = Service(folder, database_url, environment=UNLIMITED, name=_PROGRAMS[name], program=_PROGRAMS[name])
    try:
        await process.start("--no-background")
        yield Server(name, process)
    finally:
        process.kill()


class Connection:
    """One that is kept alive. It knows what these servers answer, and takes little CPU itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        host, _, port = urlsplit(url).netloc.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def ask(self, request: bytes) -> bytes:
        """Return the body of the answer. Raises RuntimeError where it is not a good one."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        if not head.startswith(b"http/1.1 200") or b'"errors"' in body[:12]:
            raise RuntimeError((head + body).decode())
        return body

    async def ask_for(self, seconds: float, request: bytes) -> list[float]:
        """Ask again and again for so long; return how many seconds each answer took."""
        waits: list[float] = []
        end = time.monotonic() + seconds
        while (begun := time.monotonic()) < end:
            await self.ask(request)
            waits.append(time.monotonic() - begun)
        return waits


async def cpu_of_each(server: Server, request: bytes, *, seconds: float) -> float:
    """Return the CPU time of the server for each request, in milliseconds."""
    async with Connection.open(server.process.url) as connection:
        await connection.ask(request)
        before = server.cpu_seconds()
        waits = await connection.ask_for(seconds, request)
        return (server.cpu_seconds() - before) / len(waits) * 1000


async def rate_of(server: Server, request: bytes, *, seconds: float, connections: int) -> float:
    """Return how many requests a second the server answers over so many connections."""

    async def come() -> int:
        async with Connection.open(server.process.url) as connection:
            return len(await connection.ask_for(seconds, request))

    return sum(await asyncio.gather(*(come() for _ in range(connections)))) / seconds
