"""Sealing: what was sealed opens at its own place, and nothing else opens anywhere."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.clock import Clock
from app.errors import KeyUnavailable, SealBroken
from app.sealing.data_keys import DataKey, length_prefixed
from app.sealing.keyring import Keyring
from app.sealing.keys import Key
from app.sealing.secret import Secret
from app.sealing.vault import Binding, Vault
from tests.journeys.soaking import IS_SOAK, full
from tests.sealing.places import PLACE, TEAM, mutations

OVERHEAD = 98

pytestmark = pytest.mark.usefixtures("database")


async def test_what_was_sealed_opens_at_its_place_also_after_a_restart(vault: Vault, clock: Clock) -> None:
    sealed = await vault.seal(Secret("xoxb-1"), bound_to=PLACE)

    assert (await vault.open(sealed, bound_to=PLACE)).reveal() == "xoxb-1"
    assert (await Vault(vault.keyring, clock=clock).open(sealed, bound_to=PLACE)).reveal() == "xoxb-1"
    assert b"xoxb-1" not in sealed
    assert len(sealed) == OVERHEAD + len("xoxb-1")


texts = st.text(st.characters(exclude_categories=()))
places = st.builds(
    Binding,
    team_id=st.just(TEAM),
    table=st.text(),
    column=st.text(),
    row_id=st.uuids(),
    origin=st.text(),
    generation=st.integers(min_value=0),
)


@given(text=texts, place=places)
@settings(
    max_examples=full(10_000, ci=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_text_bound_to_any_place_opens_there(vault: Vault, text: str, place: Binding) -> None:
    sealed = await vault.seal(Secret(text), bound_to=place)

    assert (await vault.open(sealed, bound_to=place)).reveal() == text


@pytest.mark.parametrize("length", [0, 1, 48, *([125, 1_000, 4_000, 16_384] if IS_SOAK else [])])
async def test_every_flipped_bit_truncation_and_extension_is_refused(vault: Vault, length: int) -> None:
    sealed = await vault.seal(Secret("s" * length), bound_to=PLACE)

    refused = 0
    for mutation in mutations(sealed):
        with pytest.raises(SealBroken):
            await vault.open(mutation, bound_to=PLACE)
        refused += 1

    assert refused == 9 * len(sealed) + 128
    assert (await vault.open(sealed, bound_to=PLACE)).reveal() == "s" * length


@given(sealed=st.binary(max_size=300), header=st.binary(max_size=20))
@settings(
    max_examples=full(10_000, ci=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_bytes_that_nobody_sealed_are_refused(vault: Vault, sealed: bytes, header: bytes) -> None:
    with pytest.raises(SealBroken):
        await vault.open(sealed, bound_to=PLACE)
    with pytest.raises(SealBroken):
        await vault.open(b"\x01\x01" + header + sealed, bound_to=PLACE)


MOVED: dict[str, Callable[[int], Binding]] = {
    "team": lambda number: replace(PLACE, team_id=UUID(int=number)),
    "table": lambda number: replace(PLACE, table=f"table{number}"),
    "column": lambda number: replace(PLACE, column=f"column{number}"),
    "row": lambda number: replace(PLACE, row_id=UUID(int=number)),
    "origin": lambda number: replace(PLACE, origin=f"https://git{number}.example.com"),
    "generation": lambda number: replace(PLACE, generation=number),
}


@pytest.mark.parametrize("dimension", MOVED)
async def test_a_value_that_is_moved_in_one_dimension_does_not_open(vault: Vault, dimension: str) -> None:
    moved = [MOVED[dimension](number) for number in range(1, 16)]
    sealed = [await vault.seal(Secret(f"secret {number}"), bound_to=place) for number, place in enumerate(moved)]

    for here, there in itertools.permutations(range(len(moved)), 2):
        with pytest.raises(SealBroken):
            await vault.open(sealed[here], bound_to=moved[there])

    opened = [(await vault.open(value, bound_to=place)).reveal() for value, place in zip(sealed, moved, strict=True)]
    assert opened == [f"secret {number}" for number in range(len(moved))]


async def test_the_bounds_between_the_parts_of_a_place_cannot_be_shifted(vault: Vault) -> None:
    sealed = await vault.seal(Secret("secret"), bound_to=replace(PLACE, table="ab", column="c", origin="d", generation=11))

    for table, column, origin, generation in (("a", "bc", "d", 11), ("abc", "", "d", 11), ("ab", "c", "d1", 1)):
        place = replace(PLACE, table=table, column=column, origin=origin, generation=generation)
        with pytest.raises(SealBroken):
            await vault.open(sealed, bound_to=place)


@given(one=st.lists(st.binary(max_size=6), max_size=5), other=st.lists(st.binary(max_size=6), max_size=5))
@settings(max_examples=full(10_000, ci=200), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_length_prefixes_give_different_bytes_for_different_parts(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)
    assert parts_of(length_prefixed(*one)) == one


def parts_of(joined: bytes) -> list[bytes]:
    parts = []
    while joined:
        length = int.from_bytes(joined[:4], "big")
        parts.append(joined[4 : 4 + length])
        joined = joined[4 + length :]
    return parts


async def test_no_two_values_share_a_salt_or_a_ciphertext(vault: Vault) -> None:
    count = full(1_000_000, ci=2_000)
    salts, ciphertexts = set(), set()

    for _ in range(count):
        sealed = await vault.seal(Secret("the same secret"), bound_to=PLACE)
        salts.add(sealed[18:50])
        ciphertexts.add(sealed[82:])

    assert (len(salts), len(ciphertexts)) == (count, count)


async def test_a_missing_key_and_an_altered_value_are_told_apart(vault: Vault, clock: Clock) -> None:
    sealed = await vault.seal(Secret("secret"), bound_to=PLACE)
    key_id = vault.keyring.ids[0]
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    without = Vault(Keyring({"0" * 16: Key(bytes(32))}), clock=clock)
    with_another = Vault(Keyring({key_id: Key(bytes(32))}), clock=clock)

    with pytest.raises(KeyUnavailable, match=key_id) as lacking:
        await without.open(sealed, bound_to=PLACE)
    with pytest.raises(KeyUnavailable, match=key_id) as wrong:
        await with_another.open(sealed, bound_to=PLACE)
    with pytest.raises(SealBroken):
        await vault.open(altered, bound_to=PLACE)

    assert (lacking.value.key_id, wrong.value.key_id) == (key_id, key_id)
    assert (await vault.open(sealed, bound_to=PLACE)).reveal() == "secret"


async def test_nothing_is_sealed_without_the_primary_and_no_data_key_is_made(vault: Vault, clock: Clock) -> None:
    without = Vault(Keyring({"0" * 16: Key(bytes(32))}), clock=clock)

    with pytest.raises(KeyUnavailable, match=vault.keyring.ids[0]):
        await without.seal(Secret("secret"), bound_to=PLACE)

    assert await DataKey.all().count() == 0
