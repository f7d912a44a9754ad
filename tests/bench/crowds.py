"""Thousands of listeners in a process of their own, at the service or at a bare broadcast: when the last of them has heard."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

from tests.journeys.soaking import JSON
from tests.processes import free_port

PATIENCE_SECONDS = 120.0


@dataclass
class Crowd:
    """The process of the listeners, in a test's hands."""

    process: asyncio.subprocess.Process
    size: int
    heard: list[JSON] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def come(self) -> float:
        """Return after how many seconds all are there."""
        self._tell(b"come\n")
        return float((await self.until("here", self.size))["seconds"])

    async def leave(self) -> None:
        self._tell(b"leave\n")
        await self.until("left", self.size)
        self.heard = [each for each in self.heard if "here" not in each and "left" not in each]

    async def until(self, name: str, value: int) -> JSON:
        """Return the first line in which this stands. Raises AssertionError where a listener has heard anything wrong."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                assert not (wrong := [each for each in self.heard if "wrong" in each]), wrong[:3]
                found = next((each for each in self.heard if each.get(name) == value), None)
                if found is not None:
                    return found
                self._news.clear()
                await self._news.wait()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.heard.append(orjson.loads(line))
            self._news.set()

    def _tell(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)


@asynccontextmanager
async def crowd_at(port: int, *, greetings: Sequence[str], questions: Sequence[str] = ()) -> AsyncIterator[Crowd]:
    """Yield a crowd that is there once it has come."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.crowd", stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 28
    )
    crowd = Crowd(process, len(greetings))
    listening = asyncio.create_task(crowd.listen())
    try:
        assert process.stdin is not None
        process.stdin.write(orjson.dumps({"port": port, "greetings": greetings, "questions": questions}) + b"\n")
        yield crowd
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        listening.cancel()


@asynccontextmanager
async def broadcast() -> AsyncIterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Yield the port and the process of a server that sends to all what is posted to it."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.broadcast", str(port)])  # noqa: ASYNC220, S603 - our own
    try:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                await asyncio.sleep(0.05)
        yield port, process
    finally:
        process.kill()
        process.wait()


def text_of(message: JSON) -> str:
    return orjson.dumps(message).decode()
