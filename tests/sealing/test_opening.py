"""The start: the keyring is made, fits what the database needs, or is refused by the ids of its keys."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import Clock
from app.errors import ConfigurationError
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import make_keyring, read_keyring
from app.sealing.secret import Secret
from app.sealing.vault import open_vault
from tests.sealing.keyrings import rows_of_all_keys
from tests.sealing.places import OTHER_TEAM, PLACE, change_data_key, sealed_under_a_new_keyring

SETTING = "INSTALLED_APPS_KEYRING_FILE"

pytestmark = pytest.mark.usefixtures("database")


def is_there(path: Path) -> bool:
    return path.exists()


def content(path: Path) -> bytes:
    return path.read_bytes()


def lose(path: Path) -> None:
    path.unlink()


def put_another_key(path: Path, key_id: str) -> None:
    document = json.loads(path.read_text())
    document["keys"][key_id] = "A" * 43 + "="
    path.write_text(json.dumps(document))


async def test_the_first_start_beside_an_embedded_database_makes_the_keyring_and_its_primary(path: Path, clock: Clock) -> None:
    vault = await open_vault(path, embedded=True, clock=clock)

    (key_id,) = read_keyring(path).ids
    assert vault.keyring.ids == (key_id,)
    assert [(row.id, row.state) for row in await KeyState.all()] == [(key_id, KeyUse.PRIMARY)]
    assert await DataKey.all().count() == 0


async def test_a_later_start_opens_what_an_earlier_one_sealed_and_changes_nothing(path: Path, clock: Clock) -> None:
    sealed = await (await open_vault(path, embedded=True, clock=clock)).seal(Secret("secret"), bound_to=PLACE)
    before = content(path), await rows_of_all_keys()

    vault = await open_vault(path, embedded=False, clock=clock)

    assert (await vault.open(sealed, bound_to=PLACE)).reveal() == "secret"
    assert (content(path), await rows_of_all_keys()) == before


async def test_starts_at_the_same_moment_agree_on_one_keyring_and_one_primary(path: Path, clock: Clock) -> None:
    vaults = await asyncio.gather(*(open_vault(path, embedded=True, clock=clock) for _ in range(6)))

    assert {vault.keyring.ids for vault in vaults} == {read_keyring(path).ids}
    assert await KeyState.filter(state=KeyUse.PRIMARY).count() == 1


async def test_no_keyring_is_made_for_a_database_that_is_not_embedded(path: Path, clock: Clock) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"^{SETTING}: there is no {path}, and it is made by itself only beside .* Make it with `keys add`, once",
    ):
        await open_vault(path, embedded=False, clock=clock)

    assert not is_there(path)
    assert await KeyState.all().count() == 0


@pytest.mark.parametrize("embedded", [True, False])
async def test_no_keyring_is_made_once_the_database_holds_a_data_key(path: Path, clock: Clock, embedded: bool) -> None:
    (key_id,) = await sealed_under_a_new_keyring(path, clock)
    lose(path)
    before = await rows_of_all_keys()

    with pytest.raises(ConfigurationError) as refused:
        await open_vault(path, embedded=embedded, clock=clock)

    assert refused.value.message == (
        f"{SETTING}: there is no {path}. The database needs key {key_id} (for 1 data key): bring the file back."
    )
    assert not is_there(path)
    assert await rows_of_all_keys() == before


async def test_a_keyring_that_lacks_a_needed_key_is_refused_by_its_id(path: Path, clock: Clock) -> None:
    (key_id,) = await sealed_under_a_new_keyring(path, clock)
    lose(path)
    make_keyring(path)
    before = await rows_of_all_keys()

    with pytest.raises(ConfigurationError) as refused:
        await open_vault(path, embedded=True, clock=clock)

    assert refused.value.message == f"{SETTING}: {path} lacks key {key_id} (for 1 data key)."
    assert await rows_of_all_keys() == before


async def test_a_keyring_with_another_key_under_a_needed_id_is_refused_without_its_bits(path: Path, clock: Clock) -> None:
    (key_id,) = await sealed_under_a_new_keyring(path, clock)
    put_another_key(path, key_id)

    with pytest.raises(ConfigurationError) as refused:
        await open_vault(path, embedded=True, clock=clock)

    assert refused.value.message == f"{SETTING}: {path} has another key under {key_id} than the one the database needs."


async def test_one_damaged_data_key_does_not_stop_the_start(path: Path, clock: Clock) -> None:
    await sealed_under_a_new_keyring(path, clock)
    vault = await open_vault(path, embedded=True, clock=clock)
    elsewhere = replace(PLACE, team_id=OTHER_TEAM)
    sealed = await vault.seal(Secret("other"), bound_to=elsewhere)
    await change_data_key(wrapped=bytes(130))

    restarted = await open_vault(path, embedded=True, clock=clock)

    assert (await restarted.open(sealed, bound_to=elsewhere)).reveal() == "other"


async def test_a_keyring_without_the_primary_is_refused_where_another_process_may_hold_it(path: Path, clock: Clock) -> None:
    make_keyring(path)
    (key_id,) = (await open_vault(path, embedded=False, clock=clock)).keyring.ids
    lose(path)
    make_keyring(path)

    with pytest.raises(ConfigurationError, match=f"lacks key {key_id}, which is the primary"):
        await open_vault(path, embedded=False, clock=clock)

    assert [(row.id, row.state) for row in await KeyState.all()] == [(key_id, KeyUse.PRIMARY)]


async def test_a_keyring_that_was_lost_before_anything_was_sealed_is_made_anew(path: Path, clock: Clock) -> None:
    (lost,) = (await open_vault(path, embedded=True, clock=clock)).keyring.ids
    lose(path)

    (made,) = (await open_vault(path, embedded=True, clock=clock)).keyring.ids

    assert {row.id: row.state for row in await KeyState.all()} == {lost: KeyUse.RETIRED, made: KeyUse.PRIMARY}
