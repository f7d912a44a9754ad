"""Secrets that a test has planted, everything that came out of the service, and the search for the one in the other."""

import base64
import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

STEM = "Zq7Wm2Kp9Xr4Tb6"
"""What every planted value begins with: each is its own, and one search finds them all."""

_PIECE = 12
_SEPARATOR = b"\n\x00\n"


@dataclass(frozen=True)
class Leak:
    """A secret where it should not be."""

    secret: str
    place: str
    around: bytes

    def __str__(self) -> str:
        return f"{self.secret} in {self.place}: {self.around!r}"


@dataclass
class Planted:
    """What must not come out: secrets by what they are, and numbered values by where they were put in."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    pieces: dict[str, int] = field(default_factory=dict)

    def know(self, name: str, value: str | bytes, *, piece: int = _PIECE) -> None:
        """Look for this secret too, by its first and its last `piece` bytes, so that a part of it counts."""
        content = value.encode() if isinstance(value, str) else value
        if content in self.secrets.values() or STEM.encode() in content:
            return
        numbered = f"{name} {sum(known.startswith(name) for known in self.secrets) + 1}"
        self.secrets[numbered] = content
        self.pieces[numbered] = piece

    def value(self, place: str) -> str:
        """Return a value that has not been planted before."""
        self.places.append(place)
        return f"{STEM}{len(self.places):05d}"

    def needles(self) -> Iterator[tuple[str, bytes]]:
        yield from (("a planted value", form) for form in forms_of(STEM.encode()))
        for name, content in self.secrets.items():
            piece = self.pieces[name]
            for part in {content[:piece], content[-piece:]}:
                yield from ((name, form) for form in forms_of(part))


@dataclass
class Seen:
    """All that came out of the service, by place."""

    pieces: list[tuple[str, bytes]] = field(default_factory=list)

    def note(self, place: str, content: str | bytes) -> None:
        self.pieces.append((place, content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content))

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.pieces)

    def find(self, planted: Planted) -> list[Leak]:
        """Return every secret that is in here, once for each place."""
        whole = _SEPARATOR.join(content for _, content in self.pieces)
        found = [(name, needle) for name, needle in planted.needles() if needle in whole]
        leaks = {
            (name, place): (needle, content) for name, needle in found for place, content in self.pieces if needle in content
        }
        return [Leak(name, place, _around(content, needle)) for (name, place), (needle, content) in leaks.items()]


def _around(content: bytes, needle: bytes) -> bytes:
    at = content.index(needle)
    return content[max(at - 80, 0) : at + 80]


def forms_of(content: bytes) -> set[bytes]:
    """Return the ways in which something could be written: as it is, escaped for JSON, addresses and pages, in hex and base64."""
    forms = {content, content.hex().encode(), content.hex().upper().encode(), *_in_base64(content)}
    forms |= {repr(content)[2:-1].encode(), content.hex(" ").encode()}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return forms
    written = (
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(text, safe=""),
        quote(text),
        quote_plus(text),
    )
    return forms | {form.encode() for form in (*written, html.escape(text), repr(text)[1:-1])}


def _in_base64(content: bytes) -> Iterator[bytes]:
    """Yield what stays the same of it in base64, wherever in a longer text it stands."""
    for before in range(3):
        padded = b"\0" * before + content
        first, last = (before * 8 + 5) // 6, len(padded) * 8 // 6
        yield base64.b64encode(padded)[first:last]
        yield base64.urlsafe_b64encode(padded)[first:last]
