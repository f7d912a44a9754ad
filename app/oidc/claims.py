"""The claims of a JWT (RFC 7519, section 4), checked by joserfc and Authlib."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]  # it has no stubs
from joserfc.errors import ClaimError
from joserfc.jwt import JWTClaimsRegistry

from app.oidc.compact import Rejected
from app.sealing.secret import Secret
from app.text.json_text import NotJson, parse_json

LEEWAY = 60
"""Seconds by which the issuer's clock may be ahead of ours. An end is an end: `exp` has none."""

_LATEST = 253_402_300_799  # the last second of the year 9999
_LONGEST = 1000
_WORDS = {
    "iss": "iss is not this server's issuer",
    "sub": "sub has to be a text that is not empty",
    "aud": "aud does not name this server",
    "exp": "it has expired",
    "nbf": "it is not good yet",
    "iat": "it was issued in the future",
    "jti": "jti has to be a text",
    "nonce": "nonce is not the one that was sent",
    "azp": "it is made out to somebody else as well",
    "at_hash": "at_hash is not that of the access token beside it",
}


@dataclass(frozen=True)
class Expected:
    """The expectations of a token: who it is from and for, and where the rest stands in it."""

    issuer: str
    audience: str
    team_claim: str
    types: frozenset[str | None]
    nonce: str | None = field(default=None, repr=False)
    is_alone: bool = False
    """Whether it has to be made out to the audience alone: `azp` names nobody else, and is there beside other audiences."""
    access_token: Secret | None = None
    """What came with it, whose hash it may hold."""


@dataclass(frozen=True)
class Claims:
    """The claims of an issuer about a person. `verified_email` is None unless it says that it has verified it."""

    subject: str
    verified_email: str | None
    team: str | None
    expires_at: datetime


def read_claims(payload: bytes, *, algorithm: str, expected: Expected, now: datetime) -> Claims | Rejected:
    """Read the claims, of the types that they have to have; says why they do not hold at `now`."""
    named = parse_json(payload)
    if isinstance(named, NotJson):
        return Rejected(f"its claims cannot be read: {named.message}")
    if not isinstance(named, dict):
        return Rejected("its claims have to be a JSON object")
    for objection in _objections(named, expected):
        return Rejected(objection)
    try:
        _check(named, algorithm=algorithm, expected=expected, now=int(now.timestamp()))
    except ClaimError as error:
        return Rejected(_WORDS[error.claim.partition(",")[0]])
    return Claims(
        subject=named["sub"],
        verified_email=_text(named.get("email")) if named.get("email_verified") is True else None,
        team=_text(named.get(expected.team_claim)),
        expires_at=datetime.fromtimestamp(named["exp"], UTC),
    )


def _objections(named: Mapping[str, object], expected: Expected) -> Iterator[str]:
    """Say what is wrong that the libraries let pass: fractions of a second, moments of no calendar, a blank hash."""
    for claim in ("exp", "nbf", "iat"):
        if not _is_moment(named.get(claim, None if claim == "exp" else 0)):
            yield f"{claim} has to be a whole number of seconds"
    if "at_hash" in named and _text(named["at_hash"]) is None:
        yield _WORDS["at_hash"]
    if expected.team_claim in named and _text(named[expected.team_claim]) is None:
        yield "the claim that names the team has to be a text"


def _check(named: dict[str, Any], *, algorithm: str, expected: Expected, now: int) -> None:
    # The library's leeway goes both ways, and for `exp` there is none: so its clock stands in the middle.
    JWTClaimsRegistry(
        now + LEEWAY // 2,
        LEEWAY // 2,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.audience},
        azp={"value": expected.audience} if expected.is_alone else {},
    ).validate(named)
    params = {
        "nonce": expected.nonce,
        "client_id": expected.audience if expected.is_alone else None,
        "access_token": None if expected.access_token is None else expected.access_token.reveal(),
    }
    token = CodeIDToken(named, {"alg": algorithm}, params=params)
    # These and not all that it has: the rest would apply one leeway to every moment, and look at claims that nobody uses here.
    token.validate_nonce()
    token.validate_azp()
    token.validate_at_hash()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 1 <= len(value) <= _LONGEST else None


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LATEST
