"""Wake-ups through a real Redis that is killed, halted, flushed and put behind a bad network."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from app.clock import SystemClock
from app.errors import ConfigurationError
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Events
from app.log.watcher import Watcher
from app.redis.notifications import WakeUps, waking
from tests.faults.proxy import BlackHole, Delay, Drop, Fault, HalfOpen, Refuse, Trickle, proxying
from tests.faults.redis import RedisServer, redis_server
from tests.processes import free_port

AWAY = "Redis is away: other processes' changes are seen up to a second later"
BACK = "Redis is back"
CHANNEL = "installed-apps:0:wake-ups"
FAULTS: tuple[Fault, ...] = (BlackHole(), HalfOpen(), Delay(5), Trickle(5), Drop(1.0), Refuse())

_PATIENCE_SECONDS = 30.0


@dataclass
class Process:
    """What a process does with wake-ups, and what it heard: a team each, None where any team may have news."""

    url: str
    heard: list[UUID | None] = field(default_factory=list)
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.wake_ups = WakeUps(self.url, hear=self.hear, patience=0.3, chance=lambda: 0.0)

    def tell(self, *team_ids: UUID) -> None:
        for team_id in team_ids:
            self.wake_ups.tell(team_id)

    def hear(self, team_id: UUID | None) -> None:
        self.heard.append(team_id)
        self.rung.set()

    async def until_heard(self, team_id: UUID | None, *, times: int = 1) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.heard.count(team_id) < times:
                self.rung.clear()
                await self.rung.wait()


@asynccontextmanager
async def running(*urls: str) -> AsyncIterator[list[Process]]:
    """Yield processes that tell and hear; they end soon, whatever goes on."""
    processes = [Process(url) for url in urls]
    async with AsyncExitStack() as stack:
        for process in processes:
            await stack.enter_async_context(waking(process.wake_ups))
        yield processes
        began = time.monotonic()
    assert time.monotonic() - began < 2


@asynccontextmanager
async def two_of(server: RedisServer) -> AsyncIterator[list[Process]]:
    async with running(server.url, server.url) as processes:
        for process in processes:
            await process.until_heard(None)
        yield processes


async def test_another_process_hears_what_one_tells_and_itself_does_not(tmp_path: Path) -> None:
    first, second = uuid4(), uuid4()
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        one.tell(first)
        await other.until_heard(first)
        other.tell(second)
        await one.until_heard(second)

        assert (one.heard, other.heard) == ([None, second], [None, first])


async def test_what_gathers_is_told_once_and_together(tmp_path: Path) -> None:
    teams = [uuid4() for _ in range(1_200)]
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        async with listening(server.url) as messages:
            for _ in range(20):
                one.tell(*teams)
            await other.until_heard(teams[-1])
            one.tell(last := uuid4())
            await other.until_heard(last)
            told = [await anext(messages) for _ in range(4)]

        assert sorted(map(str, other.heard)) == sorted(map(str, [None, *teams, last]))
        assert [len(message.split()) - 1 for message in told] == [500, 500, 200, 1]


async def test_in_a_storm_there_are_at_most_fifty_messages_a_second(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        began = time.monotonic()
        async with listening(server.url) as messages:
            for _ in range(200):
                one.tell(uuid4())
                await asyncio.sleep(0.002)  # a change every two milliseconds
            one.tell(last := uuid4())
            await other.until_heard(last)
            took = time.monotonic() - began
            count = 1
            while last.hex not in await anext(messages):
                count += 1

        assert len(other.heard) == 1 + 201
        assert count <= took * 50 + 2


async def test_what_is_no_message_of_ours_is_nothing(tmp_path: Path) -> None:
    team = uuid4()
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        async with Redis.from_url(server.url) as stranger:
            for message in (b"", b" ", b"\xff\xfe", b"somebody", b"somebody not-a-team", b"somebody " + b"0" * 1_000):
                await stranger.publish(CHANNEL, message)
        one.tell(team)
        await other.until_heard(team)

        assert (one.heard, other.heard) == ([None], [None, team])


async def test_installations_with_different_numbers_in_one_redis_do_not_hear_each_other(tmp_path: Path) -> None:
    async with (
        redis_server(tmp_path) as server,
        running(server.url, server.url, server.url.replace("/0", "/1")) as (one, other, foreign),
    ):
        for process in (one, other, foreign):
            await process.until_heard(None)
        one.tell(team := uuid4())
        await other.until_heard(team)
        foreign.tell(uuid4())
        other.tell(last := uuid4())
        await one.until_heard(last)

        assert (one.heard, foreign.heard) == ([None, last], [None])


async def test_a_listener_is_woken_by_what_another_process_records(database: str, tmp_path: Path) -> None:
    """The listener's own next look is ten minutes away."""
    del database  # it has to be open
    team = uuid4()
    watcher = Watcher(look_every=600)
    async with redis_server(tmp_path) as server:
        recording, listening = WakeUps(server.url, hear=lambda _: None), WakeUps(server.url, hear=watcher.wake)
        events = Events(clock=SystemClock(), reactions={}, wake=recording.tell)
        await events.found(team, _record)
        watching = asyncio.create_task(watcher.run())
        heard = []
        async with waking(recording), waking(listening), asyncio.timeout(_PATIENCE_SECONDS):
            async for event in watcher.follow(team, after=0):
                heard.append(event.sequence)
                if event.sequence == 10:
                    break
                await events.change(team, _record)
        watching.cancel()

    assert heard == list(range(1, 11))


async def test_a_redis_that_is_down_at_the_start_is_found_once_it_is_there(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server:
        server.kill()
        with capture_logs() as logs:
            async with running(server.url, server.url) as (one, other):
                await until_logged(logs, [AWAY, AWAY])
                one.tell(uuid4())  # is forgotten
                server.start()
                await one.until_heard(None)
                await other.until_heard(None)
                one.tell(team := uuid4())
                await other.until_heard(team)

        assert sorted(said(logs)) == sorted([AWAY, AWAY, BACK, BACK])
        assert other.heard == [None, team]


async def test_a_redis_that_dies_and_comes_back_is_named_twice_and_everything_is_looked_at(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        with capture_logs() as logs:
            server.kill()
            await until_logged(logs, [AWAY, AWAY])
            server.start()
            await one.until_heard(None, times=2)
            await other.until_heard(None, times=2)
        one.tell(team := uuid4())
        await other.until_heard(team)

        assert sorted(said(logs)) == sorted([AWAY, AWAY, BACK, BACK])
        assert other.heard == [None, None, team]


async def test_a_redis_that_is_halted_counts_as_away_until_it_goes_on(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        with capture_logs() as logs:
            server.halt()
            await until_logged(logs, [AWAY, AWAY])
            server.go_on()
            await one.until_heard(None, times=2)
            await other.until_heard(None, times=2)
        one.tell(team := uuid4())
        await other.until_heard(team)

        assert sorted(said(logs)) == sorted([AWAY, AWAY, BACK, BACK])


async def test_a_flushed_redis_changes_nothing(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, two_of(server) as (one, other):
        with capture_logs() as logs:
            server.flush()
            one.tell(team := uuid4())
            await other.until_heard(team)

        assert (said(logs), other.heard) == ([], [None, team])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_what_a_bad_network_keeps_back_is_heard_again_when_it_is_healed(tmp_path: Path, fault: Fault) -> None:
    async with (
        redis_server(tmp_path) as server,
        proxying("127.0.0.1", server.port) as proxy,
        running(server.url, f"redis://127.0.0.1:{proxy.port}/0") as (one, other),
    ):
        await one.until_heard(None)
        await other.until_heard(None)
        with capture_logs() as logs:
            proxy.impose(fault)
            if isinstance(fault, Refuse):
                proxy.cut()
            await until_logged(logs, [AWAY])
            began = time.monotonic()
            other.tell(uuid4())
            assert time.monotonic() - began < 0.1
            proxy.heal()
            await other.until_heard(None, times=2)
        one.tell(team := uuid4())
        await other.until_heard(team)

        assert said(logs) == [AWAY, BACK]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_in_a_bad_network_they_end_at_once(tmp_path: Path, fault: Fault) -> None:
    async with (
        redis_server(tmp_path) as server,
        proxying("127.0.0.1", server.port) as proxy,
        running(f"redis://127.0.0.1:{proxy.port}/0") as (one,),
    ):
        await one.until_heard(None)
        proxy.impose(fault)
        one.tell(uuid4())
        await asyncio.sleep(0.05)  # it is in the middle of telling


async def test_a_wrong_password_is_said_once_and_never_shown(tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server:
        with capture_logs() as logs:
            async with running(server.url.replace("right", "wr0ng-passw0rd")) as (one,):
                await until_logged(logs, [AWAY])
                await asyncio.sleep(0.5)  # it is tried several times meanwhile
                one.tell(uuid4())

        assert [(line["event"], line["error"]) for line in logs] == [(AWAY, "AuthenticationError")]
        assert "wr0ng" not in str(logs)


async def test_the_right_password_is_used(tmp_path: Path) -> None:
    async with redis_server(tmp_path, password="right") as server, two_of(server) as (one, other):
        one.tell(team := uuid4())

        await other.until_heard(team)


async def test_where_nothing_is_asked_for_nobody_is_troubled() -> None:
    """Telling neither waits nor raises, with nobody running and nobody there."""
    wake_ups = WakeUps(f"redis://127.0.0.1:{free_port()}/0", hear=lambda _: None)

    for _ in range(1_000):
        wake_ups.tell(uuid4())


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.example.com",
        "rediss://name:secret@redis.example.com:6380/2",
        "redis://[::1]:6379?db=1",
        "unix:///run/redis.sock",
    ],
)
def test_every_form_of_a_redis_address_is_one(url: str) -> None:
    WakeUps(url, hear=lambda _: None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "s3cret",
        "http://:s3cret@127.0.0.1:6379/0",
        "127.0.0.1:6379",
        "redis://:s3cret@127.0.0.1:notaport/0",
        "redis://:s3cret@127.0.0.1:6379/0?socket_timeout=s3cret",
        "redis://127.0.0.1:6379/0?s3cret=1",
    ],
)
def test_what_is_no_address_of_a_redis_is_a_configuration_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"INSTALLED_APPS_REDIS_URL must be an address such as redis://") as caught:
        WakeUps(url, hear=lambda _: None)

    assert "s3cret" not in caught.value.message
    assert caught.value.__cause__ is None


@dataclass(frozen=True)
class _Noted:
    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=uuid4(), summary="Noted.")


async def _record(change: Change) -> None:
    await change.record(_Noted())


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[AsyncIterator[str]]:
    """Yield what is published on the channel from now on."""
    async with Redis.from_url(url) as client, client.pubsub() as stranger:
        await stranger.subscribe(CHANNEL)
        assert (await anext(aiter(stranger.listen())))["type"] == "subscribe"
        yield (message["data"].decode() async for message in stranger.listen())


async def until_logged(logs: Sequence[Any], events: Sequence[str]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while said(logs) != list(events):  # noqa: ASYNC110 - what is waited for is a line of the log
            await asyncio.sleep(0.01)


def said(logs: Sequence[Any]) -> list[str]:
    return [line["event"] for line in logs]
