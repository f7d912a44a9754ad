"""A process of the service that calls a provider for grants when a test tells it to: its program, and the handle that a test has.

The processes are forked from one that has imported the service, so that twenty kills at each step do not take twenty starts.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from uuid import UUID

from app.clock import SystemClock
from app.providers.contract import Alive, Authorized, Failure
from app.providers.gitlab.provider import check
from app.service.opening import Process, open_services
from app.services import Services
from app.settings import Settings
from app.sign_ins.calls import call
from app.sign_ins.refresh import Deadlines

ANSWER_SECONDS = 60.0
STORM_SECONDS = 900.0
END_SECONDS = 30.0


class FileClock:
    """The machine's time, moved forward by the seconds that stand in a file: one hand for the clocks of many processes."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> datetime:
        return SystemClock().now() + self._ahead()

    def advance(self, by: timedelta) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str((self._ahead() + by).total_seconds()))
        fresh.replace(self.file)

    def _ahead(self) -> timedelta:
        return timedelta(seconds=float(self.file.read_text())) if self.file.exists() else timedelta(0)


@dataclass(frozen=True)
class Start:
    """What a process has to know. The provider is reached over http at this port of this machine."""

    folder: Path
    database_url: str
    provider_port: int

    @property
    def clock(self) -> FileClock:
        return FileClock(self.folder / "clock")

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.folder, database_url=self.database_url)


@dataclass(frozen=True)
class Ask:
    """Ask the provider once, and wait for another process's exchange for so many seconds at most."""

    grant: UUID
    wait: float = Deadlines().wait


@dataclass(frozen=True)
class Storm:
    """So many callers at once, each of whom asks for every grant, in an order of their own."""

    grants: tuple[UUID, ...]
    callers: int
    seed: int


@dataclass(frozen=True)
class Told:
    """What a caller was told, after so many seconds. `message` are a failure's."""

    grant: UUID
    message: str | None
    seconds: float

    @property
    def is_alive(self) -> bool:
        return self.message is None


class Refresher:
    """A running process."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection

    async def ask(self, grant: UUID, *, wait: float = Deadlines().wait) -> Told:
        self.begin(grant, wait=wait)
        return await self.answer()

    def begin(self, grant: UUID, *, wait: float = Deadlines().wait) -> None:
        """Have it ask, without waiting for the answer."""
        self._connection.send(Ask(grant, wait))

    async def answer(self) -> Told:
        """Return the next answer to what was begun."""
        [told] = await self._receive(ANSWER_SECONDS)
        return told

    async def storm(self, grants: Sequence[UUID], *, callers: int, seed: int) -> list[Told]:
        self._connection.send(Storm(tuple(grants), callers, seed))
        return await self._receive(STORM_SECONDS)

    async def until_ready(self) -> None:
        assert await self._receive(ANSWER_SECONDS) == []

    def kill(self) -> None:
        """End it at once, as power loss would."""
        self._signal(signal.SIGKILL)
        self._process.join()

    def stop(self) -> None:
        """Halt it where it is."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        self.kill()
        self._connection.close()

    async def _receive(self, seconds: float) -> list[Told]:
        if not await asyncio.to_thread(self._connection.poll, seconds):
            raise TimeoutError("the process does not answer")
        received: list[Told] = self._connection.recv()
        return received

    def _signal(self, number: signal.Signals) -> None:
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, number)


@asynccontextmanager
async def refreshers(start: Start, count: int) -> AsyncIterator[list[Refresher]]:
    """Yield so many processes that are ready; they are ended however the test ends."""
    running: list[Refresher] = []
    try:
        running.extend(_launch(start) for _ in range(count))
        for each in running:
            await each.until_ready()
        yield running
    finally:
        for each in running:
            each.end()


def _launch(start: Start) -> Refresher:
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ours, theirs = context.Pipe()
    process = context.Process(target=run, args=(theirs, start), daemon=True)
    process.start()
    theirs.close()
    return Refresher(process, ours)


def run(connection: Connection, start: Start) -> None:
    """Do what arrives on the connection until it is closed."""
    asyncio.run(_serve(connection, start))


async def _serve(connection: Connection, start: Start) -> None:
    process = Process(sandbox=("127.0.0.1", start.provider_port))
    async with open_services(start.settings, process=process, clock=start.clock) as services:
        connection.send([])
        under_way: set[asyncio.Task[None]] = set()
        while (order := await _next(connection)) is not None:
            task = asyncio.create_task(_obey(order, connection, services=services))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await services.single_flight.settle(seconds=END_SECONDS)


async def _next(connection: Connection) -> Ask | Storm | None:
    try:
        order: Ask | Storm = await asyncio.to_thread(connection.recv)
    except EOFError:
        return None
    return order


async def _obey(order: Ask | Storm, connection: Connection, *, services: Services) -> None:
    match order:
        case Ask(grant, wait):
            connection.send([await _ask(grant, services=services, deadlines=Deadlines(wait=wait))])
        case Storm(grants, callers, seed):
            told = await asyncio.gather(*(_ask_for_all(grants, Random(seed + n), services=services) for n in range(callers)))  # noqa: S311 - an order
            connection.send([each for one in told for each in one])


async def _ask_for_all(grants: Sequence[UUID], random: Random, *, services: Services) -> list[Told]:
    return [await _ask(grant, services=services) for grant in random.sample(grants, len(grants))]


async def _ask(grant: UUID, *, services: Services, deadlines: Deadlines | None = None) -> Told:
    began = time.monotonic()
    try:
        answer = await call(grant, _check(services), services=services, deadlines=deadlines or Deadlines())
    except Exception as error:  # noqa: BLE001 - the test is told of it
        return Told(grant, f"{type(error).__name__}: {error}", time.monotonic() - began)
    return Told(grant, answer.message if isinstance(answer, Failure) else None, time.monotonic() - began)


def _check(services: Services) -> Callable[[Authorized], Awaitable[Alive | Failure]]:
    async def ask(authorized: Authorized) -> Alive | Failure:
        return await check(authorized=authorized, outbound=services.outbound)

    return ask
