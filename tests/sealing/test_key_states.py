"""Which key is the primary when a process starts, and what becomes of the others."""

import os

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.clock import Clock
from app.errors import ConfigurationError
from app.sealing.key_states import KeyState, KeyUse, settle_primary
from app.sealing.keyring import Keyring
from app.sealing.keys import Key
from app.storage.database import write
from tests.sealing.keyrings import states

SETTING = "INSTALLED_APPS_KEYRING_FILE"
FIRST, SECOND = "00000000000000aa", "00000000000000bb"

pytestmark = pytest.mark.usefixtures("database")


async def settle(keyring: Keyring, clock: Clock, *, replaceable: bool = False) -> None:
    async def action(connection: BaseDBAsyncClient) -> None:
        await settle_primary(connection, keyring=keyring, replaceable=replaceable, at=clock.now(), entropy=os.urandom)

    await write(action)


def ring(*key_ids: str) -> Keyring:
    return Keyring({key_id: Key(bytes(range(32))) for key_id in key_ids})


async def test_the_first_key_becomes_the_primary_and_the_others_open_only(clock: Clock) -> None:
    await settle(ring(SECOND, FIRST), clock)

    rows = await KeyState.all().order_by("-id")
    assert [(row.id, row.state, row.primary_slot) for row in rows] == [
        (SECOND, KeyUse.PRIMARY, 1),
        (FIRST, KeyUse.DECRYPT_ONLY, None),
    ]
    assert {row.created_at for row in rows} == {row.changed_at for row in rows} == {clock.now()}


async def test_a_primary_stays_and_a_new_key_joins_to_open_only(clock: Clock) -> None:
    await settle(ring(SECOND), clock)

    await settle(ring(FIRST, SECOND), clock)

    assert await states() == {SECOND: KeyUse.PRIMARY, FIRST: KeyUse.DECRYPT_ONLY}


async def test_a_primary_that_the_keyring_lacks_is_named_and_nothing_changes(clock: Clock) -> None:
    await settle(ring(FIRST), clock)

    with pytest.raises(ConfigurationError, match=f"^{SETTING}: .*{FIRST}, which is the primary"):
        await settle(ring(SECOND), clock)

    assert await states() == {FIRST: KeyUse.PRIMARY}


async def test_a_lost_primary_that_nothing_needs_is_replaced(clock: Clock) -> None:
    await settle(ring(FIRST), clock)

    await settle(ring(SECOND), clock, replaceable=True)

    assert await states() == {FIRST: KeyUse.RETIRED, SECOND: KeyUse.PRIMARY}


async def test_a_retired_key_does_not_become_the_primary_by_itself(clock: Clock) -> None:
    await settle(ring(FIRST), clock)
    await settle(ring(SECOND), clock, replaceable=True)

    with pytest.raises(ConfigurationError, match=f"every key of the keyring is retired: {FIRST}"):
        await settle(ring(FIRST), clock, replaceable=True)

    assert await states() == {FIRST: KeyUse.RETIRED, SECOND: KeyUse.PRIMARY}


async def test_there_cannot_be_two_primaries(clock: Clock) -> None:
    await settle(ring(FIRST, SECOND), clock)

    async def promote_without_demoting(_: BaseDBAsyncClient) -> None:
        await (await KeyState.get(id=SECOND)).become(KeyUse.PRIMARY, at=clock.now())

    with pytest.raises(IntegrityError):
        await write(promote_without_demoting)

    assert await states() == {FIRST: KeyUse.PRIMARY, SECOND: KeyUse.DECRYPT_ONLY}
