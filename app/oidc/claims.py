"""What a JWT says (RFC 7519, section 4), held against what it has to say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.json_text import NotJson, parse_json
from app.oidc.compact import Rejected

LEEWAY = 60
"""Seconds by which the issuer's clock may be ahead of ours. An end is an end: `exp` has none."""

_LATEST = 253_402_300_799  # the last second of the year 9999
_LONGEST = 1000

Named = Mapping[str, object]


@dataclass(frozen=True)
class Expected:
    """What is asked of a token: who it is from and for, and where the rest stands in it."""

    issuer: str
    audience: str
    team_claim: str
    types: frozenset[str | None]
    nonce: str | None = field(default=None, repr=False)
    is_alone: bool = False
    """Whether it has to be made out to the audience alone: `azp` names nobody else, and is there beside other audiences."""


@dataclass(frozen=True)
class Claims:
    """What an issuer says of somebody. `verified_email` is None unless it says that it has verified it."""

    subject: str
    verified_email: str | None
    team: str | None
    expires_at: datetime


def read_claims(payload: bytes, *, expected: Expected, now: datetime) -> Claims | Rejected:
    """Read the claims, of the types that they have to have; says why they do not hold at `now`."""
    named = parse_json(payload)
    if isinstance(named, NotJson):
        return Rejected(f"its claims cannot be read: {named.words}")
    if not isinstance(named, dict):
        return Rejected("its claims have to be a JSON object")
    for objection in (*_objections(named, expected), *_objections_to_time(named, int(now.timestamp()))):
        return Rejected(objection)
    return Claims(
        subject=_text(named.get("sub")) or "",
        verified_email=_text(named.get("email")) if named.get("email_verified") is True else None,
        team=_text(named.get(expected.team_claim)),
        expires_at=datetime.fromtimestamp(_moment(named.get("exp")) or 0, UTC),
    )


def _objections(named: Named, expected: Expected) -> Iterator[str]:
    if named.get("iss") != expected.issuer:
        yield "iss is not this server's issuer"
    if _text(named.get("sub")) is None:
        yield "sub has to be a text that is not empty"
    audiences = _audiences(named.get("aud"))
    if expected.audience not in audiences:
        yield "aud does not name this server"
    if expected.team_claim in named and _text(named[expected.team_claim]) is None:
        yield "the claim that names the team has to be a text"
    if expected.nonce is not None and named.get("nonce") != expected.nonce:
        yield "nonce is not the one that was sent"
    if expected.is_alone and named.get("azp", expected.audience if len(audiences) == 1 else None) != expected.audience:
        yield "it is made out to somebody else as well"


def _objections_to_time(named: Named, now: int) -> Iterator[str]:
    end = _moment(named.get("exp"))
    if end is None:
        yield "exp has to be a whole number of seconds"
    elif end <= now:
        yield "it has expired"
    for claim, words in (("nbf", "it is not good yet"), ("iat", "it was issued in the future")):
        moment = _moment(named.get(claim, 0))
        if moment is None:
            yield f"{claim} has to be a whole number of seconds"
        elif moment > now + LEEWAY:
            yield words


def _audiences(value: object) -> tuple[str, ...]:
    """Return whom the token is for; nobody where that is neither a text nor a list of texts."""
    match value:
        case str():
            return (value,)
        case list() if all(isinstance(one, str) for one in value):
            return tuple(value)
        case _:
            return ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 1 <= len(value) <= _LONGEST else None


def _moment(value: object) -> int | None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and isinstance(value, int) and 0 <= value <= _LATEST else None
