"""What one process records is heard at another: at once through Redis, within its next look without, and nothing is ever lost."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import pytest
from redis.asyncio import Redis

from app.sealing.keyring import make_keyring
from tests.callers import Api, socket_to
from tests.faults.proxy import BlackHole, Delay, Drop, HalfOpen, Proxy, Refuse, Trickle, proxying
from tests.faults.redis import RedisServer, redis_server
from tests.journeys.soaking import ONCE, assert_no_gap, fresh_random, full, log_of, say, telling, until
from tests.processes import Service, free_port

pytestmark = pytest.mark.processes

ROUNDS = full(10, ci=1)
CHANGES_AT_A_TIME = full(3, ci=1)
LATEST_SECONDS = 5.0
"""What is promised is one; a machine that does other things too may be slow."""

CHANNEL = "installed-apps:0:wake-ups"
PASSWORD = "made-up-passw0rd"
CURSOR = "query { eventCursor }"
CHANGE = """
mutation ($id: String!) {
  createAccessToken(input: {name: $id, scopes: [READ]}) { accessToken { id } userErrors { message } }
}"""
UNDO = "mutation ($id: ID!) { revokeAccessToken(input: {id: $id}) { revokedAccessTokenId userErrors { message } } }"
WATCH = "subscription ($after: String) { eventRecorded(after: $after) { sequence } }"


@dataclass
class Pair:
    """Two processes of one installation: changes are made at the one and heard at the other."""

    here: Service
    there: Service
    api: Api
    heard: dict[int, float] = field(default_factory=dict)
    """When each event was heard, by its number."""
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    unready: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    changes: int = 0

    async def change(self) -> None:
        """Make a change and its undoing, and wait until both are heard."""
        self.changes += 1
        made = (await self.api.ask(CHANGE, id=f"token {self.changes}"))["createAccessToken"]
        await self._until_heard(2 * self.changes - 1)
        undone = (await self.api.ask(UNDO, id=made["accessToken"]["id"]))["revokeAccessToken"]
        await self._until_heard(2 * self.changes)
        assert (made["userErrors"], undone["userErrors"]) == ([], [])

    async def _until_heard(self, count: int) -> None:
        done = time.monotonic()
        async with asyncio.timeout(LATEST_SECONDS):
            while len(self.heard) < count:
                self.rung.clear()
                await self.rung.wait()
        self.delays.append(max(0.0, max(self.heard.values()) - done))

    async def listen(self, *, after: str) -> None:
        async with socket_to(self.there.url, self.api.token) as socket:
            async for event in socket.subscribe(WATCH, after=after):
                sequence = event["eventRecorded"]["sequence"]
                assert sequence not in self.heard
                self.heard[sequence] = time.monotonic()
                self.rung.set()

    async def watch_readiness(self) -> None:
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            while True:
                for service in (self.here, self.there):
                    answer = await client.get(f"{service.url}/readyz")
                    if answer.status_code != httpx2.codes.OK:
                        self.unready.append(answer.text)
                await asyncio.sleep(0.1)  # asked again and again


@asynccontextmanager
async def two_processes(folder: Path, *, database_url: str, redis_url: str) -> AsyncIterator[Pair]:
    """Yield two running processes with a listener at the second; all that was recorded was heard once, in order, at the end."""
    if not database_url.startswith("sqlite:"):
        make_keyring(folder / "keyring.json")
    first = Service(folder=folder, database_url=database_url, environment={"INSTALLED_APPS_REDIS_URL": redis_url}, name="here")
    here, there = first, replace(first, port=0, name="there")
    try:
        await here.start()
        await there.start()
        async with telling(here) as story:
            pair = Pair(here, there, story.admin)
            begins = str((await story.admin.ask(CURSOR))["eventCursor"])
            tasks = [asyncio.create_task(pair.listen(after=begins)), asyncio.create_task(pair.watch_readiness())]
            try:
                yield pair
                log = await log_of(story.admin, after=begins)
                assert_no_gap(log, begins=log[0]["sequence"])
                assert list(pair.heard) == [event["sequence"] for event in log]
                assert pair.unready == []
                assert [task for task in tasks if task.done()] == []
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        here.kill()
        there.kill()


async def test_an_event_is_heard_at_another_process_with_redis_and_without(database_url: str, tmp_path: Path) -> None:
    async with (
        redis_server(tmp_path, password=PASSWORD) as server,
        two_processes(tmp_path, database_url=database_url, redis_url=server.url) as pair,
    ):
        for _ in range(5):
            await pair.change()
        with_redis, pair.delays = pair.delays, []
        server.kill()
        for _ in range(2):
            await pair.change()
        without_redis = pair.delays
        logs = pair.here.log.read_text() + pair.there.log.read_text()

    say(f"heard at another process: {_figures(with_redis)} with Redis, {_figures(without_redis)} without")
    assert PASSWORD not in logs


async def test_every_process_listens_whether_it_serves_or_works_and_leaves_when_it_stops(
    database_url: str, tmp_path: Path
) -> None:
    if not database_url.startswith("sqlite:"):
        make_keyring(tmp_path / "keyring.json")
    async with redis_server(tmp_path) as server, Redis.from_url(server.url) as client:

        async def are_listening(count: int) -> bool:
            return await client.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), count)]

        environment = {"INSTALLED_APPS_REDIS_URL": server.url}
        serving = Service(folder=tmp_path, database_url=database_url, environment=environment)
        working = replace(serving, port=0, name="worker")
        try:
            await serving.start("--no-background")
            await until(lambda: are_listening(1), seconds=10)
            await working.start_worker()
            await until(lambda: are_listening(2), seconds=10)

            assert [await asyncio.to_thread(process.stop) for process in (serving, working)] == [0, 0]
            assert await are_listening(0)
        finally:
            serving.kill()
            working.kill()


@pytest.mark.endurance
@ONCE
async def test_whatever_redis_and_the_way_to_it_do_nothing_is_lost_and_everybody_stays_ready(
    database_url: str, tmp_path: Path
) -> None:
    random = fresh_random()
    async with redis_server(tmp_path, password=PASSWORD) as server:
        server.kill()
        async with proxying("127.0.0.1", server.port, random=random) as proxy:
            url = f"redis://:{PASSWORD}@127.0.0.1:{proxy.port}/0"
            began = time.monotonic()
            async with two_processes(tmp_path, database_url=database_url, redis_url=url) as pair:
                say(f"two processes started without Redis in {time.monotonic() - began:.1f} s")
                faults = {"down at the start": lambda: None, **_faults(server, proxy)}
                for number in range(ROUNDS):
                    for name, impose in random.sample(sorted(faults.items()), len(faults)) if number else faults.items():
                        await _suffer(pair, name, impose)
                        _heal(server, proxy)
                        await pair.change()
                logs = pair.here.log.read_text() + pair.there.log.read_text()

    assert PASSWORD not in logs


@pytest.mark.parametrize("wrong", ["redis://:{password}x@127.0.0.1:{port}/0", "redis://:{password}@127.0.0.1:{free}/0"])
@pytest.mark.endurance
async def test_with_a_wrong_password_or_port_they_see_each_others_changes_by_themselves(
    database_url: str, tmp_path: Path, wrong: str
) -> None:
    async with redis_server(tmp_path, password=PASSWORD) as server:
        url = wrong.format(password=PASSWORD, port=server.port, free=free_port())
        async with two_processes(tmp_path, database_url=database_url, redis_url=url) as pair:
            for _ in range(CHANGES_AT_A_TIME):
                await pair.change()
            logs = pair.here.log.read_text() + pair.there.log.read_text()

    say(f"heard at another process: {_figures(pair.delays)} with {url.rpartition('@')[2]}")
    assert logs.count("Redis is away: other processes' changes are seen up to a second later") == 2
    assert PASSWORD not in logs


async def _suffer(pair: Pair, name: str, impose: Callable[[], None]) -> None:
    pair.delays = []
    impose()
    for _ in range(CHANGES_AT_A_TIME):
        await pair.change()
        await asyncio.sleep(0.3)  # changes do not come all at one moment of a fault
    say(f"heard at another process: {_figures(pair.delays)} with Redis {name}")


def _faults(server: RedisServer, proxy: Proxy) -> dict[str, Callable[[], None]]:
    return {
        "killed": server.kill,
        "flushed": server.flush,
        "halted": server.halt,
        "five seconds away": lambda: proxy.impose(Delay(5)),
        "far away": lambda: proxy.impose(Delay(0.2, jitter=0.3)),
        "a trickle": lambda: proxy.impose(Trickle(20)),
        "a black hole": lambda: proxy.impose(BlackHole()),
        "half-open": lambda: proxy.impose(HalfOpen()),
        "refusing": lambda: proxy.impose(Refuse()),
        "dropping": lambda: proxy.impose(Drop(0.3)),
        "cut off": proxy.cut,
    }


def _heal(server: RedisServer, proxy: Proxy) -> None:
    proxy.heal()
    server.go_on()
    server.start()


def _figures(delays: list[float]) -> str:
    return f"{statistics.median(delays) * 1000:.0f} ms (median), {max(delays) * 1000:.0f} ms (most) of {len(delays)}"
