"""The data key that seals is remembered, for a bounded time, and never across a change of the keyring."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import Clock
from app.sealing.data_keys import data_key_id_of
from app.sealing.keyring import add_key
from app.sealing.secret import Secret
from app.sealing.vault import KNOWN_FOR, Vault
from tests.held import HeldClock
from tests.sealing.places import PLACE, change_data_key

pytestmark = pytest.mark.usefixtures("database")

SECRET = Secret("xoxb-1")


async def test_to_seal_again_asks_the_database_nothing_for_a_while(
    vault: Vault, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    await vault.seal(SECRET, bound_to=PLACE)
    asked = []

    for step in (timedelta(), KNOWN_FOR - timedelta(milliseconds=1), timedelta(milliseconds=1), timedelta()):
        clock.advance(step)
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            await vault.seal(SECRET, bound_to=PLACE)
        asked.append(len(caplog.records))

    assert asked == [0, 0, 1, 0]


async def test_a_data_key_that_took_its_place_seals_once_that_while_is_over(vault: Vault, clock: HeldClock) -> None:
    old = await vault.seal(SECRET, bound_to=PLACE)
    await replace_data_key(vault, clock=clock)

    clock.advance(KNOWN_FOR - timedelta(milliseconds=1))
    meanwhile = await vault.seal(SECRET, bound_to=PLACE)
    clock.advance(timedelta(milliseconds=1))
    new = await vault.seal(SECRET, bound_to=PLACE)

    assert data_key_id_of(meanwhile) == data_key_id_of(old) != data_key_id_of(new)
    assert [(await vault.open(sealed, bound_to=PLACE)).reveal() for sealed in (old, meanwhile, new)] == ["xoxb-1"] * 3


async def test_a_clock_that_is_set_back_makes_it_no_longer(vault: Vault, clock: HeldClock) -> None:
    old = await vault.seal(SECRET, bound_to=PLACE)
    await replace_data_key(vault, clock=clock)

    clock.advance(-timedelta(hours=1))

    assert data_key_id_of(await vault.seal(SECRET, bound_to=PLACE)) != data_key_id_of(old)


async def test_a_keyring_that_changes_has_it_forgotten_at_once(vault: Vault, path: Path, clock: Clock) -> None:
    old = await vault.seal(SECRET, bound_to=PLACE)
    await vault.reread()
    await vault.seal(SECRET, bound_to=PLACE)
    await replace_data_key(vault, clock=clock)
    before = await vault.seal(SECRET, bound_to=PLACE)

    add_key(path)
    await vault.reread()

    assert data_key_id_of(before) == data_key_id_of(old)
    assert data_key_id_of(await vault.seal(SECRET, bound_to=PLACE)) != data_key_id_of(old)


async def replace_data_key(vault: Vault, *, clock: Clock) -> None:
    """Have the team's data key replaced by another process."""
    await change_data_key(is_active=None)
    await Vault(vault.keyring, clock=clock).prepare(PLACE.team_id)
