"""A crowd of listeners in a process of its own, as cheap as they can be: `scripts/bench` measures the server, not its clients.

What each is to say comes on the standard input, and what the crowd has heard goes out: a line of JSON each.
"""

import asyncio
import resource
import struct
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import uvloop

from tests.journeys.raw_sockets import frame

_OFFICES = 50
"""A crowd is not all behind one address."""

_AT_ONCE = 64
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA
_HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@dataclass
class Crowd:
    """`greetings` and `questions`: what each listener says first, and when it was answered."""

    port: int
    greetings: Sequence[str]
    questions: Sequence[str]
    listeners: "list[Listener]" = field(default_factory=list)
    heard: "Counter[int]" = field(default_factory=Counter)
    wrong: int = 0
    greeted: int = 0

    def __post_init__(self) -> None:
        self.listeners = [Listener(self, number) for number in range(len(self.greetings))]

    async def come(self) -> None:
        begun, places = time.monotonic(), asyncio.Semaphore(_AT_ONCE)

        async def come_one(listener: "Listener") -> None:
            async with places:
                address = (f"127.0.1.{listener.number % _OFFICES + 1}", 0)
                await asyncio.get_running_loop().create_connection(lambda: listener, "127.0.0.1", self.port, local_addr=address)
                await listener.greeted.wait()

        await asyncio.gather(*map(come_one, self.listeners))
        _say({"here": len(self.listeners), "seconds": time.monotonic() - begun})

    def leave(self) -> None:
        for listener in self.listeners:
            listener.leave()
        _say({"left": len(self.listeners)})

    def hear(self, number: int, payload: bytes) -> None:
        """Take note of the event that is a listener's so-and-so-manieth; say when all have had it."""
        if b'"errors"' in payload or b'"type":"next"' not in payload:
            self.wrong += 1
            _say({"wrong": payload.decode()[:500]})
        self.heard[number] += 1
        if self.heard[number] == 1:
            _say({"first": number, "at": time.monotonic(), "bytes": payload.decode()})
        if self.heard[number] == len(self.listeners):
            _say({"last": number, "at": time.monotonic()})


class Listener(asyncio.Protocol):
    """One of the crowd. It goes on behind the last event that it was told."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.number = number
        self.greeted = asyncio.Event()
        self._crowd = crowd
        self._events = 0
        self._last: bytes | None = None
        self._received = bytearray()
        self._is_upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._is_upgraded = False
        self._received.clear()
        self.greeted.clear()
        self._transport.write(_HANDSHAKE.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._crowd.wrong += 1
            _say({"wrong": f"listener {self.number} lost its connection: {exc}"})
        self._transport = None
        self.greeted.set()

    def leave(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._is_upgraded:
            head, end, rest = received.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101 "), head
            self._is_upgraded, received = True, bytearray(rest)
            self._say(self._crowd.greetings[self.number].encode())
        self._received = received[self._read(received) :] if received else received

    def _read(self, received: bytearray) -> int:
        """Take the whole frames that have come (RFC 6455, section 5.2); return where the next begins."""
        begin = 0
        while len(received) - begin >= 4:
            length, start = received[begin + 1], begin + 2
            if length == 126:
                length, start = struct.unpack_from("!H", received, start)[0], start + 2
            elif length == 127:
                length, start = struct.unpack_from("!Q", received, start)[0], start + 8
            if len(received) - start < length:
                break
            self._take(received[begin] & 0xF, bytes(received[start : start + length]))
            begin = start + length
        return begin

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING and self._transport is not None:
            self._transport.write(frame(_PONG, payload))
        elif opcode == _TEXT and self.greeted.is_set():
            self._events += 1
            self._last = payload
            self._crowd.hear(self._events, payload)
        elif opcode == _TEXT:
            self.greeted.set()
            if self._crowd.questions:
                self._say(self._question())

    def _question(self) -> bytes:
        question = self._crowd.questions[self.number].encode()
        if self._last is None:
            return question
        asked = orjson.loads(question)
        [told] = orjson.loads(self._last)["payload"]["data"].values()
        asked["payload"]["variables"]["after"] = told["cursor"]
        return orjson.dumps(asked)

    def _say(self, text: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame(_TEXT, text))


def _say(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


async def main() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    reader = asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = Crowd(**orjson.loads(await reader.readline()))
    while line := await reader.readline():
        match line.strip():
            case b"come":
                await crowd.come()
            case b"leave":
                crowd.leave()


if __name__ == "__main__":
    uvloop.run(main())
