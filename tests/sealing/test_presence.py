"""Processes say that they live and which keys they hold."""

import asyncio
import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tortoise.backends.base.client import BaseDBAsyncClient

from app.clock import SystemClock
from app.sealing.keyring import add_key
from app.sealing.presence import BEAT_SECONDS, LIVE_SECONDS, LiveProcess, live_processes, present
from app.sealing.vault import open_vault
from app.storage.database import write
from tests.held import HeldClock
from tests.journeys.soaking import until
from tests.sealing.keyrings import Machine, start

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def here(tmp_path: Path, clock: HeldClock, database: str) -> Machine:
    del database
    return await start(tmp_path / "keyring.json", clock=clock)


async def test_a_process_is_named_by_its_host_and_number_with_the_keys_it_holds(here: Machine, clock: HeldClock) -> None:
    [row] = await live_processes(now=clock.now())

    assert row.name == f"{socket.gethostname()}:{os.getpid()}"
    assert row.has(here.vault.keyring.ids[0])
    assert not row.has(here.vault.keyring.ids[0][:-1])
    assert row.started_at == row.seen_at == clock.now()


async def test_it_reports_again_after_five_seconds_and_counts_as_alive_for_thirty(here: Machine, clock: HeldClock) -> None:
    began = clock.now()
    clock.advance(timedelta(seconds=BEAT_SECONDS - 1))
    await here.presence.look()
    assert (await LiveProcess.get()).seen_at == began

    clock.advance(timedelta(seconds=1))
    await here.presence.look()
    assert (await LiveProcess.get()).seen_at == clock.now()

    clock.advance(timedelta(seconds=LIVE_SECONDS - 1))
    assert len(await live_processes(now=clock.now())) == 1
    clock.advance(timedelta(seconds=1))
    assert await live_processes(now=clock.now()) == []


async def test_a_process_that_crashed_before_the_clock_was_set_back_counts_as_dead(here: Machine, clock: HeldClock) -> None:
    clock.advance(-timedelta(hours=1))
    crashed = await live_processes(now=clock.now())
    await here.presence.look()  # one that lives says so

    assert (crashed, len(await live_processes(now=clock.now()))) == ([], 1)


async def test_a_new_key_is_reported_at_the_next_look(here: Machine) -> None:
    added = add_key(here.path)

    await here.presence.look()

    assert here.vault.keyring.get(added) is not None
    assert (await LiveProcess.get()).has(added)


async def test_a_process_that_comes_back_after_its_row_was_swept_is_there_again(here: Machine, clock: HeldClock) -> None:
    other = await start(here.path, clock=clock)
    clock.advance(timedelta(hours=1, seconds=1))
    await here.presence.look()
    assert [row.id for row in await LiveProcess.all()] == [here.presence.id]

    await other.presence.look()

    assert {row.id for row in await live_processes(now=clock.now())} == {here.presence.id, other.presence.id}


@pytest.mark.parametrize("content", ["", "{", '{"keys": {}}', '{"keys": {"00000000000000aa": "short"}}'])
async def test_a_broken_file_is_told_once_and_the_keys_stay(here: Machine, clock: HeldClock, content: str) -> None:
    held, whole = here.vault.keyring.ids, here.path.read_text()

    here.path.write_text(content)
    with capture_logs() as logs:
        for _ in range(3):
            clock.advance(timedelta(seconds=BEAT_SECONDS))
            await here.presence.look()

    assert here.vault.keyring.ids == held
    assert [(line["log_level"], line["why"].split(":")[0]) for line in logs] == [("error", "INSTALLED_APPS_KEYRING_FILE")]
    assert (await LiveProcess.get()).seen_at == clock.now()

    here.path.write_text(whole)
    added = add_key(here.path)
    await here.presence.look()
    assert here.vault.keyring.ids == (*held, added)


async def test_a_file_that_is_gone_for_a_while_costs_nothing(here: Machine, clock: HeldClock) -> None:
    held, whole = here.vault.keyring.ids, here.path.read_text()
    here.path.unlink()
    clock.advance(timedelta(seconds=BEAT_SECONDS))

    await here.presence.look()

    assert here.vault.keyring.ids == held
    assert (await LiveProcess.get()).seen_at == clock.now()
    here.path.write_text(whole)


async def test_another_key_under_the_id_of_one_that_nothing_needs_yet_is_not_taken_over(here: Machine, clock: HeldClock) -> None:
    added = add_key(here.path)
    await open_vault(here.path, embedded=True, clock=clock)  # gives it its row
    right, whole = here.vault.keyring.ids, here.path.read_text()
    key = whole.split(f'"{added}": "')[1][:44]

    here.path.write_text(whole.replace(key, "A" * 43 + "="))
    await here.presence.look()
    assert here.vault.keyring.ids == right
    assert not (await LiveProcess.get()).has(added)

    here.path.write_text(whole)
    await here.presence.look()
    assert (await LiveProcess.get()).has(added)


async def test_while_it_lives_it_takes_the_file_over_and_its_row_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    vault = await open_vault(path, embedded=True, clock=SystemClock())

    async with present(vault=vault, clock=SystemClock(), look_every=0.01):
        added = add_key(path)

        async def is_reported() -> bool:
            return (await LiveProcess.get()).has(added)

        await until(is_reported, seconds=10)

    assert await LiveProcess.all().count() == 0
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "presence"]


async def test_a_row_that_somebody_deleted_is_made_again(here: Machine, clock: HeldClock) -> None:
    async def delete(connection: BaseDBAsyncClient) -> None:
        await LiveProcess.all().using_db(connection).delete()

    await write(delete)
    clock.advance(timedelta(seconds=BEAT_SECONDS))

    await here.presence.look()

    assert (await LiveProcess.get()).id == here.presence.id
