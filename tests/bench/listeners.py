"""How soon a change has come to the last of thousands, and what each of them costs.

Against a bare broadcast of the same bytes over the same WebSocket server. The listeners are in a process of their own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2

from app.access.callers import Role
from app.teams import console
from app.teams.models import Team
from tests.bench.crowds import Crowd, broadcast, crowd_at, text_of
from tests.bench.figures import Report, Series
from tests.bench.pages import PAGE
from tests.bench.rows import APPS, Filled, filled
from tests.bench.servers import SERVICE, Connection, Server, cpu_seconds_of, serving
from tests.callers import Api
from tests.journeys.footprint import memory_of
from tests.journeys.soaking import say
from tests.services import services_beside

EQUAL = 5_000
FEWER = 1_000
"""Listeners with different operations, who come and come back, and beside whom the page is asked for."""

MISSED = 20
_EVENTS = 8
_OF_ONE_MEMBER = 40
"""Of the 50 sockets that a member may have."""

_CHANGES_A_SECOND = 2
_SECONDS = 20.0
_HEAD = "{ eventCursor }"
_CHANGE = "mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { userErrors { message } } }"
_WATCH = """
subscription ($after: String) {
  eventRecorded(after: $after) { id cursor sequence type subjectId summary actor { name } subject { id } }
}"""


@dataclass(frozen=True)
class Told:
    """Seconds from when the change was asked for until the last had it, and the CPU that it took for each."""

    seconds: float
    cpu_ms: float


@dataclass
class House:
    """A service with a team of many members."""

    server: Server
    team: Filled
    api: Api
    tokens: Sequence[str]
    changes: int = 0

    async def change(self) -> float:
        """Make a change; return when it was asked for."""
        self.changes += 1
        begun = time.monotonic()
        added = await self.api.ask(_CHANGE, input={"name": "Eve", "role": "VIEWER", "email": f"eve-{self.changes}@example.com"})
        assert added["addTeamMember"]["userErrors"] == []
        return begun

    @asynccontextmanager
    async def listened_to(self, listeners: int, *, operations: Sequence[str] = (_WATCH,)) -> AsyncIterator[Crowd]:
        """Yield a crowd that asks these operations by turns, from now on, once it comes."""
        after = (await self.api.ask(_HEAD))["eventCursor"]
        numbers = range(listeners)
        tokens = [self.tokens[number // _OF_ONE_MEMBER] for number in numbers]
        greetings = [text_of({"type": "connection_init", "payload": {"authorization": f"Bearer {each}"}}) for each in tokens]
        payloads = [{"query": operations[number % len(operations)], "variables": {"after": after}} for number in numbers]
        questions = [text_of({"id": "1", "type": "subscribe", "payload": each}) for each in payloads]
        async with crowd_at(self.server.port, greetings=greetings, questions=questions) as crowd:
            yield crowd


async def measure(report: Report, *, folder: Path, server: str, database: str) -> None:
    async with house(folder, server=server) as there:
        cpu, memory = await connecting(there, FEWER)
        report.add(
            f"a listener that comes, of {FEWER:,}",
            database=database,
            measured=f"{cpu:.2f} ms of CPU, {memory:.0f} KiB",
            goal="1 ms, 25 KiB",
        )
        alone, beside = await page_beside(there, FEWER, seconds=_SECONDS)
        told = f"{beside * 1000:.0f} ms, {alone * 1000:.0f} ms without: {beside / alone:.2f} times"
        what = f"the page's p99 beside {FEWER:,} listeners and {_CHANGES_A_SECOND} changes a second"
        report.add(what, database=database, measured=told, goal="at most 2 times")
        seconds = await coming_back(there, FEWER, missed=MISSED)
        report.add(
            f"{FEWER:,} who come back, {MISSED} missed: all are told after",
            database=database,
            measured=f"{seconds:.2f} s",
            goal="2 s",
        )
        distinct = await tell_all(there, FEWER, operations=different_operations(FEWER), events=_EVENTS // 2)
        report.add(f"to {FEWER:,} with as many operations", database=database, measured=_told(distinct), goal="under 1.5 s")
        async with there.listened_to(EQUAL) as crowd:
            await crowd.come()
            equal = await told_of(there, crowd, events=_EVENTS)
            body = (await crowd.until("first", 2))["bytes"]
    bare = await broadcast_to_all(EQUAL, body=body, events=_EVENTS)
    times = Series([each.seconds for each in equal]).median / Series([each.seconds for each in bare]).median
    measured = f"{_told(equal)}; bare: {_told(bare)}: {times:.2f} times"
    report.add(f"to {EQUAL:,} equal listeners", database=database, measured=measured, goal="at most 2 times")
    say(f"{database}: {measured}")


def _told(told: Sequence[Told]) -> str:
    seconds, cpu = Series([each.seconds * 1000 for each in told]), Series([each.cpu_ms for each in told])
    return f"the last after {seconds.told(0)} ms, {cpu.low:.3f} ms of CPU each"


@asynccontextmanager
async def house(folder: Path, *, server: str) -> AsyncIterator[House]:
    async with filled(folder, server=server) as (url, teams), serving(SERVICE, folder, database_url=url) as running:
        team = teams[APPS]
        yield House(
            running, team, Api(running.process.url, team.token), await _join(running, team, members=EQUAL // _OF_ONE_MEMBER)
        )


async def _join(server: Server, team: Filled, *, members: int) -> list[str]:
    """Return the tokens of so many new members."""
    tokens = []
    async with services_beside(server.process) as services:
        name = (await Team.get(id=team.team)).name
        for _ in range(members):
            email = f"{uuid4().hex}@crowd.example.com"
            await console.add_member(team=name, name="Member", email=email, role=Role.VIEWER, services=services)
            made = await console.create_token(team=name, email=email, scopes=(), days=None, services=services)
            tokens.append(made.reveal())
    return tokens


async def page_beside(there: House, listeners: int, *, seconds: float) -> tuple[float, float]:
    """Return the page's p99 in seconds: with nobody listening, and beside so many who are told of two changes a second."""
    alone = await _p99_of_page(there, seconds=seconds)
    async with there.listened_to(listeners) as crowd:
        await crowd.come()
        changing = asyncio.create_task(_change_on(there))
        beside = await _p99_of_page(there, seconds=seconds)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
    return alone, beside


async def _change_on(there: House) -> None:
    while True:
        await there.change()
        await asyncio.sleep(1 / _CHANGES_A_SECOND)


async def _p99_of_page(there: House, *, seconds: float) -> float:
    async with Connection.open(there.server.process.url) as connection:
        waits = await connection.ask_for(seconds, there.server.request(PAGE, there.team))
    return sorted(waits)[int(0.99 * len(waits))]


async def tell_all(there: House, listeners: int, *, operations: Sequence[str] = (_WATCH,), events: int) -> list[Told]:
    """Return what each of so many changes costs, one after the other, once all listen."""
    async with there.listened_to(listeners, operations=operations) as crowd:
        await crowd.come()
        return await told_of(there, crowd, events=events)


async def told_of(there: House, crowd: Crowd, *, events: int) -> list[Told]:
    figures = []
    await there.change()  # by which all are known to listen
    first = max((each["last"] for each in crowd.heard if "last" in each), default=0) + 1
    await crowd.until("last", first)
    for number in range(first + 1, first + 1 + events):
        cpu = there.server.cpu_seconds()
        begun = await there.change()
        end = (await crowd.until("last", number))["at"]
        await asyncio.sleep(0.2)  # what is done behind it is counted too
        figures.append(Told(end - begun, (there.server.cpu_seconds() - cpu) / crowd.size * 1000))
    return figures


async def broadcast_to_all(listeners: int, *, body: str, events: int) -> list[Told]:
    """Return what it costs to send the same bytes to as many, and nothing else."""
    greeting = text_of({"type": "next"})
    figures = []
    async with (
        broadcast() as (port, process),
        crowd_at(port, greetings=[greeting] * listeners) as crowd,
        httpx2.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        await crowd.come()
        for number in range(1, events + 2):
            cpu, begun = cpu_seconds_of(process), time.monotonic()
            await client.post(f"http://127.0.0.1:{port}/", content=body)
            end = (await crowd.until("last", number))["at"]
            await asyncio.sleep(0.2)
            figures.append(Told(end - begun, (cpu_seconds_of(process) - cpu) / listeners * 1000))
    return figures[1:]


async def connecting(there: House, listeners: int) -> tuple[float, float]:
    """Return what a listener that comes and subscribes costs, in ms of CPU, and what each of them holds, in KiB."""
    async with there.listened_to(listeners) as crowd:
        cpu, memory = there.server.cpu_seconds(), memory_of(there.server.process)
        await crowd.come()
        await there.change()
        await crowd.until("last", 1)
        cpu = there.server.cpu_seconds() - cpu
        await asyncio.sleep(2.0)
        return cpu / listeners * 1000, (memory_of(there.server.process) - memory) / listeners * 1024


async def coming_back(there: House, listeners: int, *, missed: int) -> float:
    """Return after how many seconds all of a crowd that comes back have been told what they missed."""
    async with there.listened_to(listeners) as crowd:
        await crowd.come()
        await there.change()
        await crowd.until("last", 1)
        await crowd.leave()
        for _ in range(missed):
            await there.change()
        await asyncio.sleep(1.0)
        begun = time.monotonic()
        await crowd.come()
        return float((await crowd.until("last", 1 + missed))["at"]) - begun


def different_operations(count: int) -> list[str]:
    """Return as many operations that ask for the same under other names."""
    return [_WATCH.replace("summary", f"summary{number}: summary") for number in range(count)]
