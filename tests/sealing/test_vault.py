import asyncio
import itertools
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.clock import Clock
from app.errors import ConfigurationError, KeyUnavailable, SealBroken, SealError
from app.sealing.data_keys import DataKey, length_prefixed, unwrap
from app.sealing.key_states import KeyState, KeyUse
from app.sealing.keyring import Keyring, add_key, make_keyring, read_keyring
from app.sealing.keyring_life import KeyListing, list_keys, verify
from app.sealing.keys import Key
from app.sealing.secret import Secret
from app.sealing.vault import Binding, Vault, open_vault
from app.storage.database import write

SOAK = os.environ.get("SOAK") == "1"
SETTING = "INSTALLED_APPS_KEYRING_FILE"
VECTORS = Path(__file__).parent.parent / "vectors" / "sealed-v1.json"
TEAM = UUID("11111111-1111-4111-8111-111111111111")
OTHER_TEAM = UUID("22222222-2222-4222-8222-222222222222")
PLACE = Binding(
    team_id=TEAM,
    table="grant",
    column="access_token",
    row_id=UUID("33333333-3333-4333-8333-333333333333"),
    origin="https://git.example.com:8443",
    generation=3,
)
OVERHEAD = 98

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder / "keyring.json"


@pytest.fixture
async def vault(path: Path, clock: Clock, database: object) -> Vault:
    del database  # it has to be there first
    return await open_vault(path, embedded=True, clock=clock)


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
    max_examples=10_000 if SOAK else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_every_text_bound_to_any_place_opens_there(vault: Vault, text: str, place: Binding) -> None:
    sealed = await vault.seal(Secret(text), bound_to=place)

    assert (await vault.open(sealed, bound_to=place)).reveal() == text


def mutations(sealed: bytes) -> Iterator[bytes]:
    """Every flipped bit, every truncation, every extension by 1 to 64 bytes."""
    for position, bit in itertools.product(range(len(sealed)), range(8)):
        yield sealed[:position] + bytes([sealed[position] ^ 1 << bit]) + sealed[position + 1 :]
    for length in range(len(sealed)):
        yield sealed[:length]
    for length in range(1, 65):
        yield sealed + bytes(length)
        yield bytes(length) + sealed


@pytest.mark.parametrize("length", [0, 1, 48, *([125, 1_000, 4_000, 16_384] if SOAK else [])])
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
    max_examples=10_000 if SOAK else 60,
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
@settings(max_examples=10_000 if SOAK else 200, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    count = 1_000_000 if SOAK else 2_000
    salts, ciphertexts = set(), set()

    for _ in range(count):
        sealed = await vault.seal(Secret("the same secret"), bound_to=PLACE)
        salts.add(sealed[18:50])
        ciphertexts.add(sealed[82:])

    assert (len(salts), len(ciphertexts)) == (count, count)


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


async def test_values_under_a_data_key_that_no_longer_seals_still_open(vault: Vault, clock: Clock) -> None:
    sealed = await vault.seal(Secret("old"), bound_to=PLACE)

    await change_data_key(is_active=None)
    newly_sealed = await vault.seal(Secret("new"), bound_to=PLACE)

    restarted = Vault(vault.keyring, clock=clock)
    assert (await restarted.open(sealed, bound_to=PLACE)).reveal() == "old"
    assert (await restarted.open(newly_sealed, bound_to=PLACE)).reveal() == "new"
    assert sealed[2:18] != newly_sealed[2:18]


async def change_data_key(**values: object) -> None:
    async def action(connection: BaseDBAsyncClient) -> None:
        await DataKey.filter(team_id=TEAM).using_db(connection).update(**values)

    await write(action)


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


async def rows_of_all_keys() -> list[object]:
    return [*await KeyState.all().order_by("id").values(), *await DataKey.all().order_by("id").values()]


async def test_starts_at_the_same_moment_agree_on_one_keyring_and_one_primary(path: Path, clock: Clock) -> None:
    vaults = await asyncio.gather(*(open_vault(path, embedded=True, clock=clock) for _ in range(6)))

    assert {vault.keyring.ids for vault in vaults} == {read_keyring(path).ids}
    assert await KeyState.filter(state=KeyUse.PRIMARY).count() == 1


async def test_no_keyring_is_made_for_a_database_that_is_not_embedded(path: Path, clock: Clock) -> None:
    with pytest.raises(ConfigurationError, match=f"^{SETTING}: there is no {path}, and it is made by itself only beside"):
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


async def sealed_under_a_new_keyring(path: Path, clock: Clock) -> tuple[str, ...]:
    vault = await open_vault(path, embedded=True, clock=clock)
    await vault.seal(Secret("secret"), bound_to=PLACE)
    return vault.keyring.ids


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


async def test_values_sealed_in_the_first_format_open_for_ever(clock: Clock) -> None:
    vectors = await stored_vectors(clock)

    opened = [(await vectors.vault.open(each.sealed, bound_to=each.place)).reveal() for each in vectors.values]

    assert opened == [each.text for each in vectors.values]
    assert len(opened) >= 20


async def test_the_first_format_is_written_byte_by_byte_as_it_was(clock: Clock) -> None:
    vectors = await stored_vectors(clock)

    for each in vectors.values:
        vault = Vault(vectors.vault.keyring, clock=clock, entropy=always(each.sealed[18:50]))
        assert await vault.seal(Secret(each.text), bound_to=each.place) == each.sealed


def always(salt: bytes) -> Callable[[int], bytes]:
    return lambda count: salt[:count]


@dataclass
class Vector:
    text: str
    place: Binding
    sealed: bytes


@dataclass
class Vectors:
    vault: Vault
    values: list[Vector]


async def stored_vectors(clock: Clock) -> Vectors:
    """Put the vectors' data keys into the database; return a vault over their keyring, and the values."""
    stored = json.loads(VECTORS.read_text())

    async def insert(connection: BaseDBAsyncClient) -> None:
        for row in stored["dataKeys"]:
            await DataKey.create(
                id=UUID(row["id"]),
                team_id=UUID(row["teamId"]),
                key_id=row["keyId"],
                wrapped=bytes.fromhex(row["wrapped"]),
                is_active=True,
                version=1,
                created_at=clock.now(),
                using_db=connection,
            )

    await write(insert)
    keyring = Keyring({key_id: Key(bytes.fromhex(bits)) for key_id, bits in stored["keys"].items()})
    return Vectors(vault=Vault(keyring, clock=clock), values=[vector(row) for row in stored["values"]])


def vector(row: dict[str, Any]) -> Vector:
    place = Binding(
        team_id=UUID(row["teamId"]),
        table=row["table"],
        column=row["column"],
        row_id=UUID(row["rowId"]),
        origin=row["origin"],
        generation=row["generation"],
    )
    return Vector(text=row["text"], place=place, sealed=bytes.fromhex(row["sealed"]))
