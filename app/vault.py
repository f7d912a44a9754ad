"""The vault: seals secrets under a data key per team, which the keyring wraps, and binds each to its place.

A sealed value is `version · suite · data key id (16) · salt (32) · commitment (32) · ciphertext · tag (16)`. A wrapped data
key has the same form. Both authenticate the bytes before the salt and what they are bound to, part by part.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.functions import Count
from tortoise.models import Model

from app.clock import Clock
from app.database import write
from app.errors import ConfigurationError, KeyUnavailable, SealBroken, SealError
from app.keyring import (
    SETTING,
    Keyring,
    KeyState,
    KeyUse,
    is_keyring_there,
    make_keyring,
    read_keyring,
    settle_primary,
)
from app.keys import COMMITMENT_BYTES, KEY_BYTES, SALT_BYTES, TAG_BYTES, Entropy, Key
from app.secret import Secret, from_bytes, to_bytes

_FORM = bytes([1, 1])  # version 1, suite 1: HKDF-SHA512, AES-256-GCM, 256-bit commitment
_ID_BYTES = 16
_HEADER_BYTES = len(_FORM) + _ID_BYTES
_SEAL = b"installed-apps/seal/1"
_WRAP = b"installed-apps/wrap/1"
_CANARIES = 5


class DataKey(Model):
    """A team's data key, wrapped. `is_active` is True for the one that seals and NULL for others, so a team cannot have two.

    `version` counts the wrappings.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    key_id = fields.CharField(max_length=16, db_index=True)
    wrapped = fields.BinaryField()
    is_active = fields.BooleanField(null=True)
    version = fields.IntField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "data_key"
        unique_together = (("team_id", "is_active"),)


@dataclass(frozen=True, kw_only=True)
class Binding:
    """The place a sealed value belongs to; at any other it does not open.

    `origin` is the provider's address that the secret may be sent to, `generation` the version of the row's secrets.
    """

    team_id: UUID
    table: str
    column: str
    row_id: UUID
    origin: str
    generation: int


class Vault:
    """Seals and opens. Keeps the data keys that it has unwrapped for as long as it lives."""

    def __init__(self, keyring: Keyring, *, clock: Clock, entropy: Entropy = os.urandom) -> None:
        self.keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self._unwrapped: dict[UUID, Key] = {}

    async def prepare(self, team_id: UUID) -> None:
        """Make the team's data key unless it has one. Call it, as `seal`, before a transaction, never inside one.

        Raises KeyUnavailable when the keyring lacks the key that wraps, or wrapped, the data key.
        """
        await self._active_data_key(team_id)

    async def seal(self, secret: Secret, *, bound_to: Binding) -> bytes:
        """Return `secret` sealed for the place `bound_to`, with a salt of its own each time.

        Makes the team's data key on first use: call it before the change's transaction, never inside.
        Raises KeyUnavailable as `prepare` does, SealBroken when the team's data key was altered.
        """
        data_key_id, data_key = await self._active_data_key(bound_to.team_id)
        header = _FORM + data_key_id.bytes
        box = data_key.seal(to_bytes(secret), purpose=_SEAL, context=_value_context(header, bound_to), entropy=self._entropy)
        return header + box

    async def open(self, sealed: bytes, *, bound_to: Binding) -> Secret:
        """Return the secret that was sealed for exactly this place.

        Raises KeyUnavailable when the keyring lacks the key, SealBroken when `sealed` was altered, cut off, moved here from
        another place, or its data key is gone.
        """
        header, box = _split(sealed)
        data_key_id = data_key_id_of(sealed)
        data_key = self._unwrapped.get(data_key_id) or self._unwrap(await _stored_data_key(data_key_id))
        return from_bytes(data_key.open(box, purpose=_SEAL, context=_value_context(header, bound_to)))

    async def _active_data_key(self, team_id: UUID) -> tuple[UUID, Key]:
        row = await DataKey.get_or_none(team_id=team_id, is_active=True)
        if row is None:
            row = await write(partial(self._first_data_key, team_id=team_id))
        return row.id, self._unwrapped.get(row.id) or self._unwrap(row)

    async def _first_data_key(self, connection: BaseDBAsyncClient, *, team_id: UUID) -> DataKey:
        primary = await _lock_primary(connection)
        if present := await DataKey.get_or_none(team_id=team_id, is_active=True, using_db=connection):
            return present  # another caller or process held the lock before us
        row = DataKey(
            id=UUID(bytes=self._entropy(_ID_BYTES), version=4),
            team_id=team_id,
            key_id=primary.id,
            is_active=True,
            version=1,
            created_at=self._clock.now(),
        )
        row.wrapped = self._wrap(self._entropy(KEY_BYTES), row)
        await row.save(using_db=connection, force_create=True)
        return row

    def _wrap(self, bits: bytes, row: DataKey) -> bytes:
        header = _FORM + row.id.bytes
        key = _key_of(self.keyring, row.key_id)
        return header + key.seal(bits, purpose=_WRAP, context=_data_key_context(header, row), entropy=self._entropy)

    def _unwrap(self, row: DataKey) -> Key:
        data_key = Key(unwrap(row, keyring=self.keyring))
        self._unwrapped[row.id] = data_key
        return data_key

    def __repr__(self) -> str:
        return f"Vault({self.keyring!r})"


def unwrap(row: DataKey, *, keyring: Keyring) -> bytes:
    """Return the bits of the data key in `row`.

    Raises KeyUnavailable when the keyring has no key of that id or another key under it, SealBroken when the row was altered.
    """
    key = _key_of(keyring, row.key_id)
    header, box = _split(bytes(row.wrapped))
    if not key.made(box, purpose=_WRAP):
        raise KeyUnavailable(f"The keyring's key {row.key_id} is not the one that wrapped data key {row.id}.", key_id=row.key_id)
    return key.open(box, purpose=_WRAP, context=_data_key_context(header, row))


async def open_vault(path: Path, *, embedded: bool, clock: Clock, entropy: Entropy = os.urandom) -> Vault:
    """Return the vault over the keyring file at `path`, once it is certain that it opens what the database holds.

    Makes the file when there is none, the database is embedded and holds no data key; makes the first key the primary.
    Raises ConfigurationError naming the setting and the key ids when the file is wrong or missing, lacks a key that a data key
    or the primary's row names, or has another key under its id.
    """
    needed = await count_data_keys()
    if not is_keyring_there(path):
        _refuse_to_make(path, embedded=embedded, needed=needed)
        make_keyring(path, entropy=entropy)
    keyring = read_keyring(path)
    _refuse_lacking(keyring, needed, path=path)
    for key_id in needed:
        await _refuse_another_key(key_id, keyring=keyring, path=path)
    await _settle(keyring, replaceable=embedded and not needed, at=clock.now())
    return Vault(keyring, clock=clock, entropy=entropy)


def length_prefixed(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length in four bytes: two different lists never give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _value_context(header: bytes, place: Binding) -> bytes:
    return header + length_prefixed(
        place.team_id.bytes,
        place.table.encode(),
        place.column.encode(),
        place.row_id.bytes,
        place.origin.encode(),
        str(place.generation).encode(),
    )


def _data_key_context(header: bytes, row: DataKey) -> bytes:
    return header + length_prefixed(row.id.bytes, row.team_id.bytes, row.key_id.encode())


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    if len(sealed) < _HEADER_BYTES + SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES:
        raise SealBroken("A sealed value is cut off.")
    if not sealed.startswith(_FORM):
        raise SealBroken("A sealed value is of no version that is known here.")
    return sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]


def data_key_id_of(sealed: bytes) -> UUID:
    """Return the id of the data key that a sealed value names. Raises SealBroken where it names none."""
    return UUID(bytes=sealed[len(_FORM) : _HEADER_BYTES])


async def _stored_data_key(data_key_id: UUID) -> DataKey:
    if row := await DataKey.get_or_none(id=data_key_id):
        return row
    raise SealBroken(f"A sealed value names data key {data_key_id}, which is not there.")


def _key_of(keyring: Keyring, key_id: str) -> Key:
    if key := keyring.get(key_id):
        return key
    raise KeyUnavailable(f"The keyring has no key {key_id}.", key_id=key_id)


async def _lock_primary(connection: BaseDBAsyncClient) -> KeyState:
    """Hold the primary's row until the commit, so that no key is demoted and retired while a data key is wrapped with it."""
    primary = KeyState.filter(state=KeyUse.PRIMARY).using_db(connection).select_for_update()
    return await primary.get_or_none() or await primary.get()  # none: it was demoted while we waited, and its heir is visible now


async def count_data_keys() -> dict[str, int]:
    """Return how many data keys need each key, by its id."""
    counted = await DataKey.annotate(number=Count("id")).group_by("key_id").values_list("key_id", "number")
    return {str(key_id): int(number) for key_id, number in counted}


def _refuse_to_make(path: Path, *, embedded: bool, needed: Mapping[str, int]) -> None:
    if needed:
        raise ConfigurationError(f"{SETTING}: there is no {path}. The database needs {_named(needed)}: bring the file back.")
    if not embedded:
        raise ConfigurationError(
            f"{SETTING}: there is no {path}, and it is made by itself only beside an embedded database. "
            "Give every process of this database the same file."
        )


def _refuse_lacking(keyring: Keyring, needed: Mapping[str, int], *, path: Path) -> None:
    lacking = {key_id: number for key_id, number in needed.items() if keyring.get(key_id) is None}
    if lacking:
        raise ConfigurationError(f"{SETTING}: {path} lacks {_named(lacking)}.")


def _named(needed: Mapping[str, int]) -> str:
    return ", ".join(
        f"key {key_id} (for {number} data key{'' if number == 1 else 's'})" for key_id, number in sorted(needed.items())
    )


async def _refuse_another_key(key_id: str, *, keyring: Keyring, path: Path) -> None:
    """Unwrap a data key as a canary; a few more where that fails, since one damaged row must not stop every team."""
    for row in await DataKey.filter(key_id=key_id).order_by("created_at", "id").limit(_CANARIES):
        with contextlib.suppress(SealError):
            unwrap(row, keyring=keyring)
            return
    raise ConfigurationError(f"{SETTING}: {path} has another key under {key_id} than the one the database needs.")


async def _settle(keyring: Keyring, *, replaceable: bool, at: datetime) -> None:
    settle = partial(settle_primary, keyring=keyring, replaceable=replaceable, at=at)
    try:
        await write(settle)
    except IntegrityError:  # another process started at the same moment and was first
        await write(settle)
