"""Callers of all kinds who come and go: a visit is a connection or a few, and ends in one of the ways in which they end."""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random

import httpx2
import websockets

from tests.callers import Api, Browser, Socket, socket_to
from tests.journeys import connecting
from tests.journeys.planted import Planted
from tests.journeys.raw_sockets import converse, odd_conversations
from tests.journeys.soaking import JSON
from tests.journeys.story import RECORD, Story
from tests.journeys.test_burst import run_of
from tests.journeys.test_drops import WATCH_AT_LENGTH
from tests.journeys.test_early_completion import MONITOR, PAUSE, RESUME
from tests.journeys.test_git_story import DEFINITION, FIND_REPOSITORY

PATIENCE_SECONDS = 60.0
LONGEST_STAY = 8.0

WATCH = "subscription ($after: String) { eventRecorded(after: $after) { cursor sequence type summary } }"
CURSOR = "query { eventCursor }"
REMOVE = "mutation ($id: ID!) { deleteIntegration(input: {id: $id}) { deletedIntegrationId userErrors { message } } }"


@dataclass
class Team:
    """A team that callers come from. `quiet` is an integration that posts nothing about runs that passed."""

    story: Story
    quiet: str
    app: str
    channel: str
    git_server: str | None = None
    definition: str | None = None
    is_signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A browser walks through one sign-in at a time."""


@dataclass
class Visits:
    """Lets callers come, so many a second; keeps what they came for, and whatever went otherwise than it has to."""

    teams: list[Team]
    random: Random
    per_second: float
    made: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    turned_away: int = 0
    """How many were told to come back later, as those are whom a slow machine cannot serve in time."""

    numbers: "count[int]" = field(default_factory=lambda: count(1))
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    async def come(self, *, seconds: float, times: float = 1.0) -> None:
        """Let them come for so long, `times` as many, and return when the last one has gone.

        Nobody comes while too many are there.
        """
        loop, per_second = asyncio.get_running_loop(), self.per_second * times
        end = loop.time() + seconds
        kinds, weights = zip(*_KINDS.items(), strict=True)
        async with _client() as client:
            while loop.time() < end:
                if len(self._under_way) < LONGEST_STAY * per_second:
                    [kind] = self.random.choices(kinds, weights)
                    self._send(kind, Visitor(self.random.choice(self.teams), client, self.random, self.numbers))
                await asyncio.sleep(self.random.expovariate(per_second))  # when the next one comes
            while self._under_way:
                await asyncio.wait(self._under_way)

    def _send(self, kind: "Kind", visitor: "Visitor") -> None:
        task = asyncio.create_task(self._pay(kind, visitor))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _pay(self, kind: "Kind", visitor: "Visitor") -> None:
        self.made[kind.__name__] += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await kind(visitor)
        except Exception as error:  # noqa: BLE001 - told at the end, all of them
            if _is_turned_away(error):
                self.turned_away += 1
            else:
                self.failed.append(f"{kind.__name__}: {type(error).__name__}: {error}"[:300])


@dataclass
class Visitor:
    team: Team
    client: httpx2.AsyncClient
    random: Random
    numbers: "count[int]"

    @property
    def api(self) -> Api:
        return self.team.story.admin

    @property
    def url(self) -> str:
        return self.team.story.service.url

    async def ask(self, operation: str, **variables: object) -> JSON:
        """Ask over a connection of its own; return `data`, and fail on any error."""
        answer: JSON = (await self.post(operation, variables)).json()
        assert "errors" not in answer, answer["errors"]
        data: JSON = answer["data"]
        return data

    async def post(self, operation: object, variables: object = None, **headers: str) -> httpx2.Response:
        given = {"authorization": f"Bearer {self.api.token}"} | headers
        body = {"query": operation, "variables": variables}
        return await self.client.post(f"{self.url}/graphql", json=body, headers=given)

    async def stay(self, *, at_most: float = LONGEST_STAY) -> None:
        await asyncio.sleep(self.random.uniform(0, at_most))  # being there is what this is about


Kind = Callable[[Visitor], Awaitable[None]]


async def read(visitor: Visitor) -> None:
    """Ask in words that nobody has used before."""
    named = connecting.EVERYTHING.replace("query {", f"query Number{next(visitor.numbers)} {{", 1)
    await visitor.ask(named)


async def change(visitor: Visitor) -> None:
    """Have events written: into the log, and into the ring of the team's listeners."""
    operation = visitor.random.choice([PAUSE, RESUME])
    await visitor.ask(operation, id=visitor.team.quiet)
    await report(visitor, monitor=MONITOR)


async def report(visitor: Visitor, *, monitor: str) -> None:
    reported = run_of(monitor, f"run-{next(visitor.numbers)}-{visitor.random.getrandbits(64)}", "PASSED")
    recorded = (await visitor.ask(RECORD, input=reported))["recordMonitorRun"]
    assert recorded["userErrors"] == [], recorded["userErrors"]


async def have_something_posted(visitor: Visitor) -> None:
    """Add an integration, have one message posted, and take the integration away again."""
    story, monitor = visitor.team.story, f"monitor-{next(visitor.numbers)}"
    using = {"installedAppId": visitor.team.app}
    added = await story.add(story.admin, name=monitor, using=using, monitor=monitor, channel=visitor.team.channel)
    await report(visitor, monitor=monitor)
    await visitor.stay(at_most=2)
    await visitor.ask(REMOVE, id=added["integration"]["id"])


async def sign_in_at_slack(visitor: Visitor) -> None:
    """Leave the sign-in half of the times; else put it to work and take it away again, so that it is given back."""
    story = visitor.team.story
    async with visitor.team.is_signing_in:
        authorization = await story.sign_in_at_slack(workspace="Globex")
    if visitor.random.random() < 0.5:
        return
    using = {"authorization": {"authorizationId": authorization, "shareWithTeam": False}}
    channel = await story.channel(authorization, name="general")
    monitor = f"monitor-{next(visitor.numbers)}"
    added = await story.add(story.admin, name=monitor, using=using, monitor=monitor, channel=channel)
    await visitor.ask(REMOVE, id=added["integration"]["id"])


async def ask_a_git_server(visitor: Visitor) -> None:
    if visitor.team.git_server is None:
        return
    if visitor.random.random() < 0.1:
        expiry = {"provider": "gitlab", "fault": "expire_tokens"}
        await visitor.client.post(f"{visitor.team.story.service.sandbox_url}/control/faults", json=expiry)
    # Whatever is looked for is a question of its own, whose answer is kept for a while.
    await visitor.ask(FIND_REPOSITORY, id=visitor.team.git_server, search=f"payments{next(visitor.numbers)}")
    await visitor.ask(DEFINITION, id=visitor.team.definition)


async def sign_in_and_out(visitor: Visitor) -> None:
    """Have a token, sign a browser in with it, look, and sign out; or have the token revoked while a socket listens with it."""
    made = {"name": "For a while", "scopes": ["READ", "RUNS_WRITE", "INTEGRATIONS_WRITE", "ADMIN"]}
    created = (await visitor.ask(connecting.CREATE_TOKEN, input=made))["createAccessToken"]
    assert created["userErrors"] == [], created["userErrors"]
    browser = Browser()
    try:
        page = await browser.submit(await browser.open(f"{visitor.url}/sign-in"), token=created["token"])
        assert page.status == httpx2.codes.OK, page
        await browser.client.post(f"{visitor.url}/sign-out", headers={"origin": visitor.url})
    finally:
        await browser.close()
    async with socket_to(visitor.url, created["token"]) as heard:
        await heard.begin(WATCH)
        await visitor.ask(connecting.REVOKE_TOKEN, input={"id": created["accessToken"]["id"]})
        try:
            while True:
                await heard.receive()
        except websockets.ConnectionClosed:
            assert heard.connection.close_code == 4403


async def listen_and_leave(visitor: Visitor) -> None:
    """Subscribe, stay for a while, and leave: by the protocol, a close or a reset, in the middle of an operation, or at once."""
    after = (await visitor.ask(CURSOR))["eventCursor"] if visitor.random.random() < 0.5 else None
    async with socket_to(visitor.url, visitor.api.token) as heard:
        begun = [await heard.begin(WATCH, after=after) for _ in range(visitor.random.randint(1, 5))]
        way = visitor.random.choice(["complete", "close", "reset", "in the middle", "at once"])
        if way == "at once":
            _reset(heard.connection.transport)
            return
        await _hear(visitor, heard)
        match way:
            case "complete":
                for each in begun:
                    await heard.complete(each)
            case "reset":
                _reset(heard.connection.transport)
            case "in the middle":
                await heard.begin(visitor.random.choice([PAUSE, RESUME]), id=visitor.team.quiet)
                await heard.begin(connecting.EVERYTHING)
                _reset(heard.connection.transport)


async def complete_early(visitor: Visitor) -> None:
    async with socket_to(visitor.url, visitor.api.token) as socket:
        for _ in range(5):
            begun = await socket.begin(visitor.random.choice([PAUSE, RESUME, connecting.EVERYTHING]), id=visitor.team.quiet)
            await asyncio.sleep(visitor.random.uniform(0, 0.03))  # somewhere in the middle
            await socket.complete(begun)


async def read_a_stream(visitor: Visitor) -> None:
    """Read server-sent events for a while, and leave by a close or a reset."""
    async with _streaming(visitor, WATCH) as (reader, writer):
        try:
            async with asyncio.timeout(visitor.random.uniform(0.1, LONGEST_STAY)):
                while await reader.read(1 << 16):
                    pass
        except TimeoutError:
            pass
        _leave(visitor, writer)


async def read_slowly(visitor: Visitor) -> None:
    """Ask for more than the connection holds, and read nothing of it; from a stream or from a socket."""
    from_the_first = (await visitor.ask("query { events(first: 1) { nodes { cursor } } }"))["events"]["nodes"][0]["cursor"]
    if visitor.random.random() < 0.5:
        async with _streaming(visitor, WATCH_AT_LENGTH, after=from_the_first) as (_, writer):
            await visitor.stay()
            _leave(visitor, writer)
        return
    async with socket_to(visitor.url, visitor.api.token) as deaf:
        deaf.connection.transport.pause_reading()
        for _ in range(10):
            await deaf.begin(WATCH_AT_LENGTH, after=from_the_first)
        await visitor.stay()
        _reset(deaf.connection.transport)


async def be_refused(visitor: Visitor) -> None:
    """Ask what cannot be answered: as nobody, in no language, for too much."""
    nobody = await visitor.post(CURSOR, authorization="Bearer ia_nobody")
    assert nobody.status_code in {401, 429}, nobody  # 429 where an address was refused too often within the minute
    unreadable = await visitor.client.post(f"{visitor.url}/graphql", content=b"{", headers={"content-type": "application/json"})
    assert unreadable.status_code == 400, unreadable
    unknown = await visitor.post(f"query {{ nothing{next(visitor.numbers)} }}")
    assert "errors" in unknown.json()
    deep = f"query {{ {'viewer { ' * 200} {'}' * 200} }}"
    assert "errors" in (await visitor.post(deep)).json()
    assert (await visitor.client.get(f"{visitor.url}/nowhere/{next(visitor.numbers)}")).status_code == 404


async def speak_oddly(visitor: Visitor) -> None:
    """Open a WebSocket and say something that is wrong."""
    chosen = visitor.random.choice(list(odd_conversations(Planted().value, token=visitor.api.token)))
    await converse(chosen, port=visitor.team.story.service.port)


async def break_off(visitor: Visitor) -> None:
    """Begin a request and go away in the middle of it."""
    _, writer = await asyncio.open_connection("127.0.0.1", visitor.team.story.service.port)
    whole = _request(visitor, CURSOR, "application/json")
    writer.write(whole[: visitor.random.randrange(len(whole) + 1)])
    await writer.drain()
    await visitor.stay(at_most=1)
    _leave(visitor, writer)


_KINDS: dict[Kind, int] = {
    read: 16,
    change: 16,
    listen_and_leave: 20,
    complete_early: 6,
    read_a_stream: 10,
    read_slowly: 3,
    be_refused: 8,
    speak_oddly: 6,
    break_off: 10,
    ask_a_git_server: 6,
    sign_in_and_out: 3,
    sign_in_at_slack: 2,
    have_something_posted: 2,
}
"""What callers come for, and how often."""


def _is_turned_away(error: Exception) -> bool:
    if isinstance(error, websockets.ConnectionClosed):
        return error.rcvd is not None and error.rcvd.code == 1012
    return isinstance(error, AssertionError) and "'UNAVAILABLE'" in str(error)


def _client() -> httpx2.AsyncClient:
    """Return a client that opens a connection for each request."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS, limits=limits)


async def _hear(visitor: Visitor, heard: Socket) -> None:
    try:
        async with asyncio.timeout(visitor.random.uniform(0, LONGEST_STAY)):
            while True:
                await heard.receive()
    except TimeoutError:
        pass


@asynccontextmanager
async def _streaming(
    visitor: Visitor, operation: str, **variables: object
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # before it connects, or the machine takes megabytes for us
    small.setblocking(False)  # noqa: FBT003 - its own name for it
    await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", visitor.team.story.service.port))
    reader, writer = await asyncio.open_connection(sock=small, limit=1 << 10)
    writer.write(_request(visitor, operation, "text/event-stream", **variables))
    await writer.drain()
    yield reader, writer


def _request(visitor: Visitor, operation: str, accept: str, **variables: object) -> bytes:
    body = json.dumps({"query": operation, "variables": variables}).encode()
    lines = (
        "POST /graphql HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {visitor.api.token}",
        f"Accept: {accept}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def _leave(visitor: Visitor, writer: asyncio.StreamWriter) -> None:
    if visitor.random.random() < 0.5:
        _reset(writer.transport)
    else:
        writer.close()


def _reset(transport: asyncio.BaseTransport) -> None:
    """End the connection by a RST."""
    given: socket.socket | None = transport.get_extra_info("socket")
    if given is not None and given.fileno() >= 0:
        given.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()  # type: ignore[attr-defined]  # as every transport that writes
