"""The first key beside a database server: one file is the keyring, and where it was lost before it was used there is a way on."""

from pathlib import Path
from uuid import uuid4

import pytest

from app.console.keys import add
from app.errors import ConfigurationError, StatedProblem
from app.sealing import rotation
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import read_keyring
from app.sealing.presence import present
from app.sealing.vault import open_vault
from app.settings import Settings
from tests import databases
from tests.held import HeldClock
from tests.sealing.keyrings import rows_of_all_keys, states

pytestmark = pytest.mark.usefixtures("database")


async def begin(path: Path, *, instead_of: str | None = None) -> str:
    return await rotation.begin(path, instead_of=instead_of, clock=HeldClock())


async def test_the_first_key_is_the_primary_at_once(tmp_path: Path) -> None:
    key_id = await begin(tmp_path / "keyring.json")

    assert await states() == {key_id: KeyUse.PRIMARY}
    assert read_keyring(tmp_path / "keyring.json").ids == (key_id,)


async def test_a_second_file_is_not_made_in_silence(tmp_path: Path) -> None:
    key_id = await begin(tmp_path / "keyring.json")
    before = await rows_of_all_keys()

    with pytest.raises(StatedProblem, match=f"lacks key {key_id}, which is the primary: .*`keys add --instead-of {key_id}`"):
        await begin(tmp_path / "other.json")

    assert not (tmp_path / "other.json").exists()
    assert await rows_of_all_keys() == before


@pytest.mark.parametrize("is_made_anew", [False, True])
async def test_a_key_that_was_lost_before_it_was_used_is_replaced_when_it_is_named(tmp_path: Path, *, is_made_anew: bool) -> None:
    path = tmp_path / "keyring.json"
    lost = await begin(path)
    path.unlink()
    if is_made_anew:
        await begin(tmp_path / "unused.json", instead_of=lost)
        lost = next(iter(read_keyring(tmp_path / "unused.json").ids))

    key_id = await begin(path, instead_of=lost)
    vault = await open_vault(path, embedded=False, clock=HeldClock())
    await vault.prepare(uuid4())

    assert (await states())[lost] is KeyUse.RETIRED
    assert (await states())[key_id] is KeyUse.PRIMARY
    assert vault.keyring.ids == (key_id,)


async def test_what_may_be_needed_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    key_id = await begin(path)
    vault = await open_vault(path, embedded=False, clock=HeldClock())
    before = await rows_of_all_keys()

    async with present(vault=vault, clock=HeldClock()):
        with pytest.raises(StatedProblem, match=rf"^Key {key_id} is not lost: .* has it\. Copy the keyring file from there\.$"):
            await begin(tmp_path / "other.json", instead_of=key_id)
    with pytest.raises(StatedProblem, match=f"lacks key {key_id}"):
        await begin(tmp_path / "other.json", instead_of="0" * 16)
    assert await rows_of_all_keys() == before
    await vault.prepare(uuid4())
    before = await rows_of_all_keys()
    with pytest.raises(StatedProblem, match=r"^The database holds sealed values: put their own keyring where "):
        await begin(tmp_path / "other.json", instead_of=key_id)

    assert not (tmp_path / "other.json").exists()
    assert await rows_of_all_keys() == before
    assert (await KeyState.get(id=key_id)).state is KeyUse.PRIMARY


async def test_where_no_key_is_the_primary_none_can_be_lost(tmp_path: Path) -> None:
    with pytest.raises(StatedProblem, match=f"^Key {'0' * 16} is not the primary"):
        await begin(tmp_path / "keyring.json", instead_of="0" * 16)

    assert not (tmp_path / "keyring.json").exists()
    assert await states() == {}


async def test_before_the_database_is_made_the_command_says_so(tmp_path: Path) -> None:
    async with databases.blank(tmp_path, of=None) as url:
        settings = Settings(data_dir=tmp_path / "folder", database_url=url)

        with pytest.raises(ConfigurationError, match=r"run `migrate` first|`serve` or `migrate` makes one"):
            await add(settings)

    assert not settings.keyring.exists()
