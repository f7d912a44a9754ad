"""WebSockets written by hand, byte for byte: what no client library would send."""

import asyncio
import contextlib
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.journeys.malformed import Plant

_TEXT, _BINARY, _CLOSE, _RESERVED = 0x1, 0x2, 0x8, 0xB
_ACCEPT = b"101 "


@dataclass(frozen=True)
class Conversation:
    """What is sent to a WebSocket; `path` and `headers` of its handshake, then frames."""

    place: str
    frames: Sequence[bytes] = ()
    path: str = "/graphql"
    headers: tuple[str, ...] = ()
    is_refused_before: bool = False


def odd_conversations(plant: Plant, *, token: str) -> Iterator[Conversation]:
    """Yield conversations that are wrong at each step, with planted values in them."""
    init = text({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    for place, payload in (
        ("a wrong token", {"authorization": f"Bearer {plant('connection_init, token')}"}),
        ("no bearer", {"authorization": plant("connection_init, no bearer")}),
        ("an object for a token", {"authorization": {"odd": plant("connection_init, object")}}),
        ("a text for a payload", plant("connection_init, text")),
    ):
        yield Conversation(f"connection_init, {place}", (text({"type": "connection_init", "payload": payload}),))
    for place, message in (
        ("no such type", {"type": plant("type")}),
        ("a ping with a text", {"type": "ping", "payload": plant("ping")}),
        ("no payload", {"type": "subscribe", "id": plant("subscribe, id"), "payload": plant("subscribe, payload")}),
        ("an object for an id", {"type": "subscribe", "id": {"odd": plant("subscribe, odd id")}, "payload": {}}),
        ("no query", {"type": "subscribe", "id": "1", "payload": {"query": {"odd": plant("subscribe, query")}}}),
        (
            "odd variables",
            {"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": plant("subscribe, variables")}},
        ),
        ("a list", [plant("a list for a message")]),
    ):
        yield Conversation(place, (init, text(message)))
    for place, query, variables in (
        ("an unreadable document", f'subscription {{ "{plant("subscribe, unreadable")}', {}),
        ("a literal", f'subscription {{ eventRecorded(after: {{ odd: "{plant("subscribe, literal")}" }}) {{ id }} }}', {}),
        (
            "a variable",
            "subscription ($a: String) { eventRecorded(after: $a) { id } }",
            {"a": {"odd": plant("subscribe, variable")}},
        ),
        ("a cursor", "subscription ($a: String) { eventRecorded(after: $a) { id } }", {"a": plant("subscribe, cursor")}),
        ("an id", "subscription ($a: ID!) { authorizationChanged(id: $a) { id } }", {"a": plant("subscribe, id of nothing")}),
    ):
        message = {"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}}
        yield Conversation(f"subscribe with {place}", (init, text(message)))
    broken = plant("frames").encode()
    yield Conversation("no JSON", (init, frame(_TEXT, b'{"type": "' + broken)))
    yield Conversation("no UTF-8", (init, frame(_TEXT, broken + b"\xff\xfe")))
    yield Conversation("binary", (init, frame(_BINARY, broken)))
    yield Conversation("a reserved opcode", (init, frame(_RESERVED, broken)))
    yield Conversation("reserved bits", (init, frame(_TEXT, broken, bits=0x70)))
    yield Conversation("no mask", (init, frame(_TEXT, broken, is_masked=False)))
    yield Conversation("an odd close", (init, frame(_CLOSE, struct.pack("!H", 1) + broken)))
    yield Conversation("two MiB", (init, frame(_TEXT, broken + b"x" * 2 * 1024 * 1024)))
    for place, path in (
        ("a token in the address", f"/graphql?token={plant('WebSocket address')}"),
        ("a sign-in", f"/sign-in/{plant('WebSocket to /sign-in')}"),
        ("an authorization", f"/authorize/{plant('WebSocket to /authorize')}"),
        ("a callback", f"/callback/slack?code={plant('WebSocket to /callback')}&state={plant('WebSocket to /callback')}"),
    ):
        yield Conversation(place, (init,), path=path, is_refused_before=not path.startswith("/graphql"))
    for name in ("Authorization", "Origin", "Cookie", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
        prefix = {"Origin": "https://", "Cookie": "installed_apps_session=", "Authorization": "Bearer "}.get(name, "")
        odd = (f"{name}: {prefix}{plant(f'WebSocket header {name}')}",)
        yield Conversation(name, (text({"type": "connection_init"}),), headers=odd, is_refused_before=name == "Origin")


async def converse(conversation: Conversation, *, port: int) -> bytes:
    """Send all of it, then a close; return every byte that came back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    named = {line.partition(":")[0].lower() for line in conversation.headers}
    protocol = () if "sec-websocket-protocol" in named else ("Sec-WebSocket-Protocol: graphql-transport-ws",)
    lines = (
        f"GET {conversation.path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *protocol,
        *conversation.headers,
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    received = b""
    async with asyncio.timeout(20):
        received += await reader.readuntil(b"\r\n\r\n")
        if _ACCEPT in received:
            received += await _send(conversation.frames, reader, writer)
        received += await _rest(reader)
    await hang_up(writer)
    return received


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def text(message: object) -> bytes:
    return frame(_TEXT, json.dumps(message).encode())


def frame(opcode: int, payload: bytes, *, bits: int = 0, is_masked: bool = True) -> bytes:
    """Return a frame (RFC 6455, section 5.2); its mask is zero, so that the payload stands in it as it is."""
    mask, length = (0x80, b"\0\0\0\0") if is_masked else (0, b""), len(payload)
    if length < 126:
        size = bytes([mask[0] | length])
    elif length < 1 << 16:
        size = bytes([mask[0] | 126]) + struct.pack("!H", length)
    else:
        size = bytes([mask[0] | 127]) + struct.pack("!Q", length)
    return bytes([0x80 | bits | opcode]) + size + mask[1] + payload


async def _send(frames: Sequence[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    received = b""
    try:
        for sent in frames:
            writer.write(sent)
            await writer.drain()
            received += await _first(reader)
        writer.write(frame(_CLOSE, struct.pack("!H", 1000)))
        await writer.drain()
    except ConnectionError:
        pass
    return received


async def _first(reader: asyncio.StreamReader) -> bytes:
    """Return what comes in answer; nothing where nothing comes within a moment, as to a message that needs no answer."""
    try:
        async with asyncio.timeout(1):
            return await reader.read(1 << 16)
    except (TimeoutError, ConnectionError):
        return b""


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""
