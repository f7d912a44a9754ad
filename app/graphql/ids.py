"""Opaque global ids: what a thing is and which one, in text that clients only pass on.

`decode_*` accept exactly what `encode_*` give out, so that two different ids never name the same thing.
"""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

_KEY_BYTES = 16
_LONGEST = 4096
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode_id(type_name: str, key: UUID) -> str:
    """Return the id of the row `key` of the GraphQL type `type_name`."""
    return _encode(type_name, key.bytes)


def encode_ids(type_name: str, keys: Sequence[bytes]) -> list[str]:
    """Return the ids of many rows of the type, by the sixteen bytes of each key: the same as `encode_id` gives for each.

    They are encoded in one piece: each is filled up with zeros to a multiple of three bytes, of which base64 makes four letters.
    """
    prefix = type_name.encode("ascii") + b":"
    length = len(prefix) + _KEY_BYTES
    filling = bytes(-length % 3)
    joined = prefix + (filling + prefix).join(keys) + filling if keys else b""
    text = binascii.b2a_base64(joined, newline=False).translate(_URL_SAFE).decode("ascii")
    each, shown = (length + len(filling)) // 3 * 4, -(-length * 4 // 3)
    return [text[start : start + shown] for start in range(0, len(text), each)]


def decode_id(id: str, type_name: str) -> UUID | None:
    """Return the row's key; None where the id is malformed, of another type, or spelled in another way than ours."""
    key = _decode(id, type_name)
    return UUID(bytes=key) if key is not None and len(key) == _KEY_BYTES else None


def type_of(id: str) -> str | None:
    """Return the name of the GraphQL type that the id says it is of; None where it is malformed."""
    parts = _split(id)
    return parts[0] if parts is not None else None


def encode_key(type_name: str, text: str) -> str:
    """Return the id of something that is no row, such as a channel: `text` is all that is needed to find it."""
    return _encode(type_name, text.encode())


def decode_key(id: str, type_name: str) -> str | None:
    """Return the text that `encode_key` was given; None as in `decode_id`."""
    key = _decode(id, type_name)
    try:
        return key.decode() if key is not None else None
    except UnicodeDecodeError:
        return None


def to_text(content: bytes) -> str:
    """Return the bytes in base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes | None:
    """Return what `to_text` was given; None for any other text."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if to_text(content) == text else None


def _encode(type_name: str, key: bytes) -> str:
    return to_text(type_name.encode("ascii") + b":" + key)


def _decode(id: str, type_name: str) -> bytes | None:
    parts = _split(id)
    return parts[1] if parts is not None and parts[0] == type_name else None


def _split(id: str) -> tuple[str, bytes] | None:
    content = from_text(id)
    if content is None:
        return None
    name, colon, key = content.partition(b":")
    if not colon or not name.isalnum():
        return None
    return name.decode("ascii"), key
