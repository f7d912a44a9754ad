"""What a GraphQL request over HTTP asks for (GraphQL over HTTP, draft of 2026-08)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.json_text import NotJson, parse_json

LARGEST_BODY = 1024 * 1024
MOST_SEPARATORS = 20_500
"""As many commas and brackets as the most values that variables may have can need, and some around them."""

_MOST_MEDIA_RANGES = 32
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Media(StrEnum):
    """What can be answered with."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    PAGE = "text/html"


@dataclass(frozen=True)
class Operation:
    """A request to run one operation of a document: `query`, or what was sent before with this SHA-256 where that is empty."""

    query: str
    variables: Mapping[str, Any] | None
    name: str | None
    extensions: Mapping[str, Any] | None
    digest: str | None = None


@dataclass(frozen=True)
class Refused:
    """The request is not one; `words` say why to its author. `headers` are the answer's."""

    status: int
    words: str
    headers: Mapping[str, str] = field(default_factory=dict)


def choose_media(accept: str | None) -> Media | None:
    """Return what the Accept header likes best, None where it likes nothing that we have. Without a header: JSON.

    Events only when they come first: some clients name them on every request and cannot read them.
    """
    if not accept or not accept.strip():
        return Media.JSON
    ranges = accept.split(",")[:_MOST_MEDIA_RANGES]
    if _name_of(ranges[0]) == Media.EVENTS:
        return Media.EVENTS
    best: tuple[float, Media | None] = (0.0, None)
    for text in ranges:
        media = _OFFERED.get(_name_of(text))
        quality = _quality_of(text)
        if media is not None and quality > best[0]:
            best = (quality, media)
    return best[1]


def read_operation(body: bytes) -> Operation | Refused:
    """Read the JSON object that asks for an operation."""
    asked = parse_json(body, separators=MOST_SEPARATORS)
    if isinstance(asked, NotJson):
        return Refused(400, f"The body has to be JSON, but {asked.words}.")
    if not isinstance(asked, dict):
        return Refused(400, "The body has to be a JSON object with `query`.")
    return operation_of(asked)


def read_parameters(parameters: Mapping[str, str]) -> Operation | Refused:
    """Read the operation that a GET request's address asks for."""
    asked: dict[str, object] = {"query": parameters.get("query"), "operationName": parameters.get("operationName")}
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        value = parse_json(text.encode("utf-8", "surrogatepass"), separators=MOST_SEPARATORS) if text else None
        if isinstance(value, NotJson):
            return Refused(400, f"`{name}` has to be JSON, but {value.words}.")
        asked[name] = value
    return operation_of(asked)


def operation_of(asked: Mapping[str, object]) -> Operation | Refused:
    """Check the members of a request, on whatever way it came."""
    query, name = asked.get("query"), asked.get("operationName")
    variables, extensions = asked.get("variables"), asked.get("extensions")
    if not isinstance(extensions, dict | None):
        return Refused(400, "`extensions` has to be an object or null.")
    digest = digest_in(extensions)
    if isinstance(digest, Refused):
        return digest
    query = "" if query is None and digest is not None else query
    if not isinstance(query, str) or not (query or digest):
        return Refused(400, "`query` has to be a text that is not empty.")
    if not isinstance(name, str | None):
        return Refused(400, "`operationName` has to be a text or null.")
    if not isinstance(variables, dict | None):
        return Refused(400, "`variables` has to be an object or null.")
    return Operation(query, variables, name or None, extensions, digest)


def digest_in(extensions: Mapping[str, Any] | None) -> str | Refused | None:
    """Return the hash that stands for the document (`persistedQuery`, as Apollo's clients send it); None where there is none."""
    match (extensions or {}).get("persistedQuery"):
        case None:
            return None
        case {"version": 1, "sha256Hash": str(digest)} if _SHA256.fullmatch(digest):
            return digest
    return Refused(400, "`persistedQuery` has to have `version` 1 and `sha256Hash`, 64 lower-case hexadecimal digits.")


def is_json(content_type: str | None) -> bool:
    """Whether the body says it is JSON. Nothing else is taken: this much a page of another origin cannot send unasked."""
    name, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    return name.strip().lower() == Media.JSON and charset in {"", "utf-8"}


_OFFERED = {
    Media.GRAPHQL.value: Media.GRAPHQL,
    Media.JSON.value: Media.JSON,
    Media.PAGE.value: Media.PAGE,
    "application/*": Media.JSON,
    "*/*": Media.JSON,
}


def _name_of(media_range: str) -> str:
    return media_range.partition(";")[0].strip().lower()


def _quality_of(media_range: str) -> float:
    for parameter in media_range.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
