"""JSON of any size, read in memory that does not grow with it: what is wanted is kept, all else passed over."""

import codecs
import json
import re
from collections.abc import Iterator
from enum import Enum
from typing import Never

import orjson

from app.text.json_text import NotJson, parse_json

DEPTH = 200
LONGEST_VALUE = 64 * 1024
LONGEST_TEXT = 16 * 1024
REPLACEMENT = "\ufffd"

_BLANK = re.compile(rb"[ \t\r\n]*+")
_WORD = re.compile(rb"[A-Za-z0-9.+-]*+")
_IN_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
# Of lists and objects all but their brackets; a text that the piece does not hold to its end is left to `_IN_TEXT`.
_BETWEEN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
# What most texts are: whole in the piece, and without escapes.
_PLAIN_TEXT = re.compile(rb'"([^"\\]*+)"')
_BLANKS_AND_END = frozenset({b" ", b"\t", b"\r", b"\n", b"\\", b""})
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_ESCAPE = 6
_CLOSES = {b"{": b"}", b"[": b"]"}
_UTF_16 = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}


class OddJsonError(ValueError):
    """The text is not JSON, or not within bounds; the first argument says why, without quoting it."""


class Kind(Enum):
    OBJECT = b"{"
    LIST = b"["
    TEXT = b'"'
    OTHER = b""


_KINDS = {kind.value: kind for kind in Kind}


class JsonStream:
    """One JSON value, read from its beginning to its end. Whatever reads may raise OddJsonError.

    Every value that `members` and `elements` come to has to be read or passed over before they go on. What is passed over is not
    judged: of it only texts and brackets are told apart.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = _in_utf_8(pieces)
        self._data = b""
        self._at = 0
        self._is_empty = True

    def kind(self) -> Kind:
        """Say what comes next."""
        return _KINDS.get(self._next(), Kind.OTHER)

    def members(self) -> Iterator[str]:
        """Yield each name of the object that comes next, its value coming then."""
        self._take(b"{")
        while self._next() != b"}":
            if self.kind() is not Kind.TEXT:
                _refuse()
            name = self.text()
            self._take(b":")
            yield name
            self._part(b"}")
        self._take(b"}")

    def elements(self) -> Iterator[int]:
        """Yield the number, from 0 on, of each element of the list that comes next, the element coming then."""
        self._take(b"[")
        count = 0
        while self._next() != b"]":
            yield count
            count += 1
            self._part(b"]")
        self._take(b"]")

    def skip(self) -> None:
        """Pass the next value over."""
        self._pass(None)

    def value(self) -> object:
        """Return the next value, whole and read strictly; it is refused over 64 KiB."""
        kept = _Kept(LONGEST_VALUE)
        self._pass(kept)
        if kept.is_cut:
            raise OddJsonError("a part of it that has to be short is long")
        value = parse_json(bytes(kept.body), depth=DEPTH)
        if isinstance(value, NotJson):
            raise OddJsonError(value.message)
        return value

    def text(self) -> str:
        """Return the next value as a text, whatever it is: the JSON of what is none, and nothing of null.

        What is no character becomes U+FFFD. Of what is longer than 16 KiB the beginning is returned.
        """
        is_text = self.kind() is Kind.TEXT
        if is_text and (plain := _PLAIN_TEXT.match(self._data, self._at)) is not None and len(plain[1]) <= LONGEST_TEXT:
            self._at = plain.end()
            return plain[1].decode("utf-8", "replace")
        kept = _Kept(LONGEST_TEXT)
        self._pass(kept)
        if is_text:
            return _SURROGATE.sub(REPLACEMENT, _read_text(bytes(kept.body), is_cut=kept.is_cut))
        return _SURROGATE.sub(REPLACEMENT, _write_json(bytes(kept.body)))

    def end(self) -> None:
        """Refuse whatever comes behind the value."""
        self._advance(_BLANK, None)
        if self._at < len(self._data):
            _refuse()

    def _part(self, close: bytes) -> None:
        byte = self._next()
        if byte == b",":
            self._at += 1
            if self._next() == close:
                _refuse()
        elif byte != close:
            _refuse()

    def _pass(self, kept: "_Kept | None") -> None:
        byte = self._next()
        if byte == b'"':
            self._pass_text(kept)
        elif byte in _CLOSES:
            self._pass_nested(kept)
        elif not self._advance(_WORD, kept):
            _refuse()

    def _pass_text(self, kept: "_Kept | None") -> None:
        self._move(1, kept)
        self._advance(_IN_TEXT, kept)
        self._must_go_on()
        self._move(1, kept)

    def _pass_nested(self, kept: "_Kept | None") -> None:
        open_until = bytearray()
        while True:
            byte = self._data[self._at : self._at + 1]
            if byte == b'"':
                self._pass_text(kept)
            elif byte in _CLOSES:
                open_until += _CLOSES[byte]
                if len(open_until) > DEPTH:
                    raise OddJsonError("it is nested too deeply")
                self._move(1, kept)
            elif open_until.pop() != byte[0]:
                _refuse()
            else:
                self._move(1, kept)
                if not open_until:
                    return
            self._advance(_BETWEEN, kept)
            self._must_go_on()

    def _next(self) -> bytes:
        """Return the byte that comes next, blanks passed over."""
        byte = self._data[self._at : self._at + 1]
        if byte in _BLANKS_AND_END:
            self._advance(_BLANK, None)
            self._must_go_on()
            byte = self._data[self._at : self._at + 1]
        return byte

    def _take(self, byte: bytes) -> None:
        if self._next() != byte:
            _refuse()
        self._at += 1

    def _advance(self, pattern: re.Pattern[bytes], kept: "_Kept | None") -> bool:
        """Pass over whatever the pattern matches, however many pieces that takes; return whether there was any."""
        moved = False
        while True:
            found = pattern.match(self._data, self._at)
            length = found.end() - self._at if found is not None else 0
            moved = moved or length > 0
            self._move(length, kept)
            if not self._is_used_up() or not self._more():
                return moved

    def _move(self, length: int, kept: "_Kept | None") -> None:
        if kept is not None:
            kept.add(self._data[self._at : self._at + length])
        self._at += length

    def _is_used_up(self) -> bool:
        # An escape may be split between two pieces.
        return self._data[self._at : self._at + 2] in {b"", b"\\"}

    def _more(self) -> bool:
        for piece in self._pieces:
            if piece:
                self._data, self._at, self._is_empty = self._data[self._at :] + piece, 0, False
                return True
        return False

    def _must_go_on(self) -> None:
        if self._is_used_up():
            raise OddJsonError("it is empty" if self._is_empty else "it is cut off before its end")


class _Kept:
    """The beginning of what was read, of so many bytes at most."""

    def __init__(self, longest: int) -> None:
        self.body = bytearray()
        self.is_cut = False
        self._longest = longest

    def add(self, data: bytes) -> None:
        room = self._longest - len(self.body)
        self.body += data[:room]
        self.is_cut = self.is_cut or len(data) > room


def _in_utf_8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces without a byte order mark, and what is in UTF-16 (as Windows writes it) in UTF-8."""
    first = next(pieces, b"")
    if first[:2] not in _UTF_16:
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(first).encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()


def _read_text(body: bytes, *, is_cut: bool) -> str:
    inner = body.decode("utf-8", "replace")[1:] if is_cut else body.decode("utf-8", "replace")[1:-1]
    # Cut off within an escape, what was begun of it goes.
    for length in range(len(inner), max(len(inner) - _LONGEST_ESCAPE, 0) - 1, -1) if is_cut else (len(inner),):
        try:
            return str(json.loads(f'"{inner[:length]}"', strict=False))
        except ValueError:
            continue
    return inner


def _write_json(body: bytes) -> str:
    try:
        value: object = json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
    if value is None:
        return ""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse() -> Never:
    raise OddJsonError("it is not JSON")
