"""The contract's scalars: DateTime and URL. Annotate fields with `datetime` and `URL`. No error shows the value."""

import re
from datetime import UTC, datetime, timedelta
from typing import NewType
from urllib.parse import urlsplit

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

URL = NewType("URL", str)
"""An absolute http or https address."""

_MOMENT = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_FRACTION = re.compile(r"\.(\d+)")
_ODD = re.compile(r"[\s\x00-\x20\x7f\\<>\"^`{|}]")
_ZERO = "+00:00"
_SECONDS, _MILLISECONDS = slice(1, 20), slice(1, 24)
_LONGEST_URL = 2048
# Less than that is more likely to be seconds: as milliseconds, those of today lie in 1970.
_FIRST_MILLISECOND = 10**11
_LAST_MILLISECOND = 253_402_300_799_999


def format_moment(moment: datetime) -> str:
    """Return RFC 3339 in UTC with whole milliseconds: `2026-11-21T10:00:00.123Z`. The moment has to know its zone."""
    if moment.tzinfo is UTC:
        # A third of what `isoformat` takes. It writes no fraction where that is zero.
        text = orjson.dumps(moment).decode()
        return f"{text[_MILLISECONDS]}Z" if moment.microsecond else f"{text[_SECONDS]}.000Z"
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone is no moment.")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace(_ZERO, "Z")


def parse_moment(value: object) -> datetime:
    """Read RFC 3339 with its offset, or milliseconds since 1970; the answer is in UTC, cut to milliseconds.

    Raises GraphQLError without the value.
    """
    if isinstance(value, int) and not isinstance(value, bool) and _FIRST_MILLISECOND <= value <= _LAST_MILLISECOND:
        return datetime.fromtimestamp(value // 1000, UTC) + timedelta(milliseconds=value % 1000)
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise GraphQLError(
            "DateTime has to be RFC 3339 with an offset, such as 2026-11-21T10:00:00.123Z, or milliseconds since 1970."
        )
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(_to_milliseconds, value).upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError("DateTime has to be a day that exists, in the years 1 to 9999.") from None
    return moment


def parse_url(value: object) -> URL:
    """Read an absolute http or https address. Raises GraphQLError without the value."""
    if not isinstance(value, str) or not _is_address(value):
        raise GraphQLError("URL has to be an absolute http or https address, such as https://git.example.com.")
    return URL(value)


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment: RFC 3339, in UTC with whole milliseconds when it comes from here (2026-11-21T10:00:00.123Z); "
        "any offset is understood, and so are milliseconds since 1970, as Newman and JavaScript's Date.now() write them.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=format_moment,
        parse_value=parse_moment,
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http or https address.",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=parse_url,
    ),
}
"""What the schema is built with."""


def _to_milliseconds(fraction: re.Match[str]) -> str:
    return "." + fraction[1][:3].ljust(3, "0")


def _is_address(text: str) -> bool:
    if len(text) > _LONGEST_URL or _ODD.search(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
