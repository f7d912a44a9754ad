"""JSON from strangers, read with bounds."""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Never

import orjson

DEPTH = 32
SEPARATORS = 20_500
"""How many commas and brackets the most values need that a request's variables may have, and some around them."""

_NEITHER_QUOTE_NOR_SEPARATOR = bytes(set(range(256)) - set(b'",[{'))
# A whole pair, half of one, or any other escape: what stands behind a backslash is never the beginning of the next.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


@dataclass(frozen=True)
class NotJson:
    """The text is not JSON that has one reading; `message` says why, without quoting it."""

    message: str


def parse_json(body: bytes, *, depth: int = DEPTH, separators: int = SEPARATORS) -> object | NotJson:
    """Return what the body says (None, bool, int, float, str, list, dict), or why it cannot be read.

    Refused, beside what RFC 8259 refuses: text that is not UTF-8, nesting deeper than `depth`, a name twice in one object (two
    readers would choose differently), NaN, infinities and numbers too large to be finite, lone surrogates; and what has more
    commas and opening brackets than `separators`: a mebibyte of empty lists takes a second to read.
    """
    if _count_separators(body) > separators and _count_outside_strings(body) > separators:
        return NotJson("it has too many values")
    try:
        read: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return NotJson("it is not JSON")
    if _deeper_than(depth, read):
        return NotJson("it is nested too deeply")
    if orjson.dumps(read) == body:
        return read  # nothing is lost: no name was there twice, and no number too large
    try:
        parsed: object = _DECODER.decode(body.decode())
    except ValueError as error:
        return NotJson(error.args[0] if isinstance(error, _OddJsonError) else "it is not JSON")
    return parsed


def mend_characters(body: bytes) -> bytes:
    """Return JSON with U+FFFD in place of what is no character: bytes that are not UTF-8, and halves of surrogate pairs."""
    return _ESCAPE.sub(_mend_escape, body.decode("utf-8", "replace").encode())


def _mend_escape(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape["half"] else escape[0]


class _OddJsonError(ValueError):
    pass


def _count_separators(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _count_outside_strings(body: bytes) -> int:
    """Count separators up to where the text is no longer JSON, or further.

    A pattern over the strings takes 90 ms for a mebibyte of short ones, and lets no other thread run meanwhile. So: escapes go
    first; then all that is neither; then each two quotes side by side: that is an empty string, or it joins two strings.
    """
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NEITHER_QUOTE_NOR_SEPARATOR).replace(b'""', b"")
    return sum(map(len, bare.split(b'"')[::2]))


def _deeper_than(depth: int, value: object) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        if not level:
            break
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
    return bool(level)


def _inside(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _OddJsonError("it has a name twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _OddJsonError("it has a number that is not finite")
    return number


def _no_constant(_: str) -> Never:
    raise _OddJsonError("it has a number that is not finite")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
