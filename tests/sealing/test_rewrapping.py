"""Data keys that are wrapped anew keep their bits, whoever is killed, comes second or promotes another key meanwhile."""

import asyncio
import os
from pathlib import Path

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.errors import KeyUnavailable, SealBroken, SealError
from app.sealing.data_keys import DataKey, unwrap
from app.sealing.key_states import KeyState, KeyUse, lock_primary
from app.sealing.keyring import Keyring, read_keyring
from app.sealing.keys import Key
from app.sealing.rewrapping import rewrap
from app.sealing.rotation import add, promote
from app.sealing.vault import Vault, open_vault
from app.storage.database import write
from tests.held import HeldClock
from tests.sealing.keyrings import Machine, assert_all_open, quiet, rows_of_all_keys, seal_for_teams, start, states, wrapped_by

pytestmark = pytest.mark.usefixtures("database")


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def here(tmp_path: Path, clock: HeldClock, database: str) -> Machine:
    del database
    return await start(tmp_path / "keyring.json", clock=clock)


async def promote_another(here: Machine, clock: HeldClock) -> str:
    added = await add(here.path, clock=clock)
    await here.presence.look()
    await promote(added, keyring=read_keyring(here.path), clock=clock)
    return added


async def bits_of_all(keyring: Keyring) -> dict[object, bytes]:
    return {row.id: unwrap(row, keyring=keyring) for row in await DataKey.all()}


async def test_every_data_key_keeps_its_bits_under_the_new_key(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=7)
    before = await bits_of_all(here.vault.keyring)
    new = await promote_another(here, clock)
    told: list[tuple[int, int]] = []

    outcome = await rewrap(vault=here.vault, progress=lambda *figures: told.append(figures), batch=3)

    assert (outcome.primary, outcome.rewrapped, outcome.unopened) == (new, 7, ())
    assert told == [(3, 7), (6, 7), (7, 7)]
    assert await bits_of_all(Keyring({new: key_of(here.vault, new)})) == before
    assert {(row.key_id, row.version) for row in await DataKey.all()} == {(new, 2)}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


def key_of(vault: Vault, key_id: str) -> Key:
    key = vault.keyring.get(key_id)
    assert key is not None
    return key


async def test_there_is_nothing_to_do_twice(here: Machine, clock: HeldClock) -> None:
    await seal_for_teams(here.vault, count=2)
    await promote_another(here, clock)
    await rewrap(vault=here.vault, progress=quiet)
    before = await rows_of_all_keys()

    again = await rewrap(vault=here.vault, progress=quiet)

    assert again.rewrapped == 0
    assert await rows_of_all_keys() == before


@pytest.mark.parametrize("batches", [1, 2, 3])
async def test_a_rewrap_that_was_killed_is_begun_again(here: Machine, clock: HeldClock, batches: int) -> None:
    sealed = await seal_for_teams(here.vault, count=8)
    new = await promote_another(here, clock)
    left = batches

    def die(_rewrapped: int, _of: int) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Killed

    with pytest.raises(Killed):
        await rewrap(vault=here.vault, progress=die, batch=2)
    assert (await wrapped_by())[new] == 2 * batches
    await assert_all_open(sealed, vault=here.vault, clock=clock)

    outcome = await rewrap(vault=here.vault, progress=quiet, batch=2)

    assert outcome.rewrapped == 8 - 2 * batches
    assert await wrapped_by() == {new: 8}


async def test_two_at_once_wrap_each_data_key_once(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=30)
    new = await promote_another(here, clock)
    vaults = [await open_vault(here.path, embedded=True, clock=clock) for _ in range(2)]

    outcomes = await asyncio.gather(*(rewrap(vault=vault, progress=quiet, batch=4) for vault in vaults))

    assert sum(outcome.rewrapped for outcome in outcomes) == 30
    assert {(row.key_id, row.version) for row in await DataKey.all()} == {(new, 2)}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_a_promotion_in_the_middle_is_followed(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=12)
    first = here.vault.keyring.ids[0]
    second = await promote_another(here, clock)
    third = await add(here.path, clock=clock)
    await here.presence.look()
    keyring = read_keyring(here.path)
    in_the_middle = asyncio.Event()

    async def promote_in_the_middle() -> None:
        await in_the_middle.wait()
        await promote(third, keyring=keyring, clock=clock)

    promoting = asyncio.create_task(promote_in_the_middle())
    outcome = await rewrap(vault=here.vault, progress=lambda *_: in_the_middle.set(), batch=1)
    await promoting
    left = await wrapped_by()

    await rewrap(vault=here.vault, progress=quiet)  # the promotion may have come last
    assert left == {outcome.primary: 12}
    assert outcome.unopened == ()
    assert await wrapped_by() == {third: 12}
    assert await states() == {first: KeyUse.DECRYPT_ONLY, second: KeyUse.DECRYPT_ONLY, third: KeyUse.PRIMARY}
    await assert_all_open(sealed, vault=here.vault, clock=clock)


async def test_nothing_is_saved_under_a_key_that_was_retired_while_it_was_wrapping(here: Machine, clock: HeldClock) -> None:
    first = here.vault.keyring.ids[0]
    await seal_for_teams(here.vault, count=3)
    second = await promote_another(here, clock)
    third = await add(here.path, clock=clock)
    vault = await open_vault(here.path, embedded=True, clock=clock)
    is_held, is_wrapped = asyncio.Event(), asyncio.Event()

    def entropy(count: int) -> bytes:
        is_wrapped.set()
        return os.urandom(count)

    async def turn_while_it_wraps(connection: BaseDBAsyncClient) -> None:
        primary = await lock_primary()
        is_held.set()
        await is_wrapped.wait()
        heir = await KeyState.get(id=third, using_db=connection)
        await primary.become(KeyUse.RETIRED, at=clock.now())
        await heir.become(KeyUse.PRIMARY, at=clock.now())

    turning = asyncio.create_task(write(turn_while_it_wraps))
    await is_held.wait()
    outcome = await rewrap(vault=vault, progress=quiet, entropy=entropy)
    await turning

    assert outcome.primary == third
    assert {(row.key_id, row.version) for row in await DataKey.all()} == {(third, 2)}
    assert await states() == {first: KeyUse.DECRYPT_ONLY, second: KeyUse.RETIRED, third: KeyUse.PRIMARY}


async def test_a_key_that_was_added_after_the_rewrap_began_is_found_in_the_file(here: Machine, clock: HeldClock) -> None:
    await seal_for_teams(here.vault, count=2)
    begun = await open_vault(here.path, embedded=True, clock=clock)
    new = await promote_another(here, clock)

    await rewrap(vault=begun, progress=quiet)

    assert await wrapped_by() == {new: 2}


async def test_without_the_primary_nothing_is_wrapped(here: Machine, clock: HeldClock) -> None:
    await seal_for_teams(here.vault, count=2)
    stale = Vault(here.vault.keyring, clock=clock)
    new = await promote_another(here, clock)
    before = await rows_of_all_keys()

    with pytest.raises(KeyUnavailable, match=new):
        await rewrap(vault=stale, progress=quiet)

    assert await rows_of_all_keys() == before


async def test_a_damaged_data_key_is_left_as_it_is_and_named(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=6)
    old = here.vault.keyring.ids[0]
    new = await promote_another(here, clock)
    lost, misplaced, *_ = damaged = await DataKey.all().order_by("id").limit(3)
    await change(lost, wrapped=bytes(130))
    await change(misplaced, team_id=damaged[2].id)
    await change(damaged[2], wrapped=bytes(damaged[2].wrapped)[:-1])
    before = await DataKey.filter(key_id=old).order_by("id").limit(3).values()

    outcome = await rewrap(vault=here.vault, progress=quiet, batch=2)

    assert outcome.rewrapped == 3
    assert [(row.id, type(error)) for row, error in outcome.unopened] == [(row.id, SealBroken) for row in damaged]
    assert await wrapped_by() == {old: 3, new: 3}
    assert await DataKey.filter(key_id=old).order_by("id").values() == before
    whole = {row.team_id for row in await DataKey.filter(key_id=new)}
    await assert_all_open({team: value for team, value in sealed.items() if team in whole}, vault=here.vault, clock=clock)


async def change(row: DataKey, **values: object) -> None:
    async def action(connection: BaseDBAsyncClient) -> None:
        await DataKey.filter(id=row.id).using_db(connection).update(**values)

    await write(action)


async def test_the_service_starts_where_nothing_but_a_damaged_data_key_is_left_on_a_key(here: Machine, clock: HeldClock) -> None:
    sealed = await seal_for_teams(here.vault, count=2)
    old = here.vault.keyring.ids[0]
    new = await promote_another(here, clock)
    lost = await DataKey.all().order_by("id").first()
    assert lost is not None
    await change(lost, wrapped=bytes(130))
    await rewrap(vault=here.vault, progress=quiet)

    restarted = await open_vault(here.path, embedded=True, clock=clock)

    assert await wrapped_by() == {old: 1, new: 1}
    del sealed[lost.team_id]
    await assert_all_open(sealed, vault=restarted, clock=clock)
    with pytest.raises(SealError):
        await restarted.prepare(lost.team_id)
