"""A key: 256 bits that seal, and what they seal opens for its own purpose and context only."""

import hmac
from collections.abc import Callable
from typing import NoReturn, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import SealBroken

KEY_BYTES = 32
SALT_BYTES = 32
COMMITMENT_BYTES = 32
TAG_BYTES = 16

_NONCE_BYTES = 12

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes."""


@final
class Key:
    """256 bits that seal. Each value is sealed under a key of its own, derived from these and a fresh salt.

    HKDF-SHA512 (RFC 5869) gives the AES-256-GCM key, its nonce, and a commitment to the key, without which one ciphertext can
    be made to open under two keys. A box is `salt (32) · commitment (32) · ciphertext · tag (16)`.
    """

    __slots__ = ("_bits",)

    def __init__(self, bits: bytes) -> None:
        if len(bits) != KEY_BYTES:
            raise ValueError("a key has 256 bits")
        self._bits = bits

    def seal(self, text: bytes, *, purpose: bytes, context: bytes, entropy: Entropy) -> bytes:
        """Return the box around `text`; it opens only for the same `purpose` and `context`."""
        salt = entropy(SALT_BYTES)
        cipher, nonce, commitment = self._derive(salt, purpose)
        return salt + commitment + cipher.encrypt(nonce, text, context)

    def made(self, box: bytes, *, purpose: bytes) -> bool:
        """Whether `box` names this key: false for another key's, and where salt or commitment were changed."""
        _cipher, _nonce, commitment = self._derive(box[:SALT_BYTES], purpose)
        return hmac.compare_digest(commitment, box[SALT_BYTES : SALT_BYTES + COMMITMENT_BYTES])

    def open(self, box: bytes, *, purpose: bytes, context: bytes) -> bytes:
        """Return the text in `box`. Raises SealBroken when it is another key's, altered, or sealed for another context."""
        if len(box) < SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES:
            raise SealBroken("A sealed value is cut off.")
        cipher, nonce, commitment = self._derive(box[:SALT_BYTES], purpose)
        if not hmac.compare_digest(commitment, box[SALT_BYTES : SALT_BYTES + COMMITMENT_BYTES]):
            raise SealBroken("A sealed value was altered, or another key sealed it.")
        try:
            return cipher.decrypt(nonce, box[SALT_BYTES + COMMITMENT_BYTES :], context)
        except InvalidTag:
            raise SealBroken("A sealed value was altered, or belongs to another place.") from None

    def _derive(self, salt: bytes, purpose: bytes) -> tuple[AESGCM, bytes, bytes]:
        length = KEY_BYTES + _NONCE_BYTES + COMMITMENT_BYTES
        derived = HKDF(algorithm=SHA512(), length=length, salt=salt, info=purpose).derive(self._bits)
        nonce_end = KEY_BYTES + _NONCE_BYTES
        return AESGCM(derived[:KEY_BYTES]), derived[KEY_BYTES:nonce_end], derived[nonce_end:]

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Key is never written out")
