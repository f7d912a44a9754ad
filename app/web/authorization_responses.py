"""Authorization responses, in the browser's address (RFC 6749, section 4.1.2; RFC 9207)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from app.sealing.secret import Secret

_STATE = re.compile(r"[A-Za-z0-9_-]{43}")
_CODE = re.compile(r"[\x21-\x7e]{1,2048}")
_ERROR = re.compile(r"[\x20-\x7e]{1,200}")
_ISSUER = re.compile(r"[\x21-\x7e]{1,500}")
_LONGEST_QUERY = 8192
_READ = frozenset({"state", "code", "error", "iss"})


@dataclass(frozen=True)
class AuthorizationResponse:
    """Exactly one of `code` and `error` is set. Nothing else of the address is looked at."""

    state: Secret
    code: Secret | None
    error: str | None
    issuer: str | None


def read_response(query: bytes) -> AuthorizationResponse | None:
    """Read the query as it came: every parameter that matters stands there once and looks as it must; None for any other."""
    if len(query) > _LONGEST_QUERY:
        return None
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return None
    named: dict[str, str] = {}
    for name, value in pairs:
        bare = name.partition("[")[0]  # state[]=…, as some frameworks spell a list
        if bare in _READ and (bare != name or name in named):
            return None
        named[name] = value
    return _sort(named)


def _sort(named: Mapping[str, str]) -> AuthorizationResponse | None:
    state, code, error, issuer = (named.get(name) for name in ("state", "code", "error", "iss"))
    well_formed = (
        state is not None
        and _fits(_STATE, state)
        and _fits(_CODE, code)
        and _fits(_ERROR, error)
        and _fits(_ISSUER, issuer)
        and (code is None) is not (error is None)
    )
    if not well_formed or state is None:
        return None
    return AuthorizationResponse(Secret(state), None if code is None else Secret(code), error, issuer)


def _fits(pattern: re.Pattern[str], value: str | None) -> bool:
    return value is None or pattern.fullmatch(value) is not None
