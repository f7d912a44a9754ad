"""What a backup brings back: everything that had been answered when it was begun, and nothing without its own keyring."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.clock import SystemClock
from app.sandbox import create_sandbox
from app.sealing.keyring import make_keyring
from tests.callers import socket_to
from tests.databases import POSTGRES_URL
from tests.journeys.soaking import JSON, assert_no_gap, log_of, telling, until_none_waits
from tests.journeys.story import INTEGRATIONS, RECORD, Story
from tests.journeys.test_burst import run_of
from tests.processes import Service
from tests.servers import run_server

SOME = 5
MONITOR = "checkout"
QUIET = "night"
WATCH = "subscription ($after: String) { eventRecorded(after: $after) { sequence } }"
REFUSED = 78


@pytest.fixture(autouse=True)
def _postgres_programs() -> None:
    if POSTGRES_URL and shutil.which("pg_dump") is None and not os.environ.get("REQUIRE_POSTGRES"):
        pytest.skip("pg_dump is not installed")


@pytest.mark.endurance
async def test_a_backup_taken_during_writes_brings_back_all_that_was_answered_before(database_url: str, tmp_path: Path) -> None:
    first = Service(make_folder(tmp_path / "first"), database_url)
    key_ids = make_keyring(first.folder / "keyring.json").ids
    with run_server(create_sandbox(clock=SystemClock(), events_url=None), port=first.sandbox_port):
        async with started(first), telling(first) as story:
            _, app = await story.add_sharing(name="Post results", monitor=MONITOR)
            await add_quiet_integration(story, app=app)
            recorded = [await record(story, f"before-{number}") for number in range(SOME)]
            before = await log_of(story.admin)
            integrations = (await story.admin.ask(INTEGRATIONS))["integrations"]
            writing = asyncio.create_task(keep_recording(story))
            backup = await asyncio.to_thread(back_up, first, tmp_path / "backup")
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            lost = [await record(story, f"after-{number}") for number in range(SOME)]
            beyond = (await story.admin.ask(INTEGRATIONS))["eventCursor"]

        folder = make_folder(tmp_path / "second")
        async with restored(backup, folder) as url:
            second = replace(first, folder=folder, database_url=url, process=None)
            assert_refused("serve", second, key_ids)
            assert_refused("worker", second, key_ids)
            make_keyring(folder / "keyring.json")
            assert_refused("serve", second, key_ids)
            shutil.copy(first.folder / "keyring.json", folder / "keyring.json")
            assert "values opened" in second.run("keys", "verify")

            async with started(second):
                log = await log_of(story.admin)
                assert log[: len(before)] == before
                assert_no_gap(log)
                assert (await story.admin.ask(INTEGRATIONS))["integrations"] == integrations
                assert await found(story, recorded) == recorded
                assert await found(story, lost) == []
                assert await code_of(story, after=beyond) == "CURSOR_EXPIRED"
                [delivery] = (await ask_to_record(story, "at-last", monitor=MONITOR))["deliveries"]
                assert await until_none_waits(story.admin, [delivery["id"]], seconds=30) == {delivery["id"]: "DELIVERED"}


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


@asynccontextmanager
async def started(service: Service) -> AsyncIterator[None]:
    await service.start("--sandbox")
    try:
        yield
        assert service.stop() == 0
    finally:
        service.kill()


async def add_quiet_integration(story: Story, *, app: str) -> None:
    """Add an integration that posts nothing of runs that pass: each is an event or two, and no message."""
    authorization = await story.sign_in_at_slack()
    channel = await story.channel(authorization)
    rule = "THREE_FAILURES_THEN_FIRST_SUCCESS"
    using = {"installedAppId": app}
    await story.add(story.admin, name="Quiet", using=using, monitor=QUIET, channel=channel, notify=rule)


async def record(story: Story, run: str) -> str:
    return str((await ask_to_record(story, run, monitor=QUIET))["run"]["id"])


async def ask_to_record(story: Story, run: str, *, monitor: str) -> JSON:
    answer: JSON = (await story.admin.ask(RECORD, input=run_of(monitor, run, "PASSED")))["recordMonitorRun"]
    assert answer["userErrors"] == []
    return answer


async def keep_recording(story: Story) -> None:
    for number in count():
        await record(story, f"meanwhile-{number}")


async def found(story: Story, runs: list[str]) -> list[str]:
    nodes = (await story.admin.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=runs))["nodes"]
    return [node["id"] for node in nodes if node is not None]


async def code_of(story: Story, *, after: str) -> str:
    """Return the code with which a subscription from this cursor ends."""
    async with socket_to(story.service.url, story.admin.token) as socket, asyncio.timeout(10):
        await socket.begin(WATCH, after=after)
        message = await socket.receive()
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    return str(errors[0]["extensions"]["code"])


def back_up(service: Service, target: Path) -> Path:
    if not POSTGRES_URL:
        service.run("backup", str(target))
    else:
        run("pg_dump", "--format=custom", f"--file={target}", name_of(service.database_url), at=service.database_url)
    return target


@asynccontextmanager
async def restored(backup: Path, folder: Path) -> AsyncIterator[str]:
    """Yield the address of a new database that holds what the backup does."""
    if not POSTGRES_URL:
        target = folder / "installed-apps.sqlite3"
        shutil.copy(backup, target)
        yield f"sqlite:///{target}"
        return
    name = f"{urlsplit(POSTGRES_URL).path.strip('/')}_restored_{os.urandom(6).hex()}"
    url = urlsplit(POSTGRES_URL)._replace(path=f"/{name}").geturl()
    connection = await asyncpg.connect(POSTGRES_URL)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        try:
            run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={name}", str(backup), at=url)
            yield url
        finally:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


def assert_refused(command: str, service: Service, key_ids: tuple[str, ...]) -> None:
    answer = service.attempt(command)
    assert (answer.returncode, answer.stdout) == (REFUSED, "")
    assert answer.stderr.startswith("INSTALLED_APPS_KEYRING_FILE: ")
    assert [key_id for key_id in key_ids if key_id not in answer.stderr] == []


def run(*command: str, at: str) -> None:
    """Run one of PostgreSQL's own programs for the server of an address; no password stands on its command line."""
    server = urlsplit(at)
    where = {
        "PGHOST": server.hostname,
        "PGPORT": str(server.port or 5432),
        "PGUSER": server.username,
        "PGPASSWORD": server.password,
    }
    environment = {**os.environ, **{name: value for name, value in where.items() if value}}
    answer = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)  # noqa: S603 - its programs
    assert answer.returncode == 0, answer.stderr


def name_of(url: str) -> str:
    return urlsplit(url).path.strip("/")
