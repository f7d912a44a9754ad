"""Data keys: a key a team, wrapped by a key of the keyring."""

from uuid import UUID

from tortoise import fields
from tortoise.functions import Count
from tortoise.models import Model

from app.errors import KeyUnavailable, SealBroken
from app.sealing.keyring import Keyring
from app.sealing.keys import COMMITMENT_BYTES, SALT_BYTES, TAG_BYTES, Entropy, Key

FORM = bytes([1, 1])  # version 1, suite 1: HKDF-SHA512, AES-256-GCM, 256-bit commitment
ID_BYTES = 16

_HEADER_BYTES = len(FORM) + ID_BYTES
_WRAP = b"installed-apps/wrap/1"


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


def wrap(bits: bytes, row: DataKey, *, key_id: str, keyring: Keyring, entropy: Entropy) -> bytes:
    """Return the bits of the data key in `row`, wrapped by the key of that id. Raises KeyUnavailable."""
    header = FORM + row.id.bytes
    context = _context(header, row, key_id=key_id)
    return header + _key_of(keyring, key_id).seal(bits, purpose=_WRAP, context=context, entropy=entropy)


def unwrap(row: DataKey, *, keyring: Keyring) -> bytes:
    """Return the bits of the data key in `row`.

    Raises KeyUnavailable when the keyring has no key of that id or another key under it, SealBroken when the row was altered.
    """
    key = _key_of(keyring, row.key_id)
    header, box = split(bytes(row.wrapped))
    if not key.made(box, purpose=_WRAP):
        raise KeyUnavailable(f"The keyring's key {row.key_id} is not the one that wrapped data key {row.id}.", key_id=row.key_id)
    return key.open(box, purpose=_WRAP, context=_context(header, row, key_id=row.key_id))


async def stored_data_key(data_key_id: UUID) -> DataKey:
    """Return the row. Raises SealBroken where there is none."""
    if row := await DataKey.get_or_none(id=data_key_id):
        return row
    raise SealBroken(f"A sealed value names data key {data_key_id}, which is not there.")


async def count_data_keys() -> dict[str, int]:
    """Return how many data keys need each key, by its id."""
    counted = await DataKey.annotate(number=Count("id")).group_by("key_id").values_list("key_id", "number")
    return {str(key_id): int(number) for key_id, number in counted}


def split(sealed: bytes) -> tuple[bytes, bytes]:
    """Return a sealed value's header (its form and the id of a data key) and its box. Raises SealBroken."""
    if len(sealed) < _HEADER_BYTES + SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES:
        raise SealBroken("A sealed value is cut off.")
    if not sealed.startswith(FORM):
        raise SealBroken("A sealed value is of no version that is known here.")
    return sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]


def data_key_id_of(sealed: bytes) -> UUID:
    """Return the id of the data key that a sealed value names. Raises SealBroken where it names none."""
    header, _box = split(sealed)
    return UUID(bytes=header[len(FORM) :])


def length_prefixed(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length in four bytes: two different lists never give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _context(header: bytes, row: DataKey, *, key_id: str) -> bytes:
    return header + length_prefixed(row.id.bytes, row.team_id.bytes, key_id.encode())


def _key_of(keyring: Keyring, key_id: str) -> Key:
    if key := keyring.get(key_id):
        return key
    raise KeyUnavailable(f"The keyring has no key {key_id}.", key_id=key_id)
