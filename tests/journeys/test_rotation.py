"""Keys are rotated under load, with a server and the rewrap itself killed in the middle, and nobody notices."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.sealing.data_keys import DataKey, count_data_keys
from app.sealing.keyring import make_keyring, read_keyring
from app.sealing.presence import live_processes
from app.settings import Settings
from app.sign_ins.models import Authorization
from tests import databases
from tests.databases import POSTGRES_URL
from tests.journeys.rotating import Load, Team, found_teams, make_data_keys
from tests.journeys.soaking import fresh_random, full, say, until
from tests.processes import Service
from tests.sealing.keyrings import copy_file
from tests.services import make_services

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not POSTGRES_URL, reason="tests/sealing/test_key_commands.py rotates beside one process on SQLite"),
]

PROCESSES = 4
SECONDS = full(60, ci=10)
READS_A_SECOND, WRITES_A_SECOND = 80.0, 20.0
TEAMS = full(500, ci=50)
NEW_TEAMS = full(200, ci=50)
"""So many have no data key before the rotation begins."""

MORE_DATA_KEYS = full(1_500, ci=800)
SLACK = {"INSTALLED_APPS_SLACK_CLIENT_ID": "1.2", "INSTALLED_APPS_SLACK_CLIENT_SECRET": "never sent anywhere"}
TAKEN_OVER_SECONDS = 60.0
"""A process that was killed in the rotation before counts for thirty seconds."""


@dataclass
class Cluster:
    """Server processes over one database. The operator types where the first is; the last has another machine's file."""

    services: list[Service]

    @property
    def first(self) -> Service:
        return self.services[0]

    @property
    def files(self) -> tuple[Path, Path]:
        return self.first.folder / "keyring.json", self.first.folder / "elsewhere" / "keyring.json"

    async def run(self, *arguments: str) -> str:
        return await asyncio.to_thread(self.first.run, *arguments)

    async def refused(self, *arguments: str) -> str:
        """Run a command that must end with a stated problem, and return what it says."""
        answer = await asyncio.to_thread(self.first.attempt, *arguments)
        assert (answer.returncode, answer.stdout) == (1, "")
        return answer.stderr

    async def until_all_hold(self, *, exactly: Sequence[str]) -> None:
        async def do_all_hold() -> bool:
            processes = await live_processes(now=SystemClock().now())
            held = [set(process.key_ids.split()) for process in processes]
            return len(held) >= PROCESSES and all(ids == set(exactly) for ids in held)

        await until(do_all_hold, seconds=TAKEN_OVER_SECONDS)


async def test_keys_are_rotated_under_load_and_kills_without_a_failed_read_or_a_lost_write(
    database_url: str, tmp_path: Path
) -> None:
    random = fresh_random()
    make_keyring(tmp_path / "keyring.json")
    async with (
        opened(database_url, folder=tmp_path) as teams,
        running(database_url, folder=tmp_path) as cluster,
        contextlib.aclosing(Load([service.url for service in cluster.services], teams, random)) as load,
    ):
        await load.begin_everywhere(teams[:TEAMS])
        enough, now = asyncio.Event(), asyncio.get_running_loop().time
        began = now()
        halves: list[str] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(load.run(reads=READS_A_SECOND, writes=WRITES_A_SECOND, until=enough))
            while not halves or now() < began + SECONDS:
                halves.append(await rotate(cluster, load, victim=cluster.services[1 + len(halves) % (PROCESSES - 1)]))
            enough.set()

        say(f"rotation: {PROCESSES} processes, {now() - began:.0f} s, {len(halves)} rotations; {load.figures()}")
        assert load.failures == []
        await every_value_opens_in_a_process_that_begins_now(cluster, load)
        assert load.kept - set(await Authorization.all().values_list("id", flat=True)) == set()
        verified = await cluster.run("keys", "verify")
        say(f"rotation: {', '.join(halves)} data keys moved at the kills, all at the end; {verified}")


async def rotate(cluster: Cluster, load: Load, *, victim: Service) -> str:
    """Walk through one rotation; return how far the rewrap had come when it and the victim were killed."""
    here, elsewhere = cluster.files
    [old] = read_keyring(here).ids
    new = await cluster.run("keys", "add")
    assert "is not held yet by" in await cluster.refused("keys", "promote", new)
    copy_file(here, elsewhere)
    await cluster.until_all_hold(exactly=(old, new))
    await cluster.run("keys", "promote", new)
    assert f"need key {old}" in await cluster.refused("keys", "retire", old)

    far = await kill_in_the_middle(cluster, load, victim=victim, new=new)
    await asyncio.gather(cluster.run("keys", "rewrap"), cluster.run("keys", "rewrap"))
    assert set(await count_data_keys()) == {new}
    await victim.start()
    load.find_again(victim.url)

    await cluster.run("keys", "retire", old)
    for path in (here, elsewhere):
        forget(path, old)
    await until_held_alone(new)
    return far


async def kill_in_the_middle(cluster: Cluster, load: Load, *, victim: Service, new: str) -> str:
    """Begin to rewrap, and kill both the rewrap and a server once the first data keys are saved."""
    rewrapping = cluster.first.beside(name=f"rewrap-{new}")
    rewrapping.begin("keys", "rewrap")

    async def has_begun() -> bool:
        return b"wrapped anew" in rewrapping.log.read_bytes()

    await until(has_begun, seconds=60)
    load.lose(victim.url)
    victim.kill()
    rewrapping.kill()
    moved, of = await DataKey.filter(key_id=new).count(), await DataKey.all().count()
    assert 0 < moved < of
    return f"{moved} of {of}"


async def until_held_alone(new: str) -> None:
    """Every process has taken over the file without the old key; the row of the killed one may still stand there."""

    async def is_held_alone() -> bool:
        processes = await live_processes(now=SystemClock().now())
        return len([process for process in processes if process.key_ids == new]) >= PROCESSES

    await until(is_held_alone, seconds=TAKEN_OVER_SECONDS)


async def every_value_opens_in_a_process_that_begins_now(cluster: Cluster, load: Load) -> None:
    fresh = cluster.first.beside(name="fresh")
    await fresh.start()
    load.find_again(fresh.url)
    try:
        values = [(team, value) for team in load.teams for value in team.readable]
        for start in range(0, len(values), 20):
            await asyncio.gather(*(load.read(team, value, url=fresh.url) for team, value in values[start : start + 20]))
    finally:
        fresh.kill()
    assert load.failures == []


def forget(path: Path, key_id: str) -> None:
    """Remove a key from the file, as an operator's editor does."""
    document = json.loads(path.read_text())
    del document["keys"][key_id]
    ready = path.with_name("edited")
    ready.touch(mode=0o600)
    ready.write_text(json.dumps(document))
    ready.replace(path)


@contextlib.asynccontextmanager
async def opened(database_url: str, *, folder: Path) -> AsyncIterator[list[Team]]:
    """Open the database here too; yield teams, of which none has sealed anything."""
    settings = Settings(data_dir=folder)
    async with databases.opened(database_url), make_services(folder=folder, clock=SystemClock(), settings=settings) as services:
        await make_data_keys(MORE_DATA_KEYS, services=services)
        yield await found_teams(TEAMS + NEW_TEAMS, services=services)


@contextlib.asynccontextmanager
async def running(database_url: str, *, folder: Path) -> AsyncIterator[Cluster]:
    first = Service(folder=folder, database_url=database_url, environment=SLACK)
    cluster = Cluster([first, *(first.beside(name=f"service-{number}") for number in range(1, PROCESSES))])
    here, elsewhere = cluster.files
    copy_file(here, elsewhere)
    away = {**SLACK, "INSTALLED_APPS_KEYRING_FILE": str(elsewhere)}
    cluster.services[-1] = replace(cluster.services[-1], environment=away)
    try:
        await asyncio.gather(*(service.start() for service in cluster.services))
        yield cluster
    finally:
        for service in cluster.services:
            service.kill()
