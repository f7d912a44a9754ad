"""A JWT taken apart, in the one form that is taken: three parts of base64url (RFC 7515, section 7.1), signed in one of four ways.

Whatever only helps to choose the key that a token is checked with has no say here: keys come from the issuer alone.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.json_text import NotJson, parse_json
from app.sealing.secret import Secret

LONGEST = 8 * 1024
"""Bytes of a whole token. Longer ones are refused before anything looks at what is in them."""

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "EdDSA"})

_SHAPE = re.compile(r"(?P<header>[A-Za-z0-9_-]+)\.(?P<payload>[A-Za-z0-9_-]+)\.(?P<signature>[A-Za-z0-9_-]+)")
# Keys that a token brings along or points to; what changes how the rest is to be read; and extensions that have to be understood.
_UNWANTED = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"})


@dataclass(frozen=True)
class Rejected:
    """The token is not to be believed; `words` say why, and quote nothing of it."""

    words: str


@dataclass(frozen=True)
class Compact:
    """A token whose signature nobody has checked yet: its header, and what is to be checked. `type` is in lower case."""

    algorithm: str
    key_id: str
    type: str | None
    signed: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    alg: str
    kid: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    typ: str | None = None


def take_apart(token: Secret) -> Compact | Rejected:
    """Take a token apart. Refused are all other serialisations, padding, blanks, and every algorithm that is not on the list."""
    text = token.reveal()
    parts = _SHAPE.fullmatch(text) if len(text) <= LONGEST else None
    if parts is None:
        return Rejected(f"it has to be three parts of base64url with dots between them, of at most {LONGEST} characters in all")
    header, payload, signature = (_decode(parts[name]) for name in ("header", "payload", "signature"))
    if header is None or payload is None or signature is None:
        return Rejected("its base64url is not written as it has to be")
    read = _read_header(header)
    if isinstance(read, Rejected):
        return read
    return Compact(
        algorithm=read.alg,
        key_id=read.kid,
        type=read.typ.lower().removeprefix("application/") if read.typ is not None else None,
        signed=f"{parts['header']}.{parts['payload']}".encode("ascii"),
        payload=payload,
        signature=signature,
    )


def _read_header(content: bytes) -> _Header | Rejected:
    named = parse_json(content)
    if isinstance(named, NotJson):
        return Rejected(f"its header cannot be read: {named.words}")
    if not isinstance(named, dict):
        return Rejected("its header has to be a JSON object")
    unwanted = _UNWANTED & named.keys()
    if unwanted:
        return Rejected(f"its header has {', '.join(sorted(unwanted))}, which is not taken from a token")
    if not isinstance(named.get("alg"), str) or named["alg"] not in ALGORITHMS:
        return Rejected(f"its alg has to be one of {', '.join(sorted(ALGORITHMS))}")
    try:
        return _Header.model_validate(named)
    except ValidationError:
        return Rejected("its header has to name its key by kid, and typ has to be a text")


def _decode(text: str) -> bytes | None:
    """Return what is written; None where another text would be read as the same: then a token had several spellings."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii") == text else None
