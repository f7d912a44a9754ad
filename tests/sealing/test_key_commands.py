"""The commands of the keys' life, as an operator runs them beside a server that serves."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.clock import SystemClock
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyUse
from app.sealing.keyring import make_keyring, read_keyring
from app.sealing.presence import LiveProcess, live_processes
from app.sealing.vault import Vault, open_vault
from tests import databases
from tests.journeys.soaking import until
from tests.processes import Service
from tests.sealing.keyrings import copy_file, rows_of_all_keys, states, wrapped_by

pytestmark = pytest.mark.processes

DATA_KEYS = 500


@dataclass
class Place:
    service: Service
    vault: Vault

    @property
    def first(self) -> str:
        return self.vault.keyring.ids[0]

    @property
    def path(self) -> Path:
        return self.service.folder / "keyring.json"

    def refuse(self, *arguments: str) -> tuple[int, str]:
        answer = self.service.attempt(*arguments)
        assert answer.stdout == ""
        return answer.returncode, answer.stderr

    async def until_held(self, key_id: str) -> None:
        async def is_held() -> bool:
            return all(process.has(key_id) for process in await live_processes(now=SystemClock().now()))

        await until(is_held, seconds=20)


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Place]:
    """A server over a database that is open here as well."""
    make_keyring(tmp_path / "keyring.json")
    service = Service(folder=tmp_path, database_url=database_url)
    async with databases.opened(database_url):
        try:
            vault = await open_vault(tmp_path / "keyring.json", embedded=False, clock=SystemClock())
            await vault.prepare(uuid4())
            await service.start()
            yield Place(service, vault)
        finally:
            service.kill()


@pytest.mark.endurance
async def test_a_key_is_rotated_beside_a_server_though_it_and_the_rewrap_are_killed_and_two_rewraps_go_on(here: Place) -> None:
    service, old = here.service, here.first
    for _ in range(DATA_KEYS - 1):
        await here.vault.prepare(uuid4())
    new = service.run("keys", "add")
    await here.until_held(new)
    assert service.run("keys", "list").splitlines() == sorted(
        [
            f"{old}  PRIMARY       {DATA_KEYS:>6} data keys  in the keyring",
            f"{new}  DECRYPT_ONLY       0 data keys  in the keyring",
        ]
    )

    assert service.run("keys", "promote", new) == f"{new} is the primary."
    await begin_to_rewrap_and_kill(here)
    service.kill()
    moved = (await wrapped_by())[new]
    assert 0 < moved < DATA_KEYS

    await service.start()
    told = await asyncio.gather(*(asyncio.to_thread(service.run, "keys", "rewrap") for _ in range(2)))
    assert [each.splitlines()[-1] for each in told] == [f"All data keys are under {new}."] * 2
    assert {(row.key_id, row.version) for row in await DataKey.all()} == {(new, 2)}

    assert (
        service.run("keys", "retire", old) == f"{old} is retired: nothing needs it any more, but backups that were made before."
    )
    forget(here.path, old)
    stopped = service.process.pid if service.process else 0
    assert service.stop() == 0
    assert not await LiveProcess.filter(pid=stopped).exists()
    await service.start()
    assert service.run("keys", "verify") == "No value is sealed yet."
    assert await states() == {old: KeyUse.RETIRED, new: KeyUse.PRIMARY}


async def begin_to_rewrap_and_kill(here: Place) -> None:
    rewrapping = here.service.beside(name="rewrap")
    rewrapping.begin("keys", "rewrap")
    async with asyncio.timeout(30):
        while b"wrapped anew" not in rewrapping.log.read_bytes():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.001)
    rewrapping.kill()


def forget(path: Path, key_id: str) -> None:
    document = json.loads(path.read_text())
    del document["keys"][key_id]
    path.write_text(json.dumps(document))


async def test_a_key_is_not_promoted_until_it_is_in_the_file_of_the_other_machine_too(here: Place) -> None:
    theirs = here.path.parent / "elsewhere" / "keyring.json"
    copy_file(here.path, theirs)
    other = replace(here.service.beside(name="other"), environment={"INSTALLED_APPS_KEYRING_FILE": str(theirs)})
    await other.start()
    try:
        new = here.service.run("keys", "add")
        await until_both_report(since=SystemClock().now())
        before = await rows_of_all_keys()

        code, told = here.refuse("keys", "promote", new)

        assert other.process is not None
        name = f"{socket.gethostname()}:{other.process.pid}"
        assert (code, told.count("\n")) == (1, 1)
        assert f"Key {new} is not held yet by 1 of 2 live processes: {name}. Copy the keyring file to their machines" in told
        assert f"{new}  DECRYPT_ONLY       0 data keys  in the keyring, lacking at {name}" in here.service.run("keys", "list")
        assert await rows_of_all_keys() == before

        copy_file(here.path, theirs)
        await here.until_held(new)
        assert here.service.run("keys", "promote", new) == f"{new} is the primary."
    finally:
        other.kill()


async def until_both_report(*, since: datetime) -> None:
    async def have_both_reported() -> bool:
        return await LiveProcess.filter(seen_at__gt=since).count() == 2

    await until(have_both_reported, seconds=30)


async def test_every_bad_use_is_a_line_that_says_what_to_do_and_changes_nothing(here: Place) -> None:
    before, file = await rows_of_all_keys(), here.path.read_bytes()

    assert here.refuse("keys", "promote", "0" * 16) == (
        1,
        f"There is no key {'0' * 16}: `keys list` names those that there are.\n",
    )
    assert here.refuse("keys", "retire", here.first) == (
        1,
        f"Key {here.first} is the primary: promote another with `keys promote` first.\n",
    )
    assert here.refuse("keys", "promote")[0] == 2
    here.path.write_bytes(b"")
    for command in (("add",), ("promote", here.first), ("rewrap",)):
        assert here.refuse("keys", *command) == (78, f"INSTALLED_APPS_KEYRING_FILE: {here.path} is empty.\n")
    here.path.write_bytes(file)

    assert await rows_of_all_keys() == before
    assert read_keyring(here.path).ids == (here.first,)
