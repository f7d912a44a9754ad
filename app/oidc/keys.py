"""The keys that an issuer publishes (RFC 7517), and what a token of it may be checked with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry, validate_compact
from joserfc.util import urlsafe_b64decode

from app.oidc.compact import ALGORITHMS, REGISTRY, Compact
from app.text.json_text import NotJson, parse_json

_FEWEST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192
_MOST_KEYS = 100
_LONGEST = 2000
# A key's public members alone are read, whatever else stands there; and of curves these.
_READ = ("kty", "kid", "use", "key_ops", "alg", "crv", "n", "e", "x", "y")
_CURVES: Mapping[str, str | None] = {"RSA": None, "EC": "P-256", "OKP": "Ed25519"}


@dataclass(frozen=True)
class Keys:
    """Public keys, each found by its id together with an algorithm that it is for.

    The library's own set looks no further than the first of an id, which may stand for keys of several types (RFC 7517, 4.5).
    """

    _found: Mapping[tuple[str, str], Key] = field(repr=False)

    def __len__(self) -> int:
        return len({id(key) for key in self._found.values()})

    def find(self, token: Compact) -> Key | None:
        """Return the key that the token names, if that is one for its algorithm."""
        return self._found.get((token.key_id, token.algorithm))


def parse_keys(body: bytes) -> Keys | NotJson:
    """Read a JWK Set. Keys that no algorithm of ours can use are left out, as RFC 7517, section 5, has it; secret ones too."""
    parsed = parse_json(body)
    if isinstance(parsed, NotJson):
        return parsed
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(listed, list):
        return NotJson("it is no object with `keys`")
    if len(listed) > _MOST_KEYS:
        return NotJson(f"it has more than {_MOST_KEYS} keys")
    found: dict[tuple[str, str], Key] = {}
    for named in listed:
        for place, key in _read_key(named):
            found.setdefault(place, key)
    return Keys(found)


def fits(token: Compact, key: Key) -> bool:
    """Whether the token was signed with the key's other half."""
    try:
        return validate_compact(token.jws, key, registry=REGISTRY)
    except (JoseError, ValueError):
        return False


def _read_key(jwk: object) -> Iterator[tuple[tuple[str, str], Key]]:
    named = {name: jwk[name] for name in _READ if jwk.get(name) is not None} if isinstance(jwk, dict) else {}
    try:
        kid = named["kid"]
        if not _is_sound(named):
            return
        key = JWKRegistry.import_key(named)
        key.check_key_op("verify")
    except (JoseError, LookupError, ValueError, TypeError):
        return
    yield from (((kid, algorithm.name), key) for algorithm in JWSRegistry.filter_algorithms(key, list(ALGORITHMS)))


def _is_sound(named: Mapping[str, str]) -> bool:
    """Whether the library may look at it: no number is longer than that of any key, and RSA's is as long as one has to be."""
    if _CURVES[named["kty"]] != named.get("crv") or any(len(value) > _LONGEST for value in named.values()):
        return False
    return named["kty"] != "RSA" or _FEWEST_RSA_BITS <= _bits(named["n"]) <= _MOST_RSA_BITS


def _bits(number: str) -> int:
    return int.from_bytes(urlsafe_b64decode(number.encode()), "big").bit_length()
