"""How a server process ends, seen by its callers: real processes, real signals."""

import asyncio
import json
import signal
import socket as sockets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import websockets

from tests.callers import JSON, Socket, socket_to
from tests.journeys.soaking import log_of, messages, telling, until, until_none_waits
from tests.journeys.story import ADD, INTEGRATIONS, Story
from tests.journeys.test_burst import run_of
from tests.journeys.test_kills import served_beside_sandbox
from tests.processes import Service, serving

pytestmark = pytest.mark.processes

WATCH = "subscription ($after: String) { eventRecorded(after: $after) { sequence type cursor } }"
MAKE = "mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken { id } } }"
RECORD = "mutation ($input: RecordMonitorRunInput!) { recordMonitorRun(input: $input) { deliveries { id } } }"
ATTEMPTS = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Delivery { status attempts { succeeded } } } }"

QUICK = 20.0
"""In seconds: a stop that has to wait for nothing takes less than one, on a machine that has nothing else to do."""

COME_BACK = 1012


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with served_beside_sandbox(tmp_path, database_url=database_url) as running:
        yield running


@pytest.fixture
async def story(service: Service) -> AsyncIterator[Story]:
    async with telling(service) as told:
        yield told


async def test_listeners_are_told_what_is_committed_and_then_to_come_back(story: Story) -> None:
    listeners = [Listener() for _ in range(20)]
    listening = [asyncio.create_task(listener.listen(story)) for listener in listeners]
    await make_events_until_heard(story, listeners)

    await asyncio.gather(*(make_event(story) for _ in range(10)))
    took = await stop(story.service)
    await asyncio.gather(*listening)

    await story.service.start("--sandbox")
    log = [event["sequence"] for event in await log_of(story.admin)]
    for listener in listeners:
        assert listener.sequences == log[-len(listener.sequences) :]
        assert (listener.code, listener.kinds) == (COME_BACK, {"next"})
    assert took < QUICK


async def test_a_listener_that_was_told_nothing_is_given_a_cursor_to_come_back_with(story: Story) -> None:
    end = (await story.admin.ask("{ eventCursor }"))["eventCursor"]
    async with socket_to(story.service.url, story.admin.token) as socket:
        await socket.begin("subscription { deliveryChanged { sequence } }")
        assert (await ask_over(socket, "{ viewer { team { name } } }"))["type"] == "next"
        await stop(story.service)
        code = await close_code(socket)

    assert (code, socket.connection.close_reason) == (COME_BACK, f"Service restart, after: {end}")


async def test_a_stream_is_told_what_is_committed_and_ends_without_complete(story: Story) -> None:
    begun = asyncio.Event()

    async def read() -> bytes:
        body = b""
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=30) as client,
            client.stream(
                "POST",
                f"{story.service.url}/graphql",
                json={"query": "subscription { eventRecorded(after: null) { sequence } }"},
                headers={"authorization": f"Bearer {story.admin.token}", "accept": "text/event-stream"},
            ) as response,
        ):
            begun.set()
            async for part in response.aiter_bytes():
                body += part
        return body

    reading = asyncio.create_task(read())
    await begun.wait()
    await asyncio.gather(*(make_event(story) for _ in range(5)))
    took = await stop(story.service)
    *events, farewell = (await reading).strip().split(b"\n\n")

    await story.service.start("--sandbox")
    last = (await log_of(story.admin))[-1]
    assert json.loads(events[-1].removeprefix(b"event: next\ndata: "))["data"] == {
        "eventRecorded": {"sequence": last["sequence"]}
    }
    assert farewell == b": after " + last["cursor"].encode()
    assert took < QUICK


async def test_a_change_under_way_is_answered_and_nobody_new_is_let_in(story: Story) -> None:
    authorization = await story.sign_in_at_slack()
    channel = await story.channel(authorization)
    settings = {"postMonitoringResults": {"monitorKey": "nightly", "channelId": channel, "notify": "ALL_RUNS"}}
    using = {"authorization": {"authorizationId": authorization, "shareWithTeam": False}}
    await order_slowness(story.service, seconds=2)
    before = await requests_seen(story.service)
    url = story.service.url

    async with socket_to(url, story.admin.token) as socket, httpx2.AsyncClient(trust_env=False) as kept_alive:
        assert (await kept_alive.get(f"{url}/readyz")).status_code == 200
        asked = await socket.begin(ADD, input={"name": "Nightly", "using": using, "settings": settings})
        await until_asked(story.service, more_than=before)
        stopping = asyncio.create_task(stop(story.service))
        await until_refused(url)
        readiness = await kept_alive.get(f"{url}/readyz")
        answer, end = await socket.receive(), await socket.receive()
        code = await close_code(socket)
        took = await stopping

    assert (readiness.status_code, readiness.json()) == (503, {"ready": False, "why": "The process is stopping."})
    assert (answer["id"], answer["type"], end) == (asked, "next", {"id": asked, "type": "complete"})
    assert answer["payload"]["data"]["addIntegration"]["userErrors"] == []
    assert code == COME_BACK
    assert took < 2 + QUICK
    await story.service.start("--sandbox")
    integrations = (await story.admin.ask(INTEGRATIONS))["integrations"]["nodes"]
    assert [each["name"] for each in integrations] == ["Nightly"]


async def test_a_delivery_under_way_is_finished_and_saved_once(story: Story) -> None:
    delivery = await begin_slow_delivery(story)

    took = await stop(story.service)

    assert took < 2 + QUICK
    assert len(await messages(story.service)) == 1
    await story.service.start("--sandbox", "--no-background")
    [found] = (await story.admin.ask(ATTEMPTS, ids=[delivery]))["nodes"]
    assert found == {"status": "DELIVERED", "attempts": [{"succeeded": True}]}


async def test_a_worker_finishes_what_is_under_way_and_leaves_the_rest_to_others(story: Story) -> None:
    service, worker = story.service, story.service.beside(name="worker")
    await stop(service)
    await service.start("--sandbox", "--no-background")
    await worker.start_worker("--sandbox")
    try:
        delivery = await begin_slow_delivery(story)

        took = await stop(worker)

        later = (await story.admin.ask(RECORD, input=run_of("nightly", "later", "PASSED")))["recordMonitorRun"]["deliveries"]
        [found] = (await story.admin.ask(ATTEMPTS, ids=[delivery]))["nodes"]
        assert found == {"status": "DELIVERED", "attempts": [{"succeeded": True}]}
        assert took < 2 + QUICK
        await worker.start_worker("--sandbox")
        ids = [one["id"] for one in later]
        assert await until_none_waits(story.admin, ids, seconds=30) == dict.fromkeys(ids, "DELIVERED")
        assert len(await messages(service)) == 2
    finally:
        worker.kill()


async def test_a_second_signal_ends_the_process_at_once(story: Story) -> None:
    await begin_slow_delivery(story, seconds=9)
    url = story.service.url

    story.service.tell(signal.SIGTERM)
    await until_refused(url)
    began = time.monotonic()
    story.service.tell(signal.SIGTERM)

    assert story.service.process is not None
    assert await asyncio.to_thread(story.service.process.wait, QUICK) == -signal.SIGTERM
    assert time.monotonic() - began < QUICK


@pytest.mark.endurance
async def test_who_does_not_read_cannot_hold_up_the_end(story: Story) -> None:
    for _ in range(4):
        await asyncio.gather(*(make_event(story) for _ in range(20)))
    at_length = " ".join(f"s{number}: summary" for number in range(25))

    async with socket_to(story.service.url, story.admin.token) as socket:
        take_little(socket)
        socket.connection.transport.pause_reading()
        first = (await log_of(story.admin))[0]["cursor"]
        for _ in range(99):
            await socket.begin(f"subscription ($after: String) {{ eventRecorded(after: $after) {{ {at_length} }} }}", after=first)
        await until(lambda: asyncio.to_thread(is_held_up, story), seconds=30)
        took = await stop(story.service)

    assert took < 5 + QUICK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_with_exit_code_0(database_url: str, tmp_path: Path, number: signal.Signals) -> None:
    async with serving(tmp_path, database_url=database_url) as service:
        service.tell(number)

        assert service.process is not None
        assert await asyncio.to_thread(service.process.wait, QUICK) == 0


@dataclass
class Listener:
    """Somebody who listens to the log until the socket is closed."""

    sequences: list[int] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    has_heard: asyncio.Event = field(default_factory=asyncio.Event)
    code: int | None = None

    async def listen(self, story: Story) -> None:
        async with socket_to(story.service.url, story.member.token) as socket:
            await socket.begin(WATCH)
            with suppress(websockets.ConnectionClosed):
                while True:
                    message = await socket.receive()
                    self.kinds.add(message["type"])
                    if message["type"] == "next":
                        self.sequences.append(message["payload"]["data"]["eventRecorded"]["sequence"])
                        self.has_heard.set()
            self.code = socket.connection.close_code


async def ask_over(socket: Socket, query: str) -> JSON:
    await socket.begin(query)
    return await socket.receive()


async def make_events_until_heard(story: Story, listeners: Sequence[Listener]) -> None:
    async with asyncio.timeout(20):
        while not all(listener.has_heard.is_set() for listener in listeners):
            await make_event(story)


async def make_event(story: Story) -> None:
    made = await story.admin.ask(MAKE, input={"name": "An event", "scopes": ["READ"]})
    assert made["createAccessToken"]["accessToken"] is not None


async def begin_slow_delivery(story: Story, *, seconds: float = 2) -> str:
    """Have a delivery made, and return its id once Slack is asked to take it; it will take so long."""
    await story.add_sharing(name="Nightly", monitor="nightly")
    await order_slowness(story.service, seconds=seconds, endpoint="chat.postMessage")
    recorded = await story.admin.ask(RECORD, input=run_of("nightly", "first", "PASSED"))
    await until_asked(story.service, more_than=0, endpoint="chat.postMessage")
    [delivery] = recorded["recordMonitorRun"]["deliveries"]
    return str(delivery["id"])


async def order_slowness(service: Service, *, seconds: float, endpoint: str = "*") -> None:
    order: JSON = {"provider": "slack", "endpoint": endpoint, "fault": "slow", "seconds": seconds}
    async with httpx2.AsyncClient(trust_env=False) as client:
        (await client.post(f"{service.sandbox_url}/control/faults", json=order)).raise_for_status()


async def until_asked(service: Service, *, more_than: int, endpoint: str = "") -> None:
    async def is_asked() -> bool:
        return await requests_seen(service, endpoint=endpoint) > more_than

    await until(is_asked, seconds=20)


async def requests_seen(service: Service, *, endpoint: str = "") -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        state = (await client.get(f"{service.sandbox_url}/control/state")).json()
    return sum(endpoint in json.dumps(request) for request in state["requests"])


async def until_refused(url: str) -> None:
    """Wait until nobody is let in any more."""

    async def is_refused() -> bool:
        try:
            async with httpx2.AsyncClient(trust_env=False) as client:
                await client.get(f"{url}/healthz")
        except httpx2.ConnectError:
            return True
        except (httpx2.RemoteProtocolError, httpx2.ReadError):
            return False  # the kernel alone let it in, just before the end: it is closed, or reset, without an answer
        return False

    await until(is_refused, seconds=QUICK)


async def close_code(socket: Socket) -> int | None:
    with suppress(websockets.ConnectionClosed):
        await socket.receive()
    return socket.connection.close_code


def take_little(listener: Socket) -> None:
    """Let this machine's kernel keep little of what comes for who does not read it: by itself it would take megabytes."""
    listener.connection.transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)


def is_held_up(story: Story) -> bool:
    """Whether the server has unsent bytes for somebody, as the kernel sees it: what it has buffered itself comes on top."""
    port = f":{story.service.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(line[1].endswith(port) and int(line[4].split(":")[0], 16) > 100_000 for line in lines)


async def stop(service: Service) -> float:
    """Tell the process to stop; return after how many seconds it had, with exit code 0."""
    began = time.monotonic()
    assert await asyncio.to_thread(service.stop) == 0
    return time.monotonic() - began
