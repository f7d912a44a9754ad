"""Where the tests' values are sealed to, and how a value is spoiled."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from app.clock import Clock
from app.sealing.data_keys import DataKey
from app.sealing.secret import Secret
from app.sealing.vault import Binding, open_vault
from app.storage.database import write

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


def mutations(sealed: bytes) -> Iterator[bytes]:
    """Every flipped bit, every truncation, every extension by 1 to 64 bytes."""
    for position, bit in itertools.product(range(len(sealed)), range(8)):
        yield sealed[:position] + bytes([sealed[position] ^ 1 << bit]) + sealed[position + 1 :]
    for length in range(len(sealed)):
        yield sealed[:length]
    for length in range(1, 65):
        yield sealed + bytes(length)
        yield bytes(length) + sealed


async def change_data_key(**values: object) -> None:
    async def action(connection: BaseDBAsyncClient) -> None:
        await DataKey.filter(team_id=TEAM).using_db(connection).update(**values)

    await write(action)


async def sealed_under_a_new_keyring(path: Path, clock: Clock) -> tuple[str, ...]:
    vault = await open_vault(path, embedded=True, clock=clock)
    await vault.seal(Secret("secret"), bound_to=PLACE)
    return vault.keyring.ids
