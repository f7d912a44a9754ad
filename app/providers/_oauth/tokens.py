"""Tokens and scopes as OAuth's answers have them (RFC 6749, sections 3.3 and 5.1)."""

import re
from typing import Annotated

from pydantic import Field, PlainValidator, StringConstraints

from app.sealing.secret import Secret

TOKEN_DEADLINE = 20.0
"""In seconds, for an exchange or a refresh: what it brings cannot be asked for again."""

_LONGEST_SCOPES = 10_000
_TEN_YEARS = 315_360_000
# What can travel in a header, and has no space that would end it.
_TOKEN = re.compile(r"[!-~]{1,4096}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


def read_scopes(text: str) -> tuple[str, ...] | None:
    """Return the scopes of a list parted by commas or spaces, each once; None where the text is no such list."""
    if len(text) > _LONGEST_SCOPES:
        return None
    scopes = tuple(dict.fromkeys(re.split(r"[ ,]+", text.strip(" ,")))) if text.strip(" ,") else ()
    return scopes if all(_SCOPE.fullmatch(scope) for scope in scopes) else None


def _read_token(value: object) -> Secret:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("no token")
    return Secret(value)


def _read_scope_text(value: object) -> tuple[str, ...]:
    scopes = read_scopes(value) if isinstance(value, str) else None
    if scopes is None:
        raise ValueError("no scopes")
    return scopes


def _read_scopes(value: object) -> tuple[str, ...]:
    listed = isinstance(value, list) and all(isinstance(scope, str) and " " not in scope for scope in value)
    return _read_scope_text(" ".join(value) if listed and isinstance(value, list) else value)


Token = Annotated[Secret, PlainValidator(_read_token)]
Scopes = Annotated[tuple[str, ...], PlainValidator(_read_scope_text)]
ScopesOrList = Annotated[tuple[str, ...], PlainValidator(_read_scopes)]
Lifetime = Annotated[int, Field(ge=1, le=_TEN_YEARS)]
Bearer = Annotated[str, StringConstraints(pattern=r"^[Bb]earer$")]
