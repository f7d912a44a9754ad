"""Each team's own data keys: made once, wrapped by the primary, of no use to anybody else."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.clock import Clock
from app.errors import SealBroken, SealError
from app.sealing.data_keys import DataKey, unwrap
from app.sealing.secret import Secret
from app.sealing.vault import KNOWN_FOR, Vault
from app.storage.database import write
from tests.held import HeldClock
from tests.sealing.places import OTHER_TEAM, PLACE, TEAM, change_data_key, mutations

pytestmark = pytest.mark.usefixtures("database")


async def test_a_team_gets_one_data_key_of_its_own_wrapped_by_the_primary(vault: Vault, clock: Clock) -> None:
    await vault.prepare(TEAM)
    await vault.prepare(TEAM)
    await vault.seal(Secret("secret"), bound_to=PLACE)
    await vault.prepare(OTHER_TEAM)

    rows = await DataKey.all()
    assert {row.team_id for row in rows} == {TEAM, OTHER_TEAM}
    assert [(row.key_id, row.is_active, row.version, row.created_at) for row in rows] == [
        (vault.keyring.ids[0], True, 1, clock.now())
    ] * 2
    assert len({bytes(row.wrapped) for row in rows}) == 2


async def test_many_who_need_a_teams_first_data_key_at_once_share_one(vault: Vault, clock: Clock) -> None:
    processes = [Vault(vault.keyring, clock=clock) for _ in range(8)]

    sealed = await asyncio.gather(*(each.seal(Secret("secret"), bound_to=PLACE) for each in processes))

    assert await DataKey.filter(team_id=TEAM).count() == 1
    assert {(await vault.open(value, bound_to=PLACE)).reveal() for value in sealed} == {"secret"}


async def test_a_team_cannot_have_two_active_data_keys(vault: Vault, clock: Clock) -> None:
    await vault.prepare(TEAM)

    async def add_another(connection: BaseDBAsyncClient) -> None:
        await DataKey.create(
            id=uuid4(),
            team_id=TEAM,
            key_id="0" * 16,
            wrapped=b"",
            is_active=True,
            version=1,
            created_at=clock.now(),
            using_db=connection,
        )

    with pytest.raises(IntegrityError):
        await write(add_another)

    assert await DataKey.filter(team_id=TEAM).count() == 1


async def test_values_under_a_data_key_that_no_longer_seals_still_open(vault: Vault, clock: HeldClock) -> None:
    sealed = await vault.seal(Secret("old"), bound_to=PLACE)

    await change_data_key(is_active=None)
    clock.advance(KNOWN_FOR)
    newly_sealed = await vault.seal(Secret("new"), bound_to=PLACE)

    restarted = Vault(vault.keyring, clock=clock)
    assert (await restarted.open(sealed, bound_to=PLACE)).reveal() == "old"
    assert (await restarted.open(newly_sealed, bound_to=PLACE)).reveal() == "new"
    assert sealed[2:18] != newly_sealed[2:18]


async def test_every_alteration_of_a_wrapped_data_key_is_refused(vault: Vault) -> None:
    await vault.prepare(TEAM)
    row = await DataKey.get(team_id=TEAM)
    wrapped = bytes(row.wrapped)

    for mutation in mutations(wrapped):
        row.wrapped = mutation
        with pytest.raises(SealError):
            unwrap(row, keyring=vault.keyring)

    row.wrapped = wrapped
    assert len(unwrap(row, keyring=vault.keyring)) == 32


async def test_a_data_key_that_is_given_to_another_team_opens_for_neither(vault: Vault, clock: Clock) -> None:
    sealed = await vault.seal(Secret("secret"), bound_to=PLACE)

    await change_data_key(team_id=OTHER_TEAM)

    restarted = Vault(vault.keyring, clock=clock)
    for team_id in (TEAM, OTHER_TEAM):
        with pytest.raises(SealBroken):
            await restarted.open(sealed, bound_to=replace(PLACE, team_id=team_id))


async def test_a_wrapped_data_key_is_no_sealed_value(vault: Vault) -> None:
    await vault.prepare(TEAM)
    row = await DataKey.get(team_id=TEAM)

    with pytest.raises(SealBroken):
        await vault.open(bytes(row.wrapped), bound_to=PLACE)


async def test_values_whose_data_key_is_gone_do_not_open(vault: Vault, clock: Clock) -> None:
    sealed = await vault.seal(Secret("secret"), bound_to=PLACE)

    async def shred(connection: BaseDBAsyncClient) -> None:
        await DataKey.filter(team_id=TEAM).using_db(connection).delete()

    await write(shred)

    with pytest.raises(SealBroken, match="which is not there"):
        await Vault(vault.keyring, clock=clock).open(sealed, bound_to=PLACE)
