"""A JWT taken apart by joserfc, in the one form that is taken: three parts of base64url (RFC 7515, section 7.1).

Whatever only helps to choose the key that a token is checked with has no say here: keys come from the issuer alone.
"""

from dataclasses import dataclass, field
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact
from joserfc.util import urlsafe_b64decode

from app.sealing.secret import Secret
from app.text.json_text import NotJson, parse_json

LONGEST = 8 * 1024
"""Bytes of a whole token. Longer ones are refused before anything looks at what is in them."""

ALGORITHMS = ("ES256", "EdDSA", "PS256", "RS256")

_PARTS = 3
# Keys that a token brings along or points to; what changes how the rest is to be read; and extensions that have to be understood.
_UNWANTED = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})


class _Registry(JWSRegistry):
    # The token is bounded as a whole; and a key of 8192 bits makes a longer signature than the library takes by itself.
    max_header_length = max_payload_length = max_signature_length = LONGEST

    def get_alg(self, name: str) -> JWSAlgModel:
        # The library's own warns at each token that EdDSA has another name by now (RFC 9864), which issuers do not use yet.
        return self.algorithms[name]


REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)
"""What joserfc goes by. Parameters of a header that it does not know are not looked at (RFC 7515, section 4)."""


@dataclass(frozen=True)
class Rejected:
    """The token is not to be trusted; `message` says why, and quote nothing of it."""

    message: str


@dataclass(frozen=True)
class Compact:
    """A token whose signature nobody has checked yet. `type` is in lower case."""

    algorithm: str
    key_id: str
    type: str | None
    jws: CompactSignature = field(repr=False)


def take_apart(token: Secret) -> Compact | Rejected:
    """Take a token apart. Refused are all other serialisations, padding, blanks, and every algorithm that is not on the list."""
    text = token.reveal()
    parts = text.split(".") if len(text) <= LONGEST else []
    if len(parts) != _PARTS or not all(parts):
        return Rejected(f"it has to be three parts of base64url with dots between them, of at most {LONGEST} characters in all")
    try:
        header = _read_header(urlsafe_b64decode(parts[0].encode()))
        if isinstance(header, Rejected):
            return header
        type_ = header["typ"].lower().removeprefix("application/") if "typ" in header else None
        return Compact(header["alg"], header["kid"], type_, extract_compact(text.encode(), registry=REGISTRY))
    except (JoseError, ValueError):
        return Rejected("its base64url is not written as it has to be")


def _read_header(content: bytes) -> dict[str, Any] | Rejected:
    # The library reads JSON without bounds, and takes a name twice: no header comes to it that has not passed here.
    header = parse_json(content)
    if isinstance(header, NotJson):
        return Rejected(f"its header cannot be read: {header.message}")
    if not isinstance(header, dict):
        return Rejected("its header has to be a JSON object")
    unwanted = _UNWANTED & header.keys()
    if unwanted:
        return Rejected(f"its header has {', '.join(sorted(unwanted))}, which is not taken from a token")
    if header.get("alg") not in ALGORITHMS:
        return Rejected(f"its alg has to be one of {', '.join(ALGORITHMS)}")
    if not header.get("kid") or not all(isinstance(header.get(name, ""), str) for name in ("kid", "typ")):
        return Rejected("its header has to name its key by kid, and typ has to be a text")
    return header
