"""The first format, byte by byte: what it has sealed opens for ever."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from app.clock import Clock
from app.sealing.data_keys import DataKey
from app.sealing.keyring import Keyring
from app.sealing.keys import Key
from app.sealing.secret import Secret
from app.sealing.vault import Binding, Vault
from app.storage.database import write

VECTORS = Path(__file__).parent.parent / "vectors" / "sealed-v1.json"

pytestmark = pytest.mark.usefixtures("database")


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
