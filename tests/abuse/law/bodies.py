"""Bodies of POST /graphql: their JSON, and what it says beside the document."""

from collections.abc import Sequence

from app.graphql.transport.requests import LARGEST_BODY
from tests.abuse.law.inputs import Exchange, Input, Make, Sender, fill, many, post, request, table

_LARGEST = LARGEST_BODY - 1024
_SEPARATORS = 20_000
"""As many values as a body may have, all but some."""
_CHUNK = 7


def _json(part: str, *, before: str = "", after: str = "", member: str = "extensions") -> Make:
    """Return a body in which one member is filled, and a document that asks for nothing."""

    def make(size: int, sender: Sender) -> Exchange:
        value = fill(part, size, before=before, after=after)
        return post(f'{{"query": "{{ __typename }} #{sender.name()}", "{member}": {value}}}', sender)

    return make


def _whole(part: str, *, before: str = "", after: str = "") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        return post(fill(part, size, before=before, after=after), sender)

    return make


def _values(value: str, *, before: str = "[", after: str = "1]") -> Make:
    """Return a body of so many values."""

    def make(size: int, sender: Sender) -> Exchange:
        return _json(value, before=before, after=after)(size * len(value), sender)

    return make


def _names(size: int, sender: Sender) -> Exchange:
    return _json("", before="{" + many(lambda number: f'"n{number}": 1', size * 12, between=","), after="}")(0, sender)


def _colliding_names(size: int, sender: Sender) -> Exchange:
    """Names whose hashes would all be the same, were they not salted."""
    return _json("", before="{" + ",".join(f'"{2**61 - 1 + number * (2**61 - 1)}": 1' for number in range(size)), after="}")(
        0, sender
    )


def _chunked(size: int, sender: Sender) -> Exchange:
    """Send a body in chunks of a few bytes each."""
    lines = sender.credential + "transfer-encoding: chunked\r\ncontent-type: application/json\r\n"
    head = request("POST", "/graphql", sender, lines=lines)
    chunk = b"%x\r\n%s\r\n" % (_CHUNK, b" " * _CHUNK)
    return Exchange(head + chunk * (size // len(chunk)) + b"0\r\n\r\n")


def _extended_chunks(size: int, sender: Sender) -> Exchange:
    lines = sender.credential + "transfer-encoding: chunked\r\ncontent-type: application/json\r\n"
    head = request("POST", "/graphql", sender, lines=lines)
    chunk = b"1;a=b;c=d;e=f\r\n \r\n"
    return Exchange(head + chunk * (size // len(chunk)) + b"0\r\n\r\n")


BODIES: Sequence[Input] = [
    *table(
        "body",
        _LARGEST,
        {
            "spaces": _whole(" "),
            "line breaks": _whole("\n"),
            "zeros": _whole("\0"),
            "byte order marks": _whole("\ufeff"),
            "half a character, again and again": lambda size, sender: post(b"\xe2\x82" * (size // 2), sender),
            "a short chunk, again and again": _chunked,
            "chunks with extensions": _extended_chunks,
            "quotes": _whole('"'),
            "backslashes": _whole("\\", before='"'),
        },
    ),
    *table(
        "JSON",
        _LARGEST,
        {
            "an unterminated text of backslashes": _json("\\\\", before='"'),
            "an unterminated text of brackets and escaped quotes": _json('\\"[', before='["a", "'),
            "unterminated texts in one another": _json('"\\', before="["),
            "texts that end in a backslash": _json('"\\\\"', before="[", after="]"),
            "texts without commas between them": _json('"[,"', before="[", after="]"),
            "commas and quotes": _json('",', before="["),
            "escapes of half a pair": _json("\\ud800", before='"', after='"'),
            "escapes that are cut off": _json("\\u00", before='"', after='"'),
            "escaped zeros": _json("\\u0000", before='"', after='"'),
            "characters of four bytes": _json("\U0001f600", before='"', after='"'),
            "marks that combine": _json("a" + "\u0301" * 30, before='"', after='"'),
            "minus signs": _json("-"),
            "zeros before a number": _json("0", after="1"),
            "a fraction of zeros": _json("0", before="0."),
            "a number with many signs": _json("e+1", before="1"),
            "words that begin as `true`": _json("tru"),
            "words that are `null`": _json("null"),
            "opening and closing brackets in turn": _json("[]"),
            "brackets that do not fit": _json("[}"),
            "brackets in the depth that is allowed": _json("[" * 30 + "]" * 30 + " ", before="[", after="]"),
            "colons": _json(":", before="{"),
            "comments": _json("/**/"),
            "spaces between tokens": _json(" ", before="[", after="1]"),
            "a name that does not end": _json("\\u006e", before='{"'),
            "a name of escapes": _json("\\u006e", before='{"', after='": 1}'),
            "a text for the name of an operation": _json("\u0301", before='"', after='"', member="operationName"),
            "a hash that is long": _json("a", before='{"persistedQuery": {"version": 1, "sha256Hash": "', after='"}}'),
            "a hash of zeros": _json("0", before='{"persistedQuery": {"version": ', after=', "sha256Hash": "a"}}'),
        },
    ),
    *table(
        "JSON",
        _SEPARATORS,
        {
            "as many values as there may be": _values("1,"),
            "as many texts as there may be": _values('"a",'),
            "as many objects as there may be": _values('{"a": 1},'),
            "as many empty lists as there may be": _values("[],"),
            "as many lists in lists as there may be": _values("[[[[[[]]]]]],"),
            "as many names as there may be": _names,
            "as many names with like hashes as there may be": _colliding_names,
            "as many long numbers as there may be": _values("1234567890.12345e10,"),
            "one name as often as may be": _values('"a": 1,', before="{", after='"b": 1}'),
        },
    ),
]
