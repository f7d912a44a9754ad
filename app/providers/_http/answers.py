"""What providers' answers have in common: JSON read into typed values, and why there is none."""

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

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
from app.text.characters import without_unseen
from app.text.json_text import mend_characters

MOST_SEPARATORS = 65_000
"""How many commas and brackets the longest list needs that a server gives at once: a directory, or what matches a search."""

_SMALL = 64 * 1024

_LONGEST_WORDS = 300
_LONGEST_LINE = 1000
_LONGEST_SHOWN = 200
_ODD_SPACE = re.compile(r"[^\S ]")
_LONGEST_QUOTE = 270
_MENDABLE = re.compile(
    r"password|terms of|approv|pending|saml|\bsso\b|single sign|two-factor|\b2fa\b|allow list|access restrictions|e-?mail"
    r"|deactivated|web browser|billing|licen[cs]e",
    re.IGNORECASE,
)
_MOVED = frozenset({301, 308})
# Where one kind of server has a renamed repository. We ask for none by its number there.
_BY_NUMBER = "repositories/"

T = TypeVar("T")


class Answer(BaseModel):
    """A part of an answer. Types are exact: "true" is no boolean, 1.0 no whole number; what is not named is not looked at."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


def _read_row(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError:
        return _ODD


def _without_odd(rows: list[T]) -> list[T]:
    return [row for row in rows if row is not _ODD]


_ODD = object()

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_LINE)]
# A row that makes no sense is left out, and takes none of the others with it.
Many = Annotated[list[Annotated[T, WrapValidator(_read_row)]], AfterValidator(_without_odd)]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")]


async def read_success(
    outcome: Outcome, shape: TypeAdapter[T], *, server: str, sort_refusal: Callable[[Response], Failure]
) -> T | Failure:
    """Read what came of a call: the shape on HTTP 200, else a failure; an answer that is no success is for `sort_refusal`."""
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=server)
    if outcome.status != 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        return sort_refusal(outcome)
    return await parse(outcome.body, shape, server=server)


async def parse(body: bytes, shape: TypeAdapter[T], *, server: str) -> T | Failure:
    """Read a body; BROKEN where it is not JSON or too much, or not of that shape. `server` is what its kind is called."""
    return await beside_the_loop(lambda: _parse(body, shape, server=server), size=len(body))


async def beside_the_loop(read: Callable[[], T], *, size: int) -> T:
    """Return what `read` returns; where what it reads is large, others go on meanwhile."""
    return read() if size <= _SMALL else await asyncio.to_thread(read)


def parse_answer(body: bytes) -> object | NotJson:
    """Read the JSON of an answer. Half a character in one text (that was cut off, say) becomes U+FFFD: else all were lost."""
    value = parse_json(body, separators=MOST_SEPARATORS)
    return parse_json(mend_characters(body), separators=MOST_SEPARATORS) if isinstance(value, NotJson) else value


def read_few(body: bytes) -> object | NotJson:
    """Read the JSON of a refusal, or of tokens: a few words. What is longer is neither, and not looked at."""
    return parse_json(body) if len(body) <= _SMALL else NotJson("it is too long")


def _parse(body: bytes, shape: TypeAdapter[T], *, server: str) -> T | Failure:
    value = parse_answer(body)
    if isinstance(value, NotJson):
        return Failure(Fault.BROKEN, f"{server}'s answer cannot be read: {value.message}.")
    try:
        return shape.validate_python(value)
    except ValidationError:
        return Failure(Fault.BROKEN, f"{server}'s answer makes no sense.")


def explain_silence(outcome: NotAllowed | Unreachable | BadAnswer, *, server: str) -> Failure:
    """Return why no answer came, or none that can be used."""
    match outcome:
        case NotAllowed(message):
            return Failure(Fault.NOT_ALLOWED, message[:_LONGEST_WORDS])
        case Unreachable(_, message):
            return Failure(Fault.UNREACHABLE, f"{server} cannot be reached: {message}."[:_LONGEST_WORDS])
        case BadAnswer(message):
            return Failure(Fault.BROKEN, f"{server}'s answer cannot be used: {message}."[:_LONGEST_WORDS])


def explain_redirect(response: Response, *, api: str, server: str) -> Failure:
    """Return what an answer of 3xx means; none is followed. `api` is the address below which the server's API lies.

    Git servers point from where a renamed or moved repository was to where it is now.
    """
    if response.status in _MOVED and _is_moved(response.headers.get("location", ""), api):
        return Failure(Fault.TARGET_GONE, f"{server} says that this has moved or was renamed: choose it again by its new name.")
    return Failure(Fault.BROKEN, f"{server} sends on to another address (HTTP {response.status}), which is not followed.")


def explain_gate(status: int, *, server: str) -> Failure:
    """Return what a 401 or 407 means that is not in the server's own words: something in between wants a sign-in of its own."""
    message = f"Something in front of {server}, a proxy perhaps, asks for a sign-in of its own (HTTP {status}): ask who runs it."
    return Failure(Fault.BROKEN, f"{message} The authorization at {server} stays as it is.")


def find_mendable(text: str, *, server: str) -> Failure | None:
    """Return a refusal that somebody can mend at the server, in the server's own words; None for any other.

    An expired password, terms to be accepted, an approval or a single sign-on that is due: it ends nothing, and can be mended.
    """
    said = text[:_LONGEST_LINE]
    if not _MENDABLE.search(said):
        return None
    return Failure(Fault.REFUSED, f"{server} says: “{_quote(said)}”")


def _quote(text: str) -> str:
    """Return others' words as one line without addresses: where to go is not for them to say here."""
    shown = ["…" if "://" in word or word.startswith("www.") else word for word in text.split()]
    line = without_unseen(" ".join(shown))
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"


def _is_moved(address: str, api: str) -> bool:
    """Whether the address is one of the API's own; the server may have another name for itself where TLS ends before it."""
    here, there = parse_url(address), parse_url(api)
    if isinstance(here, OddUrl) or isinstance(there, OddUrl):
        return False
    root = f"{there.target.rstrip('/')}/"
    # Any other path at another origin may be the very one that was asked for: a proxy wants https, or another host.
    return here.target.startswith(root if same_origin(address, api) else f"{root}{_BY_NUMBER}")


def shown(text: str, *, otherwise: str) -> str:
    """Return others' text as a name that can be shown: one line, nothing in it that nobody sees, at most 200 characters."""
    return without_unseen(_ODD_SPACE.sub("", text[:_LONGEST_LINE]))[:_LONGEST_SHOWN].strip() or otherwise


def web_address(text: str | None, *, otherwise: str | None = None) -> str | None:
    """Return an address that a browser may be sent to, as the server wrote it, or `otherwise` where it is none."""
    return otherwise if not text or isinstance(origin_of(text), OddUrl) else text
