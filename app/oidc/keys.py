"""The keys that an issuer publishes (RFC 7517), and what a token of it may be checked with."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from app.json_text import NotJson, parse_json
from app.oidc.compact import Compact

Key = RSAKey | ECKey | OKPKey

_FEWEST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192
# What each type of key signs with; on other curves there is nothing for it.
_SIGNS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}


class _Jwk(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    kty: str
    kid: str
    use: str | None = None
    key_ops: list[str] | None = None
    alg: str | None = None
    crv: str | None = None
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""

    @property
    def verifies(self) -> bool:
        """Whether it is published for signatures; a key without a word on that is for whatever it is used for."""
        return self.use in {None, "sig"} and (self.key_ops is None or "verify" in self.key_ops)

    @property
    def algorithms(self) -> tuple[str, ...]:
        """What it may be used with: its type decides, and where it names one, that alone."""
        fitting = _SIGNS.get((self.kty, self.crv), ())
        return fitting if self.alg is None else tuple(name for name in fitting if name == self.alg)


@dataclass(frozen=True)
class Keys:
    """Public keys, each found by its id together with an algorithm that it is for."""

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
    found: dict[tuple[str, str], Key] = {}
    for named in listed:
        for place, key in _read_key(named):
            found.setdefault(place, key)
    return Keys(found)


def fits(token: Compact, key: Key) -> bool:
    """Whether the token was signed with the key's other half."""
    # The algorithm itself, not the library's way to it from a header: that one warns of EdDSA's name (RFC 9864) at each call.
    algorithm = JWSRegistry.algorithms[token.algorithm]
    try:
        algorithm.check_key(key)
        return algorithm.verify(token.signed, token.signature, key)
    except (JoseError, ValueError):
        return False


def _read_key(named: object) -> Iterator[tuple[tuple[str, str], Key]]:
    try:
        jwk = _Jwk.model_validate(named)
        key = _import(jwk) if jwk.verifies and jwk.algorithms else None
    except (ValidationError, JoseError, ValueError, TypeError):
        return
    if key is not None:
        yield from (((jwk.kid, algorithm), key) for algorithm in jwk.algorithms)


def _import(jwk: _Jwk) -> Key | None:
    # Its public members alone, whatever else stands there.
    match jwk.kty:
        case "RSA":
            is_sound = _FEWEST_RSA_BITS <= _bits(jwk.n) <= _MOST_RSA_BITS
            return RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e}) if is_sound else None
        case "EC":
            return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": jwk.x, "y": jwk.y})
        case _:
            return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": jwk.x})


def _bits(number: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()
