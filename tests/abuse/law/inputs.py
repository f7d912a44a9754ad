"""What is sent: how one input looks at any size, and the wire forms that all of them are made of."""

import hashlib
import itertools
import json
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

_TEXT, _CLOSE = 0x81, 0x88
_SHORT, _MEDIUM = 126, 65_536
_MASKED = 0x80


@dataclass
class Sender:
    """Who sends, and all that is chosen by chance. Before the sign-in `token` and `cookie` are empty."""

    port: int
    token: str = ""
    cookie: str = ""
    installed_app: str = ""
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - no secret
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def name(self) -> str:
        """Return a name that was never used before: a document that is known costs nothing."""
        return f"n{hashlib.sha256(f'{self.random.random()}{next(self._numbers)}'.encode()).hexdigest()[:12]}"

    @property
    def credential(self) -> str:
        return f"authorization: Bearer {self.token}\r\n" if self.token else ""


@dataclass(frozen=True)
class Exchange:
    """What goes over one connection: `opening`; once an answer's head has come, `greeting`; once that was acknowledged, `frames`.

    It is over when the server closes, or where `enough` stands in what it sent. `provider` is what Slack's next answer is.
    """

    opening: bytes
    greeting: bytes = b""
    frames: bytes = b""
    enough: bytes | None = None
    provider: bytes | None = None


Make = Callable[[int, Sender], Exchange]


@dataclass(frozen=True)
class Input:
    """One shape of input by one way in. `largest` is the largest size that is allowed there, in whatever `make` counts."""

    way: str
    name: str
    largest: int
    make: Make
    signed_in: Sequence[bool] = (False, True)


@dataclass(frozen=True)
class Reading:
    """One shape of input that a function reads by itself: what is made of a size, and what reads it."""

    way: str
    name: str
    largest: int
    make: Callable[[int], object]
    read: Callable[[object], object]


def request(
    method: str, path: str, sender: Sender, *, lines: str = "", body: bytes = b"", kind: str = "application/json"
) -> bytes:
    """Return a whole request, after which the server closes. `lines` stand in its head, each with its end."""
    length = f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{sender.port}\r\nconnection: close\r\n{length}{lines}\r\n"
    return head.encode("latin-1", "replace") + body


def post(body: bytes | str, sender: Sender, *, lines: str = "") -> Exchange:
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return Exchange(request("POST", "/graphql", sender, lines=sender.credential + lines, body=content))


def ask(document: str, sender: Sender, variables: str = "null") -> Exchange:
    """Return a POST with a document that nobody has seen before: a comment at its end makes it one."""
    return post(f'{{"query": {json.dumps(f"{document} #{sender.name()}")}, "variables": {variables}}}', sender)


def converse(frames: Iterable[bytes], sender: Sender, *, signs_in: bool = True) -> Exchange:
    """Return a WebSocket's handshake, its sign-in where somebody is, the frames, and its close."""
    lines = (
        "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "sec-websocket-protocol: graphql-transport-ws\r\n"
    )
    head = request("GET", "/graphql", sender, lines=lines).replace(b"connection: close", b"connection: upgrade")
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {sender.token}"}}
    greeting = frame(json.dumps(init)) if sender.token and signs_in else b""
    return Exchange(head, greeting=greeting, frames=b"".join([*frames, frame(struct.pack("!H", 1000), kind=_CLOSE)]))


def frame(content: bytes | str, *, kind: int = _TEXT) -> bytes:
    """Return a frame as a client sends it, with a mask of nothing but zeros."""
    body = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(body) < _SHORT:
        length = bytes([_MASKED | len(body)])
    elif len(body) < _MEDIUM:
        length = bytes([_MASKED | _SHORT]) + struct.pack("!H", len(body))
    else:
        length = bytes([_MASKED | _SHORT + 1]) + struct.pack("!Q", len(body))
    return bytes([kind]) + length + bytes(4) + body


def subscribe(document: str, id: str = "1", variables: str = "null") -> bytes:
    payload = f'{{"query": {json.dumps(document)}, "variables": {variables}}}'
    return frame(f'{{"type": "subscribe", "id": "{id}", "payload": {payload}}}')


def fill(part: str, size: int, *, before: str = "", after: str = "") -> str:
    """Return `part` again and again, `size` characters of it at most."""
    return before + part * (size // max(len(part), 1)) + after


def many(part: Callable[[int], str], size: int, *, between: str = "") -> str:
    """Return what `part` writes for 0, 1, 2 and so on, `size` characters of it at most."""
    pieces: list[str] = []
    for number in itertools.count():
        size -= len(piece := part(number)) + len(between)
        if size < 0:
            return between.join(pieces)
        pieces.append(piece)
    raise AssertionError("counting does not end")


def table(way: str, largest: int, shapes: dict[str, Make], *, signed_in: Sequence[bool] = (False, True)) -> list[Input]:
    return [Input(way, name, largest, make, signed_in) for name, make in shapes.items()]
