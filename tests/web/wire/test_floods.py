"""Clients that send without end, or do not read: they come to an end themselves, and nobody else waits for them."""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send
from websockets.frames import BINARY, CONT, PING, PONG, TEXT, Frame, Opcode
from websockets.sync.client import connect

from app.web.wire.frames import CONTROLS_AT_ONCE, MOST_FRAGMENTS
from app.web.wire.websocket_connection import LARGEST_OF_A_STRANGER
from tests.web.wire.talking import GET, served, talking, tell

MUCH = 16 * 1024 * 1024
HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(opcode: Opcode, payload: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each message of a WebSocket back; tell what a request was."""
    if scope["type"] != "websocket":
        await tell(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": str(len(message.get("text") or message["bytes"]))})


@contextlib.contextmanager
def socket_to(place: tuple[str, int]) -> Iterator[socket.socket]:
    with talking(place) as connection:
        connection.sendall(HANDSHAKE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101")
        yield connection


def close_of(connection: socket.socket, *sent: bytes) -> tuple[int, str]:
    """Send all of it, and return the code and the reason of the close that comes, behind whatever else."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for piece in sent:
            connection.sendall(piece)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            received += part
    while received and received[0] != 0x88:
        received = received[2 + received[1] :]
    assert received, "no close came"
    payload = received[2 : 2 + received[1]]
    return struct.unpack("!H", payload[:2])[0], payload[2:].decode()


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, int]]:
    with served(echo) as where:
        yield where


ENDED = {
    "pings": (frame(PING) * 700_000, 1008),
    "full pings": (frame(PING, bytes(125)) * 30_000, 1008),
    "pongs": (frame(PONG) * 700_000, 1008),
    "pings between fragments": (frame(TEXT, b"a", fin=False) + (frame(CONT, b"a", fin=False) + frame(PING)) * 300_000, 1008),
    "fragments": (frame(TEXT, b"a", fin=False) + frame(CONT, b"a", fin=False) * 500_000, 1008),
    "empty fragments": (frame(TEXT, fin=False) + frame(CONT, fin=False) * 700_000, 1008),
    "a large frame": (frame(BINARY, bytes(LARGEST_OF_A_STRANGER + 1)), 1009),
    "a large message of fragments": (
        frame(TEXT, bytes(1000), fin=False) + frame(CONT, bytes(1000), fin=False) * (LARGEST_OF_A_STRANGER // 1000),
        1009,
    ),
    "a frame whose length is a lie": (struct.pack("!BBQ", 0x81, 0xFF, 2**62) + bytes(4), 1009),
    "reserved frames": (b"\x8b\x80" + bytes(4), 1002),
}


@pytest.mark.parametrize(("sent", "code"), ENDED.values(), ids=ENDED)
def test_who_sends_without_end_is_told_why_it_ends(place: tuple[str, int], sent: bytes, code: int) -> None:
    with socket_to(place) as connection:
        assert close_of(connection, sent)[0] == code


def test_as_much_as_is_allowed_is_answered(place: tuple[str, int]) -> None:
    fragments = frame(TEXT, fin=False) + frame(CONT, b"ab", fin=False) * (MOST_FRAGMENTS - 2) + frame(CONT)
    with socket_to(place) as connection:
        connection.sendall(frame(PING) * CONTROLS_AT_ONCE + fragments + frame(BINARY, bytes(LARGEST_OF_A_STRANGER)))
        expected = b"\x8a\x00" * CONTROLS_AT_ONCE + b"\x81\x042044" + b"\x81\x0532768"
        received = b""
        while len(received) < len(expected):
            received += connection.recv(65_536)

    assert received == expected


def test_many_messages_at_once_are_answered_each_in_order(place: tuple[str, int]) -> None:
    sent = b"".join(frame(BINARY, bytes(size % 100)) for size in range(5_000))
    with connect(f"ws://{place[0]}:{place[1]}/echo", compression=None) as client:
        client.socket.sendall(sent)
        answers = [client.recv() for _ in range(5_000)]

    assert answers == [str(size % 100) for size in range(5_000)]


async def answer_much(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with more than any buffer of a kernel holds, in one piece; over a WebSocket with one message each time."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": bytes(MUCH)})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(MUCH).encode())]})
    await send({"type": "http.response.body", "body": bytes(MUCH)})


@pytest.mark.parametrize(
    "sent",
    [f"{GET}\r\n".encode(), f"{GET}Connection: close\r\n\r\n".encode(), HANDSHAKE + frame(TEXT) * 10],
    ids=["a request", "the last request", "a WebSocket"],
)
def test_who_reads_nothing_is_cut_off(sent: bytes) -> None:
    with served(answer_much, patience=1.0) as place, talking(place) as connection:
        connection.sendall(sent)
        assert ends_unread(connection)


@pytest.mark.parametrize("ending", ["", "Connection: close\r\n"])
def test_who_reads_slowly_gets_everything(ending: str) -> None:
    with served(answer_much, patience=1.0) as place, talking(place) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.sendall(f"{GET}{ending}\r\n".encode())
        received = 0
        while received < MUCH and (piece := connection.recv(1 << 20)):
            received += len(piece)
            time.sleep(0.02)

    assert received > MUCH


def ends_unread(connection: socket.socket) -> bool:
    """Wait, reading nothing, until the connection has been reset."""
    poll = select.poll()
    poll.register(connection, select.POLLERR | select.POLLHUP)
    return poll.poll(10_000) != []


def test_a_handshake_behind_a_request_that_is_still_answered_becomes_a_socket(place: tuple[str, int]) -> None:
    with talking(place) as connection:
        connection.sendall(f"{GET}\r\n".encode() + HANDSHAKE)
        received = b""
        while b"\r\n\r\n" not in received.partition(b"HTTP/1.1 101")[2]:
            received += connection.recv(65_536)
        connection.sendall(frame(TEXT, b"abc"))

        assert connection.recv(65_536) == b"\x81\x013"
