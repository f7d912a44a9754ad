"""What `scripts/bench --listeners` does: how soon a change has come to the last of thousands, and what each of them costs.

Against a bare broadcast of the same bytes over the same WebSocket server. The listeners are in a process of their own.
"""

import argparse
import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx2
import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import Role
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.models import Integration, IntegrationStatus
from app.storage import database
from app.teams import console
from app.teams.models import Member
from tests import databases
from tests.callers import Api
from tests.journeys.footprint import memory_of
from tests.journeys.soaking import JSON, UNLIMITED, say
from tests.processes import Service, free_port, make_keyring_in
from tests.services import services_beside

TEAM = "crowd"
ADMIN = "ada@crowd.example.com"
OF_ONE_MEMBER = 40
"""Of the 50 sockets that a member may have."""

HEAD = "{ eventCursor }"
CHANGE = "mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { userErrors { message } } }"
WATCH = """
subscription ($after: String) {
  eventRecorded(after: $after) { id cursor sequence type subjectId summary actor { name } subject { id } }
}"""
APPS, INTEGRATIONS = 50, 5
PAGE = """
query {
  installedApps(first: 50) {
    nodes {
      id name connectedTo status createdAt provider { key name } installedBy { id name }
      integrations(first: 5) { nodes { id name status connectedTo } pageInfo { hasNextPage } }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
CHANGES_A_SECOND = 2
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Told:
    """Seconds from when the change was asked for until the last had it, and the CPU that it took for each."""

    seconds: float
    cpu_ms: float

    def __str__(self) -> str:
        return f"the last has it after {self.seconds * 1000:.0f} ms, {self.cpu_ms:.4f} ms of CPU each"


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


@dataclass
class House:
    """A service with a team of many members. `checkout`: where it is run from."""

    service: Service
    api: Api
    tokens: Sequence[str]
    changes: int = 0

    async def change(self) -> float:
        """Make a change; return when it was asked for."""
        self.changes += 1
        begun = time.monotonic()
        added = await self.api.ask(CHANGE, input={"name": "Eve", "role": "VIEWER", "email": f"eve-{self.changes}@example.com"})
        assert added["addTeamMember"]["userErrors"] == []
        return begun

    @asynccontextmanager
    async def listened_to(self, listeners: int, *, operations: Sequence[str] = (WATCH,)) -> AsyncIterator[Crowd]:
        """Yield a crowd that asks these operations by turns, from now on."""
        after = (await self.api.ask(HEAD))["eventCursor"]
        greetings = [
            _text({"type": "connection_init", "payload": {"authorization": f"Bearer {self.tokens[number // OF_ONE_MEMBER]}"}})
            for number in range(listeners)
        ]
        questions = [
            _text(
                {
                    "id": "1",
                    "type": "subscribe",
                    "payload": {"query": operations[number % len(operations)], "variables": {"after": after}},
                }
            )
            for number in range(listeners)
        ]
        async with crowd_at(self.service.port, greetings=greetings, questions=questions) as crowd:
            yield crowd


@asynccontextmanager
async def house(checkout: Path | None, *, members: int) -> AsyncIterator[House]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with databases.blank(folder) as url:
            service = Service(folder=folder, database_url=url, environment=UNLIMITED, checkout=checkout)
            make_keyring_in(folder)
            try:
                await service.start()
                yield await _open(service, members=members)
            finally:
                service.kill()


async def _open(service: Service, *, members: int) -> House:
    tokens = []
    async with services_beside(service) as services:
        await console.create_team(name=TEAM, admin_name="Ada", admin_email=ADMIN, services=services)
        admin = await console.create_token(team=TEAM, email=ADMIN, scopes=(), days=None, services=services)
        for number in range(members):
            email = f"member-{number}@crowd.example.com"
            await console.add_member(team=TEAM, name=f"Member {number}", email=email, role=Role.VIEWER, services=services)
            made = await console.create_token(team=TEAM, email=email, scopes=(), days=None, services=services)
            tokens.append(made.reveal())
        await _fill_page(now=services.clock.now())
    return House(service, Api(service.url, admin.reveal()), tokens)


async def _fill_page(*, now: datetime) -> None:
    """Give the team what the page shows."""
    member = await Member.first()
    assert member is not None
    made = {"team_id": member.team_id, "created_at": now, "updated_at": now}
    apps = [
        InstalledApp(
            **made,
            id=uuid4(),
            provider="slack",
            name=f"Workspace {number}",
            connected_to=f"Example {number}",
            account_id=f"T{number}",
            origin="https://slack.com",
            url=f"https://example-{number}.slack.com",
            installed_by_id=member.id,
            status=InstalledAppStatus.ACTIVE,
            live_key=f"T{number}",
        )
        for number in range(APPS)
    ]
    integrations = [
        Integration(
            **made,
            id=uuid4(),
            kind="post-monitoring-results",
            provider=app.provider,
            name=f"Integration {number}",
            connected_to=app.connected_to,
            account_id=app.account_id,
            origin=app.origin,
            uses_installed_app=True,
            status_changed_at=now,
            created_by_id=member.id,
            installed_app_id=app.id,
            status=IntegrationStatus.ACTIVE,
        )
        for app in apps
        for number in range(INTEGRATIONS)
    ]

    async def put(_connection: BaseDBAsyncClient) -> None:
        await InstalledApp.bulk_create(apps)
        await Integration.bulk_create(integrations)

    await database.write(put)


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
        await asyncio.sleep(1 / CHANGES_A_SECOND)


async def _p99_of_page(there: House, *, seconds: float) -> float:
    waits, end = [], time.monotonic() + seconds
    headers = {"authorization": f"Bearer {there.api.token}"}
    async with httpx2.AsyncClient(trust_env=False, timeout=60, headers=headers) as client:
        while (begun := time.monotonic()) < end:
            answer = (await client.post(f"{there.service.url}/graphql", json={"query": PAGE})).json()
            waits.append(time.monotonic() - begun)
            assert len(answer["data"]["installedApps"]["nodes"]) == APPS
            await asyncio.sleep(0.02)
    return sorted(waits)[int(0.99 * len(waits))]


async def tell_all(there: House, listeners: int, *, operations: Sequence[str] = (WATCH,), events: int) -> list[Told]:
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
        cpu = cpu_of(there.service.process)
        begun = await there.change()
        end = (await crowd.until("last", number))["at"]
        await asyncio.sleep(0.2)  # what is done behind it is counted too
        figures.append(Told(end - begun, (cpu_of(there.service.process) - cpu) / crowd.size * 1000))
    return figures


@asynccontextmanager
async def broadcast() -> AsyncIterator[tuple[int, "subprocess.Popen[bytes]"]]:
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


async def broadcast_to_all(listeners: int, *, body: str, events: int) -> list[Told]:
    """Return what it costs to send the same bytes to as many, and nothing else."""
    greeting = _text({"type": "next"})
    figures = []
    async with (
        broadcast() as (port, process),
        crowd_at(port, greetings=[greeting] * listeners) as crowd,
        httpx2.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        await crowd.come()
        for number in range(1, events + 2):
            cpu, begun = cpu_of(process), time.monotonic()
            await client.post(f"http://127.0.0.1:{port}/", content=body)
            end = (await crowd.until("last", number))["at"]
            await asyncio.sleep(0.2)
            figures.append(Told(end - begun, (cpu_of(process) - cpu) / listeners * 1000))
    return figures[1:]


async def connecting(there: House, listeners: int) -> tuple[float, float]:
    """Return what a listener that comes and subscribes costs, in ms of CPU, and what each of them holds, in KiB."""
    async with there.listened_to(listeners) as crowd:
        cpu, memory = cpu_of(there.service.process), memory_of(there.service)
        await crowd.come()
        await there.change()
        await crowd.until("last", 1)
        cpu = cpu_of(there.service.process) - cpu
        await asyncio.sleep(2.0)
        return cpu / listeners * 1000, (memory_of(there.service) - memory) / listeners * 1024


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
    return [WATCH.replace("summary", f"summary{number}: summary") for number in range(count)]


def cpu_of(process: "subprocess.Popen[bytes] | None") -> float:
    """Return how many seconds of CPU all threads of the process have had."""
    assert process is not None
    tasks = Path(f"/proc/{process.pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def quartile(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 4]


def describe(told: Sequence[Told]) -> str:
    seconds, cpu = [each.seconds for each in told], [each.cpu_ms for each in told]
    return (
        f"last after {median(seconds) * 1000:.0f} ms (least {min(seconds) * 1000:.0f}, most {max(seconds) * 1000:.0f}), "
        f"CPU each {quartile(cpu):.4f} ms"
    )


def _text(message: JSON) -> str:
    return orjson.dumps(message).decode()


async def compare(checkouts: Sequence[Path], *, listeners: int, events: int, only: Sequence[str]) -> None:
    members = -(-listeners // OF_ONE_MEMBER)
    body = ""
    for checkout in checkouts:
        say(f"{checkout}:")
        async with house(checkout, members=members) as there:
            if "connecting" in only:
                cpu, memory = await connecting(there, min(listeners, 2000))
                say(f"  connecting: {cpu:.2f} ms of CPU, {memory:.1f} KiB each")
            if "equal" in only:
                async with there.listened_to(listeners) as crowd:
                    await crowd.come()
                    told = await told_of(there, crowd, events=events)
                    body = (await crowd.until("first", 2))["bytes"]
                say(f"  {listeners} equal: {describe(told)}")
            if "distinct" in only:
                distinct = different_operations(min(listeners, 1000))
                told = await tell_all(there, len(distinct), operations=distinct, events=max(2, events // 4))
                say(f"  {len(distinct)} distinct: {describe(told)}")
            if "page" in only:
                alone, beside = await page_beside(there, min(listeners, 1000), seconds=20)
                say(
                    f"  the page's p99: {alone * 1000:.0f} ms alone, "
                    f"{beside * 1000:.0f} ms beside {min(listeners, 1000)} listeners"
                )
            if "back" in only:
                seconds = await coming_back(there, min(listeners, 1000), missed=20)
                say(f"  {min(listeners, 1000)} coming back, 20 missed: {seconds:.2f} s")
    if body:
        say(f"{listeners} bare: {describe(await broadcast_to_all(listeners, body=body, events=events))}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).parent.parent])
    parser.add_argument("--listeners", type=int, default=5000)
    parser.add_argument("--events", type=int, default=8)
    parser.add_argument("--only", default="connecting,equal,distinct,page,back")
    given = parser.parse_args()
    asyncio.run(compare(given.checkouts, listeners=given.listeners, events=given.events, only=given.only.split(",")))
