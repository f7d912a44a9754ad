"""The vault: seals secrets under a data key per team, which the keyring wraps, and binds each to its place.

A sealed value is `version · suite · data key id (16) · salt (32) · commitment (32) · ciphertext · tag (16)`. A wrapped data
key has the same form. Both authenticate the bytes before the salt and what they are bound to, part by part.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from app.clock import Clock
from app.database import write
from app.errors import KeyUnavailable, SealError
from app.keyring import KEY_BYTES, Entropy, Key, Keyring, KeyState, KeyUse, make_keyring, read_keyring
from app.secret import Secret, from_bytes, to_bytes

_FORM = bytes([1, 1])  # version 1, suite 1: HKDF-SHA512, AES-256-GCM, 256-bit commitment
_ID_BYTES = 16
_HEADER_BYTES = len(_FORM) + _ID_BYTES
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
        data_key_id = UUID(bytes=header[len(_FORM) :])
        data_key = self._unwrapped.get(data_key_id) or self._unwrap(await _stored_data_key(data_key_id))
        return from_bytes(data_key.open(box, purpose=_SEAL, context=_value_context(header, bound_to)))

    async def _active_data_key(self, team_id: UUID) -> tuple[UUID, Key]:
        row = await DataKey.get_or_none(team_id=team_id, is_active=True) or await self._first_data_key(team_id)
        return row.id, self._unwrapped.get(row.id) or self._unwrap(row)

    async def _first_data_key(self, team_id: UUID) -> DataKey:
        try:
            return await write(partial(self._add_data_key, team_id=team_id))
        except IntegrityError:  # another process made it between our look and our insert
            return await DataKey.get(team_id=team_id, is_active=True)

    async def _add_data_key(self, connection: BaseDBAsyncClient, *, team_id: UUID) -> DataKey:
        if present := await DataKey.get_or_none(team_id=team_id, is_active=True, using_db=connection):
            return present
        # Held until the commit, so that the primary cannot be demoted and retired while a data key is being wrapped with it.
        primary = await KeyState.filter(state=KeyUse.PRIMARY).using_db(connection).select_for_update().get()
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
        raise KeyUnavailable(
            f"The keyring's key {row.key_id} is not the one that wrapped data key {row.id}.", key_id=row.key_id
        )
    return key.open(box, purpose=_WRAP, context=_data_key_context(header, row))


async def open_vault(path: Path, *, embedded: bool, clock: Clock, entropy: Entropy = os.urandom) -> Vault:
    """Return the vault over the keyring file at `path`, once it is certain that it opens what the database holds.

    Makes the file when there is none, the database is embedded and holds no data key; makes the first key the primary.
    Raises ConfigurationError naming the setting and the key ids when the file is wrong or missing, lacks a key that a data key
    or the primary's row names, or has another key under its id.
    """
    needed = await _data_keys_by_key_id()
    if not path.exists():
        _refuse_to_make(path, embedded=embedded, needed=needed)
        make_keyring(path, entropy=entropy)
    keyring = read_keyring(path)
    _refuse_lacking(keyring, needed, path=path)
    for key_id in needed:
        await _refuse_another_key(key_id, keyring=keyring, path=path)
    await _settle_primary(keyring, replaceable=embedded and not needed, clock=clock, path=path)
    return Vault(keyring, clock=clock, entropy=entropy)


@dataclass(frozen=True, kw_only=True)
class KeyListing:
    """A key by its id: its row's state (None: no row yet), how many data keys need it, and whether this keyring has it."""

    id: str
    state: KeyUse | None
    data_keys: int
    in_keyring: bool


async def list_keys(keyring: Keyring) -> Sequence[KeyListing]:
    """Return every key that the keyring, a row or a data key names, by id."""
    states = {row.id: row.state for row in await KeyState.all()}
    needed = await _data_keys_by_key_id()
    return [
        KeyListing(
            id=key_id, state=states.get(key_id), data_keys=needed.get(key_id, 0), in_keyring=keyring.get(key_id) is not None
        )
        for key_id in sorted({*keyring.ids, *states, *needed})
    ]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What opened, by the id of the key that its data key needs, and what did not, each with its place and why."""

    opened: dict[str, int]
    failures: tuple[tuple[Binding, SealError], ...]


async def verify(values: Iterable[tuple[Binding, bytes]], *, keyring: Keyring, clock: Clock) -> Verification:
    """Open every one of `values`, reading each data key afresh."""
    vault = Vault(keyring, clock=clock)
    opened: Counter[str] = Counter()
    failures: list[tuple[Binding, SealError]] = []
    for binding, sealed in values:
        try:
            await vault.open(sealed, bound_to=binding)
            opened[await _key_id_of(sealed)] += 1
        except SealError as error:
            failures.append((binding, error))
    return Verification(opened=dict(opened), failures=tuple(failures))
