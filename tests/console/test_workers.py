"""Several server processes over one port: whichever ends or hangs, the service goes on."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
import websockets

from app.console.serving import Serving
from app.telemetry.meters import DIRECTORY
from tests.callers import JSON, socket_to
from tests.console.test_web_server import MAKE, QUICK, WATCH, stop
from tests.journeys.soaking import CUT_OFF, ONCE, log_of, telling, until, until_answers
from tests.journeys.story import Story
from tests.processes import START_SECONDS, Service, serving
from tests.telemetry.reading import Samples, read_samples, value_of

pytestmark = pytest.mark.processes

WORKERS = 4
REPLACED_SECONDS = 40.0
HEAD = "{ eventCursor }"
POSTED = {"route": "/graphql", "method": "POST", "status": "200"}

_SERVES = re.compile(r'"pid":(\d+),"event":"server process serves"')


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(tmp_path, database_url=database_url, options=("--workers", str(WORKERS))) as running:
        yield running
        end_all(running)


@pytest.fixture
async def story(service: Service) -> AsyncIterator[Story]:
    async with telling(service) as told:
        yield told


@pytest.mark.endurance
@ONCE
async def test_processes_that_are_killed_or_halted_are_replaced(story: Story) -> None:
    service = story.service
    first = set(await all_workers(service))

    for number, pid in enumerate(sorted(first)):
        os.kill(pid, signal.SIGSTOP if number % 2 else signal.SIGKILL)
        await until_replaced(service, {pid})
        assert await story.admin.ask(HEAD)

    assert not first & set(service.workers())
    assert await stop(service) < QUICK


@pytest.mark.endurance
async def test_hanging_up_replaces_every_process_and_listeners_miss_and_repeat_nothing(story: Story) -> None:
    service = story.service
    first = set(await all_workers(service))
    begin = str((await story.admin.ask(HEAD))["eventCursor"])
    seen: list[list[JSON]] = [[] for _ in range(20)]
    following = [asyncio.create_task(follow(story, begin, events)) for events in seen]
    enough = asyncio.Event()
    making = asyncio.create_task(make_events(story, until=enough))

    service.tell(signal.SIGHUP)
    await until_replaced(service, first)
    enough.set()
    await making
    log = [event["sequence"] for event in await log_of(story.admin, after=begin)]

    async def is_all_seen() -> bool:
        return all(events and events[-1]["sequence"] == log[-1] for events in seen)

    await until(is_all_seen, seconds=20)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert [[event["sequence"] for event in events] for events in seen] == [log] * len(seen)
    assert await stop(service) < QUICK


async def test_a_stop_ends_all_processes_and_sends_listeners_away(story: Story) -> None:
    pids = await all_workers(story.service)

    async with socket_to(story.service.url, story.admin.token) as socket:
        await socket.begin(WATCH)
        stopping = asyncio.create_task(stop(story.service))
        with pytest.raises(websockets.ConnectionClosed):
            await socket.receive()
        took = await stopping

    assert socket.connection.close_code == 1012
    assert took < QUICK
    assert not any(map(lives, pids))


async def test_metrics_are_of_all_processes_together_and_stay_when_one_is_replaced(story: Story) -> None:
    service = story.service
    first = await all_workers(service)
    directory = metrics_of(first[0])
    before = await requests_counted(service)

    for _ in range(20):
        await story.admin.ask(HEAD)
    async with socket_to(service.url, story.admin.token) as socket:
        await socket.begin(WATCH)
        seen = [await read_metrics(service) for _ in range(8)]
        os.kill(first[0], signal.SIGKILL)
        await until_replaced(service, {first[0]})
        later = await read_metrics(service)
    counted = await requests_counted(service)
    assert await stop(service) < QUICK

    assert {value_of(samples, "http_requests_total", **POSTED) for samples in seen} == {before + 20}
    assert {value_of(samples, "open_sockets") for samples in seen} == {1}
    assert {value_of(samples, "process_starts_total") for samples in seen} == {WORKERS}
    assert value_of(later, "process_starts_total") == WORKERS + 1
    assert counted == before + 20
    assert not directory.exists()


async def test_processes_do_not_outlive_the_one_that_started_them(story: Story) -> None:
    service = story.service
    pids = await all_workers(service)

    service.kill()

    async def are_gone() -> bool:
        return not any(map(lives, pids))

    await until(are_gone, seconds=QUICK)
    await service.start("--workers", "2")
    assert await story.admin.ask(HEAD)


async def test_a_process_ends_too_when_its_line_is_broken_off_with_an_answer_unread(database_url: str, tmp_path: Path) -> None:
    async with serving(tmp_path, database_url=database_url, options=()) as service:
        ours, theirs = socket.socketpair()
        ours.settimeout(START_SECONDS)
        with theirs, socket.create_server(("127.0.0.1", 0)) as listener:
            child = service.beside(name="child")
            numbers = (listener.fileno(), theirs.fileno())
            child.begin("server-process", Serving(listener=numbers[0], line=numbers[1]).model_dump_json(), inherited=numbers)
        with ours:
            ours.send(b"??")
            while len(ours.recv(2, socket.MSG_PEEK)) < 2:
                pass

        code = await asyncio.to_thread(child.process.wait, QUICK) if child.process is not None else None

    assert code == 0


@pytest.mark.endurance
@ONCE
async def test_a_process_that_stands_still_does_not_hold_up_the_stop_for_long(story: Story) -> None:
    pids = await all_workers(story.service)
    os.kill(pids[0], signal.SIGSTOP)

    took = await stop(story.service)

    assert took < 10 + QUICK
    assert not any(map(lives, pids))


async def test_a_port_that_is_taken_is_said_so(service: Service) -> None:
    for workers in ("1", "2"):
        with pytest.raises(AssertionError, match=f"127.0.0.1:{service.port} cannot be listened on: Address already in use"):
            service.run("serve", "--port", str(service.port), "--workers", workers)


async def follow(story: Story, after: str, events: list[JSON]) -> None:
    """Follow the log, coming back with the last cursor as often as it takes."""
    while True:
        with suppress(*CUT_OFF):
            async with socket_to(story.service.url, story.member.token) as socket:
                async for seen in socket.subscribe(WATCH, after=events[-1]["cursor"] if events else after):
                    events.append(seen["eventRecorded"])  # noqa: PERF401 - what came before the cut counts
        await until_answers(f"{story.service.url}/readyz")


async def make_events(story: Story, *, until: asyncio.Event) -> None:
    while not until.is_set():
        # A stop in the middle of an answer is for the client to look up; whatever came of it stands in the log.
        with suppress(httpx2.TransportError):
            await story.admin.ask(MAKE, input={"name": "An event", "scopes": ["READ"]})


async def all_workers(service: Service) -> list[int]:
    """Return the processes once each of them serves."""
    await until_replaced(service, set())
    return service.workers()


async def until_replaced(service: Service, gone: set[int]) -> None:
    """Wait until none of those processes is left, and as many as there should be serve."""

    async def are_replaced() -> bool:
        serving = {int(pid) for pid in _SERVES.findall(service.log.read_text())} & set(service.workers())
        return not any(map(lives, gone)) and len(serving) == WORKERS

    await until(are_replaced, seconds=REPLACED_SECONDS * max(len(gone), 1))


async def read_metrics(service: Service) -> Samples:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return read_samples((await client.get(f"{service.url}/metrics")).raise_for_status().text)


async def requests_counted(service: Service) -> float:
    return value_of(await read_metrics(service), "http_requests_total", **POSTED) or 0


def metrics_of(pid: int) -> Path:
    """Return the directory in which a server process counts."""
    environment = dict(line.split("=", 1) for line in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in line)
    return Path(environment[DIRECTORY])


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def end_all(service: Service) -> None:
    """Whatever happened in the test: nothing of it lives on, to write into the database of the next one."""
    pids = service.workers() if service.process is not None and service.process.poll() is None else []
    service.kill()
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
