"""What the keys are told to be needed for, and whether all that was sealed opens."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.clock import Clock
from app.errors import KeyUnavailable, SealBroken
from app.sealing.key_states import KeyUse
from app.sealing.keyring import Keyring, add_key, read_keyring
from app.sealing.keyring_life import KeyListing, list_keys, verify
from app.sealing.secret import Secret
from app.sealing.vault import Vault, open_vault
from tests.sealing.places import PLACE, sealed_under_a_new_keyring

pytestmark = pytest.mark.usefixtures("database")


async def test_keys_are_listed_with_what_needs_them(path: Path, clock: Clock) -> None:
    (primary,) = await sealed_under_a_new_keyring(path, clock)
    added = add_key(path)
    await open_vault(path, embedded=True, clock=clock)
    added_later = add_key(path)

    listed = await list_keys(read_keyring(path), clock=clock)
    listed_without = await list_keys(Keyring({}), clock=clock)

    assert sorted(listed, key=str) == sorted(
        [
            KeyListing(id=primary, state=KeyUse.PRIMARY, data_keys=1, in_keyring=True),
            KeyListing(id=added, state=KeyUse.DECRYPT_ONLY, data_keys=0, in_keyring=True),
            KeyListing(id=added_later, state=None, data_keys=0, in_keyring=True),
        ],
        key=str,
    )
    assert {(each.id, each.in_keyring) for each in listed_without} == {(primary, False), (added, False)}


async def test_verification_counts_what_opens_by_key_and_names_what_does_not(vault: Vault, clock: Clock) -> None:
    generations = [replace(PLACE, generation=generation) for generation in range(4)]
    values = [(place, await vault.seal(Secret("secret"), bound_to=place)) for place in generations]
    moved = (generations[0], values[1][1])
    cut = (generations[2], b"")

    verification = await verify([*values, moved, cut], keyring=vault.keyring, clock=clock)

    assert verification.opened == {vault.keyring.ids[0]: 4}
    assert [(place, type(error)) for place, error in verification.failures] == [
        (generations[0], SealBroken),
        (generations[2], SealBroken),
    ]


async def test_verification_with_the_wrong_keyring_names_the_key_that_is_needed(vault: Vault, clock: Clock) -> None:
    value = (PLACE, await vault.seal(Secret("secret"), bound_to=PLACE))

    verification = await verify([value], keyring=Keyring({}), clock=clock)

    assert verification.opened == {}
    ((place, error),) = verification.failures
    assert place == PLACE
    assert isinstance(error, KeyUnavailable)
    assert error.key_id == vault.keyring.ids[0]
