"""Which media types are read, and which of them an answer has (RFC 9110, 8.3 and 12.5.1)."""

from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

_MOST_RANGES = 32


class Media(StrEnum):
    """The media types of answers."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"
    EVENTS = "text/event-stream"
    PAGE = "text/html"


_MOST_KNOWN = 256
"""Accept headers that were read last: the same few come again and again."""


class _Range(NamedTuple):
    name: str
    quality: float


@lru_cache(_MOST_KNOWN)
def choose_media(accept: str, *, offered: tuple[Media, ...]) -> Media | None:
    """Return the one of `offered` that the Accept header prefers, None where it takes none. Without a header: JSON.

    What it likes equally goes by its order; for what it only covers with a `*`, by the order of `offered`. Events only when
    they come first: some clients name them on every request and cannot read them.
    """
    ranges = [_read_range(text) for text in accept.split(",")[:_MOST_RANGES] if text.strip()]
    if not ranges:
        return Media.JSON
    if Media.EVENTS in offered and ranges[0].name == Media.EVENTS:
        return Media.EVENTS
    named = {one.name for one in ranges}
    best: tuple[float, Media | None] = (0.0, None)
    for name, quality in ranges:
        media = next((media for media in offered if _covers(name, media, named=named)), None)
        if media is not None and quality > best[0]:
            best = (quality, media)
    return best[1]


@lru_cache(_MOST_KNOWN)
def is_json(content_type: str) -> bool:
    """Whether the body says it is JSON. Nothing else is taken: this much a page of another origin cannot send unasked."""
    name, *parameters = content_type.lower().split(";")
    pairs = [parameter.partition("=") for parameter in parameters]
    charsets = {value.strip().strip('"') for parameter, _, value in pairs if parameter.strip() == "charset"}
    return name.strip() == Media.JSON and charsets <= {"utf-8", "utf8"}  # the second is no name of it, and is sent


def _covers(name: str, media: Media, *, named: Collection[str]) -> bool:
    """Whether the media range is the closest one to `media`: a `*` says nothing of what is named beside it."""
    if media is Media.EVENTS:
        return False
    return name == media or (media not in named and name in {"*/*", f"{media.partition('/')[0]}/*"})


def _read_range(text: str) -> _Range:
    name, *parameters = text.split(";")
    for parameter in parameters:
        weight, _, value = parameter.partition("=")
        if weight.strip().lower() == "q":
            return _Range(name.strip().lower(), _read_quality(value))
    return _Range(name.strip().lower(), 1.0)


def _read_quality(value: str) -> float:
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
