"""A key's life beside live processes: added, promoted, retired, and everything refused that would cost a value."""

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import ConfigurationError, KeyUnavailable, StatedProblem
from app.sealing.data_keys import DataKey
from app.sealing.key_states import KeyUse
from app.sealing.keyring import add_key, read_keyring
from app.sealing.presence import LIVE_SECONDS, LiveProcess, present
from app.sealing.rewrapping import rewrap
from app.sealing.rotation import add, promote, retire
from app.sealing.vault import open_vault
from tests.held import HeldClock
from tests.sealing.keyrings import (
    Machine,
    assert_all_open,
    copy_file,
    place,
    quiet,
    rows_of_all_keys,
    seal_for_teams,
    start,
    states,
    wrapped_by,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def here(tmp_path: Path, clock: HeldClock, database: str) -> Machine:
    """The machine on which the operator types."""
    del database
    (tmp_path / "here").mkdir()
    return await start(tmp_path / "here" / "keyring.json", clock=clock)


async def start_elsewhere(here: Machine, clock: HeldClock) -> Machine:
    path = here.path.parent.parent / "there" / "keyring.json"
    copy_file(here.path, path)
    return await start(path, clock=clock)


def forget(path: Path, key_id: str) -> None:
    document = json.loads(path.read_text())
    del document["keys"][key_id]
    path.write_text(json.dumps(document))


async def rotate(here: Machine, clock: HeldClock) -> tuple[str, str]:
    """Add a key and promote it; return the old primary and the new one."""
    old = here.vault.keyring.ids[0]
    new = await add(here.path, clock=clock)
    await here.presence.look()
    await promote(new, keyring=read_keyring(here.path), clock=clock)
    return old, new


async def test_an_added_key_stands_in_the_file_and_opens_only(here: Machine, clock: HeldClock) -> None:
    old = here.vault.keyring.ids[0]

    added = await add(here.path, clock=clock)

    assert read_keyring(here.path).ids == (old, added)
    assert await states() == {old: KeyUse.PRIMARY, added: KeyUse.DECRYPT_ONLY}


async def test_a_key_whose_row_was_not_saved_gets_it_at_the_next_start(here: Machine, clock: HeldClock) -> None:
    old = here.vault.keyring.ids[0]
    added = add_key(here.path)  # killed here

    await open_vault(here.path, embedded=False, clock=clock)

    assert await states() == {old: KeyUse.PRIMARY, added: KeyUse.DECRYPT_ONLY}


async def test_a_promoted_key_wraps_what_is_new_and_the_one_before_opens_what_is_old(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=2)

    old, new = await rotate(here, clock)

    sealed |= await seal_for_teams(here.vault, count=3)
    assert await states() == {old: KeyUse.DECRYPT_ONLY, new: KeyUse.PRIMARY}
    assert await wrapped_by() == {old: 2, new: 3}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_a_key_is_not_promoted_before_every_live_process_has_reported_it(here: Machine, clock: HeldClock) -> None:
    there = await start_elsewhere(here, clock)
    added = await add(here.path, clock=clock)
    await here.presence.look()
    before = await rows_of_all_keys()
    process = await LiveProcess.get(id=there.presence.id)

    with pytest.raises(StatedProblem) as refused:
        await promote(added, keyring=read_keyring(here.path), clock=clock)

    assert refused.value.message == (
        f"Key {added} is not held yet by 1 of 2 live processes: {process.host}:{process.pid}. Copy the keyring file to their "
        "machines and try again: they read it within seconds. One that has crashed counts for 30 seconds."
    )
    assert await rows_of_all_keys() == before

    there.take_file_of(here)
    await there.presence.look()
    await promote(added, keyring=read_keyring(here.path), clock=clock)
    assert (await states())[added] is KeyUse.PRIMARY


async def test_a_process_that_ended_does_not_stand_in_the_way(here: Machine, clock: HeldClock) -> None:
    there = await start_elsewhere(here, clock)
    added = await add(here.path, clock=clock)
    await here.presence.look()
    await there.leave()

    await promote(added, keyring=read_keyring(here.path), clock=clock)

    assert (await states())[added] is KeyUse.PRIMARY


async def test_a_process_that_was_not_seen_for_half_a_minute_does_not_either(here: Machine, clock: HeldClock) -> None:
    await start_elsewhere(here, clock)
    added = await add(here.path, clock=clock)
    clock.advance(timedelta(seconds=LIVE_SECONDS))
    await here.presence.look()

    await promote(added, keyring=read_keyring(here.path), clock=clock)

    assert (await states())[added] is KeyUse.PRIMARY


async def halted_through_a_rotation(here: Machine, clock: HeldClock) -> tuple[Machine, str]:
    """Return a process that comes back with its old keyring beside the new file, and the new primary."""
    there = await start_elsewhere(here, clock)
    added = await add(here.path, clock=clock)
    there.take_file_of(here)
    clock.advance(timedelta(seconds=LIVE_SECONDS))
    await here.presence.look()
    await promote(added, keyring=read_keyring(here.path), clock=clock)
    await rewrap(vault=here.vault, progress=quiet)
    assert there.vault.keyring.get(added) is None
    return there, added


async def test_a_process_that_was_halted_meanwhile_opens_with_the_keys_in_its_file(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=2)
    there, added = await halted_through_a_rotation(here, clock)

    for team_id, value in sealed.items():
        assert (await there.vault.open(value, bound_to=place(team_id))).reveal() == str(team_id)

    assert there.vault.keyring.get(added) is not None


async def test_a_process_that_was_halted_meanwhile_wraps_with_the_new_primary(here: Machine, clock: HeldClock) -> None:
    there, added = await halted_through_a_rotation(here, clock)

    sealed = await seal_for_teams(there.vault, count=2)

    assert await wrapped_by() == {added: 2}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_a_new_team_gets_no_data_key_from_a_process_that_cannot_find_the_primary(here: Machine, clock: HeldClock) -> None:
    there = await start_elsewhere(here, clock)
    clock.advance(timedelta(seconds=LIVE_SECONDS))
    _, new = await rotate(here, clock)

    with pytest.raises(KeyUnavailable, match=new):
        await seal_for_teams(there.vault, count=1)

    assert await DataKey.all().count() == 0


async def test_a_process_without_the_primary_does_not_begin(here: Machine, clock: HeldClock) -> None:
    path = here.path.parent.parent / "there" / "keyring.json"
    copy_file(here.path, path)
    stale = await open_vault(path, embedded=False, clock=clock)
    _, new = await rotate(here, clock)

    with pytest.raises(ConfigurationError, match=f"lacks key {new}, which is the primary"):
        async with present(vault=stale, clock=clock):
            pass

    assert await LiveProcess.all().count() == 1


async def test_many_promotions_at_once_leave_one_primary(here: Machine, clock: HeldClock) -> None:
    added = [await add(here.path, clock=clock) for _ in range(4)]
    await here.presence.look()
    keyring = read_keyring(here.path)

    await asyncio.gather(*(promote(key_id, keyring=keyring, clock=clock) for key_id in added * 2))

    primary = [key_id for key_id, state in (await states()).items() if state is KeyUse.PRIMARY]
    assert len(primary) == 1
    assert primary[0] in added


async def test_promoting_the_primary_again_changes_nothing(here: Machine, clock: HeldClock) -> None:
    _, new = await rotate(here, clock)
    before = await rows_of_all_keys()

    await promote(new, keyring=read_keyring(here.path), clock=clock)

    assert await rows_of_all_keys() == before


async def test_what_cannot_be_promoted_is_named_and_nothing_changes(here: Machine, clock: HeldClock) -> None:
    old, _new = await rotate(here, clock)
    before_adding = read_keyring(here.path)
    added = await add(here.path, clock=clock)
    await here.presence.look()
    await retire(old, clock=clock)
    before = await rows_of_all_keys()

    for key_id, keyring, told in (
        ("0" * 16, read_keyring(here.path), f"There is no key {'0' * 16}: `keys list` names those that there are."),
        ("'; --", read_keyring(here.path), "There is no key '; --: `keys list` names those that there are."),
        (old, read_keyring(here.path), f"Key {old} is retired: add a new one with `keys add`, and promote that."),
        (added, before_adding, f"The keyring here lacks key {added}: copy the file to which it was added here first."),
    ):
        with pytest.raises(StatedProblem) as refused:
            await promote(key_id, keyring=keyring, clock=clock)
        assert refused.value.message == told

    assert await rows_of_all_keys() == before


async def test_a_key_is_not_retired_while_a_data_key_needs_it(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=2)
    old, new = await rotate(here, clock)
    before = await rows_of_all_keys()

    with pytest.raises(StatedProblem) as refused:
        await retire(old, clock=clock)
    assert refused.value.message == f"2 data keys need key {old}: wrap them anew with `keys rewrap` first."
    with pytest.raises(StatedProblem) as refused:
        await retire(new, clock=clock)
    assert refused.value.message == f"Key {new} is the primary: promote another with `keys promote` first."
    with pytest.raises(StatedProblem, match="There is no key"):
        await retire("0" * 16, clock=clock)
    assert await rows_of_all_keys() == before

    await rewrap(vault=here.vault, progress=quiet)
    await retire(old, clock=clock)
    await retire(old, clock=clock)
    assert await states() == {old: KeyUse.RETIRED, new: KeyUse.PRIMARY}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_a_retired_key_may_be_removed_from_the_file(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=2)
    old, new = await rotate(here, clock)
    await rewrap(vault=here.vault, progress=quiet)
    await retire(old, clock=clock)

    forget(here.path, old)
    await here.presence.look()

    assert here.vault.keyring.ids == (new,)
    restarted = await start(here.path, clock=clock)
    assert restarted.vault.keyring.ids == (new,)
    for vault in (here.vault, restarted.vault):
        await assert_all_open(sealed, vault=vault, clock=clock)


async def test_a_key_that_is_needed_and_removed_from_the_file_is_held_on(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=1)
    old, new = await rotate(here, clock)

    forget(here.path, old)
    await here.presence.look()

    assert here.vault.keyring.ids == (old, new)
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_no_data_key_is_wrapped_by_a_key_that_is_being_retired(here: Machine, clock: HeldClock) -> None:
    old = here.vault.keyring.ids[0]
    added = await add(here.path, clock=clock)
    await here.presence.look()
    keyring = read_keyring(here.path)

    async def turn() -> None:
        await promote(added, keyring=keyring, clock=clock)
        with contextlib.suppress(StatedProblem):
            await retire(old, clock=clock)

    await asyncio.gather(turn(), *(seal_for_teams(here.vault, count=3) for _ in range(4)))

    retired = [key_id for key_id, state in (await states()).items() if state is KeyUse.RETIRED]
    assert [key_id for key_id in await wrapped_by() if key_id in retired] == []
    assert sum((await wrapped_by()).values()) == 12
