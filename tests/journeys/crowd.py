"""Listeners over WebSockets, thousands in one process: frames by hand, and of the protocol no more than a listener needs.

Each goes on as docs/clients.md tells clients to: whatever ends its socket, it comes back with the cursor of the last event told.
"""

import asyncio
import contextlib
import struct
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import orjson

from tests.history.ids import number_of
from tests.history.records import JSON
from tests.journeys.raw_sockets import frame, text
from tests.processes import Service

WATCH = """
subscription ($after: String) {
  eventRecorded(after: $after) { id cursor sequence type subjectId summary actor { name } subject { id } }
}"""

LATER = "1013"

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_LOST, _WITHOUT_CODE = "1006", "1005"
_CONNECT_SECONDS = 60.0
_SOON, _LATER, _LATEST = 0.5, 2.0, 16.0
_HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@dataclass
class Seen:
    """What a crowd met besides events: `wrong` is whatever may not come in place of one."""

    closed: "Counter[str]" = field(default_factory=Counter)
    wrong: list[tuple[str, JSON]] = field(default_factory=list)
    listening: int = 0


@dataclass(eq=False)
class Listener(asyncio.Protocol):
    """Listens to its team's log, from server to server, until it is told to leave. `address` is where it comes from."""

    name: str
    token: str
    cursor: str
    servers: Sequence[Service]
    random: Random
    seen: Seen
    address: str
    heard: list[tuple[float, JSON]] = field(default_factory=list)
    times_back: int = 0

    def __post_init__(self) -> None:
        self.last = number_of(self.cursor)
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._is_upgraded = self._listens = self._has_left = False
        self._close: str | None = None
        self._sent_away = 0
        self._connecting: asyncio.Task[None] | None = None

    def come(self, *, within: float = _SOON) -> None:
        """Come (back) at some moment within so many seconds."""
        self._connecting = asyncio.create_task(self._connect(self.random.uniform(0, within)))

    def leave(self) -> None:
        self._has_left = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._is_upgraded, self._close = transport, False, None
        self._received.clear()
        transport.write(_HANDSHAKE.format(port=transport.get_extra_info("peername")[1]).encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_upgraded and not self._upgrade():
            return
        for opcode, payload in self._frames():
            self._take(opcode, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        if self._listens:
            self._listens = False
            self.seen.listening -= 1
        if self._has_left:
            return
        self.seen.closed[self._close or _LOST] += 1
        self.times_back += 1
        self._sent_away = self._sent_away + 1 if self._close == LATER else 0
        self.come(within=min(_LATER**self._sent_away, _LATEST) if self._sent_away else _SOON)

    async def _connect(self, wait: float) -> None:
        await asyncio.sleep(wait)  # as clients do, so as not to come all at once
        port = self.random.choice(self.servers).port
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port, local_addr=(self.address, 0))
        except (OSError, TimeoutError):
            self.come()

    def _upgrade(self) -> bool:
        head, end, rest = bytes(self._received).partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            self._close = head[9:12].decode()
            self._abort()
            return False
        self._is_upgraded, self._received = True, bytearray(rest)
        self._send(text({"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}))
        return True

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield the whole frames that have come: a server's have no mask (RFC 6455, section 5.2)."""
        received, begin = self._received, 0
        while len(received) - begin >= 2:
            opcode, length, start = received[begin] & 0xF, received[begin + 1], begin + 2
            extended = {126: "!H", 127: "!Q"}.get(length)
            if extended is not None:
                if len(received) - start < struct.calcsize(extended):
                    break
                [length] = struct.unpack_from(extended, received, start)
                start += struct.calcsize(extended)
            if len(received) - start < length:
                break
            yield opcode, bytes(received[start : start + length])
            begin = start + length
        del received[:begin]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._read(orjson.loads(payload))
        elif opcode == _PING:
            self._send(frame(_PONG, payload))
        elif opcode == _CLOSE:
            self._close = str(struct.unpack("!H", payload[:2])[0]) if payload else _WITHOUT_CODE
            self._send(frame(_CLOSE, payload[:2]))

    def _read(self, message: JSON) -> None:
        match message["type"]:
            case "connection_ack":
                self._listens = True
                self.seen.listening += 1
                asked = {"query": WATCH, "variables": {"after": self.cursor}}
                self._send(text({"id": "1", "type": "subscribe", "payload": asked}))
            case "next" if "errors" not in message["payload"]:
                event = message["payload"]["data"]["eventRecorded"]
                self.heard.append((time.time(), event))
                self.cursor, self.last, self._sent_away = event["cursor"], event["sequence"], 0
            case "ping":
                self._send(text({"type": "pong"}))
            case _:
                self.seen.wrong.append((self.name, message))
                self._abort()

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@contextlib.contextmanager
def crowding(listeners: Sequence[Listener], *, within: float) -> Iterator[None]:
    """Let all of them come, and leave at the end."""
    for listener in listeners:
        listener.come(within=within)
    try:
        yield
    finally:
        for listener in listeners:
            listener.leave()
