"""Access tokens, cookies and links as text: made of entropy, and kept as a hash alone."""

import hashlib
import string
import zlib
from collections.abc import Callable

from app.graphql.ids import to_text
from app.sealing.secret import Secret, to_bytes

PREFIX = "ia_"

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHARACTERS = frozenset(_ALPHABET)
_RANDOM_CHARACTERS = 32
_CHECK_CHARACTERS = 6
_ENTROPY_BYTES = 32
_WIDE_ENTROPY_BYTES = 40  # 130 bits more than 32 characters hold: the remainder's bias is nothing

Entropy = Callable[[int], bytes]


def make_token(entropy: Entropy) -> Secret:
    """Return a new access token: `ia_`, 32 characters of base62 (190 bits), and the CRC32 of those in 6 more."""
    number = int.from_bytes(entropy(_WIDE_ENTROPY_BYTES), "big") % len(_ALPHABET) ** _RANDOM_CHARACTERS
    random = _to_base62(number, _RANDOM_CHARACTERS)
    return Secret(f"{PREFIX}{random}{_check(random)}")


def is_token(text: str) -> bool:
    """Whether the text can be an access token at all: what was mistyped or cut off is known without asking the database."""
    random, check = text[len(PREFIX) : -_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    return (
        text.startswith(PREFIX)
        and len(random) == _RANDOM_CHARACTERS
        and _CHARACTERS.issuperset(random)
        and check == _check(random)
    )


def make_secret(entropy: Entropy) -> Secret:
    """Return what a cookie or a link holds: 256 bits in base64url."""
    return Secret(to_text(entropy(_ENTROPY_BYTES)))


def hash_of(secret: Secret) -> str:
    """Return the SHA-256 in hexadecimal, which is all that is kept. The text has too much entropy to be guessed from it."""
    return hashlib.sha256(to_bytes(secret)).hexdigest()


def _check(random: str) -> str:
    return _to_base62(zlib.crc32(random.encode("ascii")), _CHECK_CHARACTERS)


def _to_base62(number: int, characters: int) -> str:
    digits = []
    for _ in range(characters):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
