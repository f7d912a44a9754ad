"""A thousand subscribers of ten teams across three server processes that are restarted one after another, again and again.

Each subscriber that is sent away comes back at once, with its cursor, to any of the three: none misses or repeats a change.
"""

import asyncio
import contextlib
import resource
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import orjson
import pytest
import websockets

from app.sealing.keyring import make_keyring
from app.teams import console
from tests import databases
from tests.callers import Api
from tests.journeys.soaking import fresh_random, full, log_of, say, until
from tests.processes import Service
from tests.services import services_beside

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not databases.POSTGRES_URL, reason="several machines share a PostgreSQL"),
]

SERVERS = 3
TEAMS = 10
SUBSCRIBERS = full(1_000, ci=100)
ROLLS = full(10, ci=3)

CHANGES_A_SECOND = 5.0
RESUME_SECONDS = 60.0
CATCH_UP_SECONDS = 60.0
COME_BACK = 1012

WATCH = "subscription ($after: String) { eventRecorded(after: $after) { sequence cursor } }"
MAKE = "mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken { id } } }"
HEAD = "{ eventCursor }"


async def test_subscribers_miss_and_repeat_nothing_through_rolling_restarts(database_url: str, tmp_path: Path) -> None:
    random = fresh_random()
    with many_open_files():
        async with servers(tmp_path, database_url=database_url) as running:
            teams = await found_teams(running[0])
            begins = [str((await team.ask(HEAD))["eventCursor"]) for team in teams]
            crowd = [
                Subscriber(teams[number % TEAMS].token, begins[number % TEAMS], servers=running, random=random)
                for number in range(SUBSCRIBERS)
            ]
            following = [asyncio.create_task(subscriber.follow()) for subscriber in crowd]
            await until_all_listen(crowd)
            enough = asyncio.Event()
            making = asyncio.create_task(make_changes(teams, running, random=random, until=enough))

            stops = [await restart(server, crowd) for _ in range(ROLLS) for server in running]

            enough.set()
            made = await making
            logs = [
                [event["sequence"] for event in await log_of(team, after=begin)]
                for team, begin in zip(teams, begins, strict=True)
            ]
            await until_all_have_heard(crowd, logs)
            closed = sum((subscriber.closed for subscriber in crowd), Counter[int | None]())
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)

    told = [subscriber.sequences for subscriber in crowd]
    assert [number for number in range(SUBSCRIBERS) if told[number] != logs[number % TEAMS]] == []
    say(
        f"rolling: {SUBSCRIBERS} subscribers, {ROLLS} rolling restarts of {SERVERS} processes; {sum(map(len, logs))} changes "
        f"({made} answered), {sum(map(len, told))} told; sent away {dict(closed)}; "
        f"back: {spread([took for subscriber in crowd for took in subscriber.resumed])}; stops: {spread(stops)}"
    )
    assert set(closed) == {COME_BACK}


@dataclass
class Subscriber:
    """Follows its team's log, from server to server."""

    token: str
    cursor: str
    servers: Sequence[Service]
    random: Random
    sequences: list[int] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    closed: "Counter[int | None]" = field(default_factory=Counter)
    listens_to: Service | None = None

    async def follow(self) -> None:
        lost_at = time.monotonic()
        while True:
            server = self.random.choice(self.servers)
            with contextlib.suppress(OSError, TimeoutError, websockets.InvalidHandshake, websockets.ConnectionClosed):
                async with connected(server) as socket:
                    await socket.send(message("connection_init", {"authorization": f"Bearer {self.token}"}))
                    try:
                        await self._listen(socket, server, lost_at)
                    finally:
                        if self.listens_to is not None:
                            lost_at, self.listens_to = time.monotonic(), None
                            self.closed[socket.close_code] += 1
                    continue
            await asyncio.sleep(self.random.uniform(0, 0.2))  # that one is not there: soon another

    async def _listen(self, socket: websockets.ClientConnection, server: Service, lost_at: float) -> None:
        async for text in socket:
            received: dict[str, Any] = orjson.loads(text)
            match received["type"]:
                case "connection_ack":
                    await socket.send(message("subscribe", {"query": WATCH, "variables": {"after": self.cursor}}, id="1"))
                    self.listens_to = server
                    self.resumed.append(time.monotonic() - lost_at)
                case "next":
                    event = received["payload"]["data"]["eventRecorded"]
                    self.sequences.append(event["sequence"])
                    self.cursor = event["cursor"]
                case kind:
                    raise AssertionError(f"{kind}: {received}")


def connected(server: Service) -> websockets.connect:
    address = f"{server.url.replace('http', 'ws', 1)}/graphql"
    protocols = [websockets.Subprotocol("graphql-transport-ws")]
    return websockets.connect(address, subprotocols=protocols, compression=None, proxy=None, open_timeout=RESUME_SECONDS)


def message(kind: str, payload: object, **more: str) -> str:
    return orjson.dumps({"type": kind, "payload": payload, **more}).decode()


@contextlib.asynccontextmanager
async def servers(folder: Path, *, database_url: str) -> AsyncIterator[list[Service]]:
    """Yield three running services that share everything but their ports."""
    make_keyring(folder / "keyring.json")
    first = Service(folder=folder, database_url=database_url, name="server-1")
    running = [first, *(first.beside(name=f"server-{number}") for number in range(2, SERVERS + 1))]
    try:
        for server in running:
            await server.start()
        yield running
    finally:
        for server in running:
            server.kill()


async def restart(server: Service, crowd: Sequence[Subscriber]) -> float:
    """Restart one server and return once everybody listens again; how long the stop took."""
    began = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    took = time.monotonic() - began
    await server.start()
    await until_all_listen(crowd)
    return took


async def found_teams(server: Service) -> list[Api]:
    async with services_beside(server) as services:
        names = [f"Team {number}" for number in range(TEAMS)]
        for name in names:
            await console.create_team(name=name, admin_name="Ada", admin_email="ada@example.com", services=services)
        tokens = [
            await console.create_token(team=name, email="ada@example.com", scopes=(), days=None, services=services)
            for name in names
        ]
    return [Api(server.url, token.reveal()) for token in tokens]


async def make_changes(teams: Sequence[Api], servers: Sequence[Service], *, random: Random, until: asyncio.Event) -> int:
    """Change something in one team after another, at any server; return how many changes were answered with success."""
    made = 0
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        while not until.is_set():
            body = {"query": MAKE, "variables": {"input": {"name": "A change", "scopes": ["READ"]}}}
            headers = {"authorization": f"Bearer {random.choice(teams).token}"}
            # One that goes away in the middle of it: the log says whether it was done.
            with contextlib.suppress(httpx2.TransportError):
                answer = (await client.post(f"{random.choice(servers).url}/graphql", json=body, headers=headers)).json()
                assert answer["data"]["createAccessToken"]["accessToken"] is not None, answer
                made += 1
            await asyncio.sleep(1 / CHANGES_A_SECOND)  # the pace
    return made


async def until_all_listen(crowd: Sequence[Subscriber]) -> None:
    async def do_listen() -> bool:
        return all(subscriber.listens_to is not None for subscriber in crowd)

    await until(do_listen, seconds=RESUME_SECONDS)


async def until_all_have_heard(crowd: Sequence[Subscriber], logs: Sequence[Sequence[int]]) -> None:
    async def have_heard() -> bool:
        return all(subscriber.sequences[-1:] == logs[number % TEAMS][-1:] for number, subscriber in enumerate(crowd))

    await until(have_heard, seconds=CATCH_UP_SECONDS)


def spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    return (
        f"{len(ordered)} times, p50 {statistics.median(ordered):.2f} s, p99 {ordered[len(ordered) * 99 // 100]:.2f} s, "
        f"max {ordered[-1]:.2f} s"
    )


@contextlib.contextmanager
def many_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
