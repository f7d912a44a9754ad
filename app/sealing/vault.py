"""The vault: seals secrets under a data key per team, which the keyring wraps, and binds each to its place.

A sealed value is `version · suite · data key id (16) · salt (32) · commitment (32) · ciphertext · tag (16)`. A wrapped data
key has the same form. Both authenticate the bytes before the salt and what they are bound to, part by part.
"""

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from app.clock import Clock
from app.errors import ConfigurationError, KeyUnavailable
from app.sealing.data_keys import (
    FORM,
    ID_BYTES,
    DataKey,
    count_data_keys,
    data_key_id_of,
    length_prefixed,
    split,
    stored_data_key,
    unwrap,
    wrap,
)
from app.sealing.key_states import KeyState, KeyUse, lacks_primary, lock_primary, settle_primary
from app.sealing.keyring import SETTING, Keyring, Stamp, is_keyring_there, make_keyring, read_keyring, stamp_of
from app.sealing.keyring_proof import named, prove
from app.sealing.keys import KEY_BYTES, Entropy, Key
from app.sealing.secret import Secret, from_bytes, to_bytes
from app.storage.database import write

KNOWN_FOR = timedelta(seconds=5)
"""How long a process goes on sealing with the data key that it last found to be the team's, without asking again."""

_SEAL = b"installed-apps/seal/1"
_MOST_KNOWN = 10_000


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
    """Seals and opens. Keeps the data keys that it has unwrapped for as long as it lives: rewrapping leaves their bits alone.

    Which of them seals for a team is remembered for KNOWN_FOR, and forgotten as soon as the keyring changes.

    `path` is the file that the keyring came from. It is read again where a key is needed that the keyring lacks.
    """

    def __init__(self, keyring: Keyring, *, clock: Clock, entropy: Entropy = os.urandom, path: Path | None = None) -> None:
        self.keyring = keyring
        self._clock = clock
        self._entropy = entropy
        self.path = path
        self._stamp: Stamp | None = None
        self._unwrapped: dict[UUID, Key] = {}
        self._active: dict[UUID, tuple[UUID, datetime]] = {}

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
        header = FORM + data_key_id.bytes
        box = data_key.seal(to_bytes(secret), purpose=_SEAL, context=_context(header, bound_to), entropy=self._entropy)
        return header + box

    async def open(self, sealed: bytes, *, bound_to: Binding) -> Secret:
        """Return the secret that was sealed for exactly this place.

        Raises KeyUnavailable when the keyring lacks the key, SealBroken when `sealed` was altered, cut off, moved here from
        another place, or its data key is gone.
        """
        header, box = split(sealed)
        data_key_id = data_key_id_of(sealed)
        data_key = self._unwrapped.get(data_key_id) or await self._unwrap(await stored_data_key(data_key_id))
        return from_bytes(data_key.open(box, purpose=_SEAL, context=_context(header, bound_to)))

    async def reread(self) -> None:
        """Take over the keyring file where it changed.

        Raises ConfigurationError where it is one that a start would refuse: the keys that are held stay.
        """
        if self.path is None or (stamp := stamp_of(self.path)) == self._stamp:
            return
        keyring = read_keyring(self.path)
        await prove(keyring, needed=await count_data_keys(), path=self.path)
        primary = await KeyState.get_or_none(state=KeyUse.PRIMARY)
        if primary is not None and keyring.get(primary.id) is None:
            raise lacks_primary(primary.id)
        self._stamp, self.keyring = stamp, keyring
        self._active.clear()

    def learn(self, key_id: str) -> None:
        """Look for a key that is lacking in the keyring file, beside those that are held.

        A process that was halted while keys were added, promoted and data keys wrapped anew comes back with an old keyring.
        """
        if self.path is not None and self.keyring.get(key_id) is None:
            with contextlib.suppress(ConfigurationError):
                self.keyring = self.keyring.joined_by(read_keyring(self.path))
                self._active.clear()

    async def _active_data_key(self, team_id: UUID) -> tuple[UUID, Key]:
        known = self._known(team_id)
        if known is not None:
            return known
        now = self._clock.now()
        row = await DataKey.get_or_none(team_id=team_id, is_active=True)
        if row is None:
            row = await write(partial(self._first_data_key, team_id=team_id))
        data_key = self._unwrapped.get(row.id) or await self._unwrap(row)
        self._remember(team_id, row.id, now=now)
        return row.id, data_key

    def _known(self, team_id: UUID) -> tuple[UUID, Key] | None:
        data_key_id, found_at = self._active.get(team_id, (None, None))
        if data_key_id is None or found_at is None or not timedelta() <= self._clock.now() - found_at < KNOWN_FOR:
            return None
        data_key = self._unwrapped.get(data_key_id)
        return (data_key_id, data_key) if data_key is not None else None

    def _remember(self, team_id: UUID, data_key_id: UUID, *, now: datetime) -> None:
        self._active.pop(team_id, None)
        if len(self._active) >= _MOST_KNOWN:
            del self._active[next(iter(self._active))]  # which was found the longest ago
        self._active[team_id] = (data_key_id, now)

    async def _first_data_key(self, _: BaseDBAsyncClient, *, team_id: UUID) -> DataKey:
        # Held to the commit, so that no key is demoted and retired while a data key is wrapped with it.
        primary = await lock_primary()
        if present := await DataKey.get_or_none(team_id=team_id, is_active=True):
            return present  # another caller or process held the lock before us
        self.learn(primary.id)
        row = DataKey(
            id=UUID(bytes=self._entropy(ID_BYTES), version=4),
            team_id=team_id,
            key_id=primary.id,
            is_active=True,
            version=1,
            created_at=self._clock.now(),
        )
        bits = self._entropy(KEY_BYTES)
        row.wrapped = wrap(bits, row, key_id=primary.id, keyring=self.keyring, entropy=self._entropy)
        await row.save(force_create=True)
        return row

    async def _unwrap(self, row: DataKey) -> Key:
        try:
            bits = unwrap(row, keyring=self.keyring)
        except KeyUnavailable as lacking:
            self.learn(lacking.key_id)
            # Read again: it may have been wrapped anew, and the key that it needed then removed, since it was read.
            bits = unwrap(await stored_data_key(row.id), keyring=self.keyring)
        data_key = Key(bits)
        self._unwrapped[row.id] = data_key
        return data_key

    def __repr__(self) -> str:
        return f"Vault({self.keyring!r})"


async def open_vault(path: Path, *, embedded: bool, clock: Clock, entropy: Entropy = os.urandom) -> Vault:
    """Return the vault over the keyring file at `path`, once it is certain that it opens what the database holds.

    Makes the file when there is none, the database is embedded and holds no data key; makes the first key the primary.
    Raises ConfigurationError naming the setting and the key ids when the file is wrong or missing, lacks a key that a data key
    or the primary's row names, or has another key under its id.
    """
    if not is_keyring_there(path):
        await _refuse_to_make(path, embedded=embedded)
        make_keyring(path, entropy=entropy)
    keyring = read_keyring(path)
    try:
        await _settle(keyring, path=path, embedded=embedded, at=clock.now(), entropy=entropy)
    except ConfigurationError:
        before, keyring = keyring, read_keyring(path)
        if keyring.ids == before.ids:
            raise
        # A key was added and promoted, or retired and removed, between our reading the file and our reading the rows.
        await _settle(keyring, path=path, embedded=embedded, at=clock.now(), entropy=entropy)
    return Vault(keyring, clock=clock, entropy=entropy, path=path)


def _context(header: bytes, place: Binding) -> bytes:
    return header + length_prefixed(
        place.team_id.bytes,
        place.table.encode(),
        place.column.encode(),
        place.row_id.bytes,
        place.origin.encode(),
        str(place.generation).encode(),
    )


async def _refuse_to_make(path: Path, *, embedded: bool) -> None:
    needed = await count_data_keys()
    if needed:
        raise ConfigurationError(f"{SETTING}: there is no {path}. The database needs {named(needed)}: bring the file back.")
    if not embedded:
        raise ConfigurationError(
            f"{SETTING}: there is no {path}, and it is made by itself only beside an embedded database. "
            "Make it with `keys add`, once, and give every process of this database the same file."
        )


async def _settle(keyring: Keyring, *, path: Path, embedded: bool, at: datetime, entropy: Entropy) -> None:
    needed = await count_data_keys()
    await prove(keyring, needed=needed, path=path)
    settle = partial(settle_primary, keyring=keyring, replaceable=embedded and not needed, at=at, entropy=entropy)
    try:
        await write(settle)
    except IntegrityError:  # another process started at the same moment and was first
        await write(settle)
