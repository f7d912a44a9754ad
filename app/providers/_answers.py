"""What Git servers' answers have in common: JSON read into typed values, and why there is none."""

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, TypeAdapter, ValidationError

from app.outbound import (
    BadAnswer,
    NotAllowed,
    NotJson,
    OddUrl,
    Outcome,
    Response,
    Unreachable,
    origin_of,
    parse_json,
    parse_url,
    same_origin,
)
from app.providers.contract import Failure, Fault
from app.sealing.secret import Secret

TOKEN_DEADLINE = 20.0

_LONGEST_WORDS = 300
# What can travel in a header, and has no space that would end it.
_TOKEN = re.compile(r"[!-~]{1,4096}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
_UNSHOWABLE = re.compile(r"[^\S ]|[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TEN_YEARS = 315_360_000
_MOVED = frozenset({301, 308})

T = TypeVar("T")


class Answer(BaseModel):
    """A part of an answer. Types are exact: "true" is no boolean, 1.0 no whole number; what is not named is not looked at."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


def read_scopes(text: str) -> tuple[str, ...] | None:
    """Return the scopes of a list parted by commas or spaces, each once; None where the text is no such list."""
    scopes = tuple(dict.fromkeys(re.split(r"[ ,]+", text.strip(" ,")))) if text.strip(" ,") else ()
    return scopes if all(_SCOPE.fullmatch(scope) for scope in scopes) else None


def _read_token(value: object) -> Secret:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("no token")
    return Secret(value)


def _read_scopes(value: object) -> tuple[str, ...]:
    listed = isinstance(value, list) and all(isinstance(scope, str) and " " not in scope for scope in value)
    text = " ".join(value) if listed and isinstance(value, list) else value
    scopes = read_scopes(text) if isinstance(text, str) else None
    if scopes is None:
        raise ValueError("no scopes")
    return scopes


Token = Annotated[Secret, PlainValidator(_read_token)]
Scopes = Annotated[tuple[str, ...], PlainValidator(_read_scopes)]
Lifetime = Annotated[int, Field(ge=1, le=_TEN_YEARS)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Bearer = Annotated[str, StringConstraints(pattern=r"^[Bb]earer$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]


def read_success(
    outcome: Outcome, shape: TypeAdapter[T], *, server: str, sort_refusal: Callable[[Response], Failure]
) -> T | Failure:
    """Read what came of a call: the shape on HTTP 200, else a failure; an answer that is no success is for `sort_refusal`."""
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=server)
    if outcome.status != 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        return sort_refusal(outcome)
    return parse(outcome.body, shape, server=server)


def parse(body: bytes, shape: TypeAdapter[T], *, server: str) -> T | Failure:
    """Read a body; BROKEN where it is not JSON, or not of that shape. `server` is what its kind is called."""
    value = parse_json(body)
    if isinstance(value, NotJson):
        return Failure(Fault.BROKEN, f"{server}'s answer cannot be read: {value.words}.")
    try:
        return shape.validate_python(value)
    except ValidationError:
        return Failure(Fault.BROKEN, f"{server}'s answer makes no sense.")


def explain_silence(outcome: NotAllowed | Unreachable | BadAnswer, *, server: str) -> Failure:
    """Return why no answer came, or none that can be used."""
    match outcome:
        case NotAllowed(message):
            return Failure(Fault.NOT_ALLOWED, message[:_LONGEST_WORDS])
        case Unreachable(_, words):
            return Failure(Fault.UNREACHABLE, f"{server} cannot be reached: {words}."[:_LONGEST_WORDS])
        case BadAnswer(words):
            return Failure(Fault.BROKEN, f"{server}'s answer cannot be used: {words}."[:_LONGEST_WORDS])


def explain_redirect(response: Response, *, api: str, server: str) -> Failure:
    """Return what an answer of 3xx means; none is followed. `api` is the address below which the server's API lies.

    GitHub and GitLab point from where a renamed or moved repository was to where it is now.
    """
    if response.status in _MOVED and is_below(response.headers.get("location", ""), api):
        return Failure(Fault.TARGET_GONE, f"{server} says that this has moved or was renamed: choose it again by its new name.")
    return Failure(Fault.BROKEN, f"{server} sends on to another address (HTTP {response.status}), which is not followed.")


def is_below(address: str, api: str) -> bool:
    """Whether the address is one of the API's own."""
    here, there = parse_url(address), parse_url(api)
    if isinstance(here, OddUrl) or isinstance(there, OddUrl):
        return False
    return same_origin(address, api) and here.target.partition("?")[0].startswith(f"{there.target.rstrip('/')}/")


def shown(text: str, *, otherwise: str) -> str:
    """Return others' text as a name that can be shown: one line, nothing hidden in it, at most 200 characters."""
    return _UNSHOWABLE.sub("", text)[:200].strip() or otherwise


def web_address(text: str | None, *, otherwise: str | None = None) -> str | None:
    """Return an address that a browser may be sent to, as the server wrote it, or `otherwise` where it is none."""
    return otherwise if not text or isinstance(origin_of(text), OddUrl) else text
