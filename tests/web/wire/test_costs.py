"""Twice as much of anything takes at most twice as long, and no turn of the loop is long, whoever sends what."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Receive, Scope, Send
from websockets.frames import BINARY, CLOSE as CLOSE_OPCODE, CONT, PING, PONG, TEXT

from app.web.wire.places import Places
from app.web.wire.request_bounds import LARGEST_HEAD
from tests.slowness import slowness
from tests.web.wire.talking import GET, POST, heard, said, served, talking
from tests.web.wire.test_floods import HANDSHAKE, echo, frame

pytestmark = pytest.mark.endurance

CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = HANDSHAKE[:-2].decode()

KIB = 1024
MUCH = 256 * KIB
SECONDS = 0.05
LITTLE = 0.01
NOISE = 1.5
TRIES = 3

LAST = f"{GET}Connection: close\r\n\r\n"
CLOSE = frame(CLOSE_OPCODE, b"\x03\xe8")

HEADS: dict[str, Callable[[int], str]] = {
    "an address": lambda size: f"GET /{'a' * size} HTTP/1.1\r\n\r\n",
    "percents": lambda size: f"GET /{'%41' * (size // 3)} HTTP/1.1\r\n\r\n",
    "parameters": lambda size: f"GET /?{'a=&' * (size // 3)} HTTP/1.1\r\n\r\n",
    "a line": lambda size: f"{GET}Cookie: {'a' * size}\r\n\r\n",
    "a name": lambda size: f"{GET}{'a' * size}: b\r\n\r\n",
    "lines": lambda size: GET + "a:\r\n" * (size // 4) + "\r\n",
    "empty lines": lambda size: "\r\n" * (size // 2) + f"{GET}\r\n",
    "spaces": lambda size: f"{GET}a:{' ' * size}b\r\n\r\n",
    "a method": lambda size: "A" * size,
    "options of a connection": lambda size: f"{GET}Connection: {'a,' * (size // 2)}\r\n\r\n",
    "options of a handshake": lambda size: UPGRADE.replace("Upgrade\r\n", f"Upgrade,{'a,' * (size // 2)}a\r\n", 1) + "\r\n",
    "protocols of a handshake": lambda size: f"{UPGRADE}Sec-WebSocket-Protocol: {'a,' * (size // 2)}a\r\n\r\n",
    "extensions of a handshake": lambda size: f"{UPGRADE}Sec-WebSocket-Extensions: {'a;b,' * (size // 4)}a\r\n\r\n",
    "a key of a handshake": lambda size: UPGRADE.replace("dGhl", "dGhl" * (size // 4)) + "\r\n",
    "an origin of a handshake": lambda size: f"{UPGRADE}Origin: {'a' * size}\r\n\r\n",
}
BODIES: dict[str, Callable[[int], str]] = {
    "a body": lambda size: f"{POST}Content-Length: {size}\r\n\r\n{'a' * size}",
    "chunks of one byte": lambda size: CHUNKED + "1\r\na\r\n" * (size // 6) + "0\r\n\r\n",
    "one chunk": lambda size: f"{CHUNKED}{size:x}\r\n{'a' * size}\r\n0\r\n\r\n",
    "an extension of a chunk": lambda size: f"{CHUNKED}1;{'a' * size}\r\na\r\n0\r\n\r\n",
    "trailers": lambda size: f"{CHUNKED}0\r\n" + "a:\r\n" * (size // 4) + "\r\n",
    "requests at once": lambda size: "GET / HTTP/1.1\r\n\r\n" * (size // 18),
    "requests with bodies at once": lambda size: "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\na" * (size // 38),
    "nonsense behind a request": lambda size: f"{GET}\r\n" + "x" * size,
}
FRAMES: dict[str, Callable[[int], bytes]] = {
    "pings": lambda size: frame(PING) * (size // 6),
    "full pings": lambda size: frame(PING, bytes(125)) * (size // 131),
    "pongs": lambda size: frame(PONG) * (size // 6),
    "empty messages": lambda size: frame(BINARY) * (size // 6),
    "messages of one letter": lambda size: frame(TEXT, b"a") * (size // 7),
    "messages of one kibibyte": lambda size: frame(TEXT, bytes(KIB)) * (size // KIB),
    "messages of thirty kibibytes": lambda size: frame(TEXT, bytes(30 * KIB)) * (size // (30 * KIB)),
    "a large message": lambda size: frame(BINARY, bytes(size)),
    "fragments of one byte": lambda size: frame(TEXT, b"a", fin=False) + frame(CONT, b"a", fin=False) * (size // 7),
    "empty fragments": lambda size: frame(TEXT, fin=False) + frame(CONT, fin=False) * (size // 6),
    "messages of fragments": lambda size: (frame(TEXT, b"a", fin=False) + frame(CONT, b"a")) * (size // 14),
    "nonsense": lambda size: b"\xff" * size,
}


class Watched:
    """`echo`, which also tells how much CPU the server's thread has taken, and in which turn of the loop most."""

    def __init__(self, *, looks: bool) -> None:
        self._looks = looks
        self._last: float | None = None
        self._longest = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/taken":
            await echo(scope, receive, send)
            return
        if self._looks and self._last is None:
            self._look()
        told = json.dumps({"seconds": time.thread_time(), "longest": self._longest}).encode()
        self._longest = 0.0
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]})
        await send({"type": "http.response.body", "body": told})

    def _look(self) -> None:
        """Be called once in each turn."""
        now = time.thread_time()
        if self._last is not None:
            self._longest = max(self._longest, now - self._last)
        self._last = now
        asyncio.get_running_loop().call_soon(self._look)


class Server:
    """Where it is, and what it has taken."""

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place

    def taken(self) -> dict[str, float]:
        with talking(self._place) as connection:
            [answer] = said(connection, LAST.replace("/", "/taken", 1))
        return dict(answer.body)

    def send(self, sent: bytes) -> None:
        """Send it, hear whatever is answered, and come to an end."""
        with talking(self._place) as connection, ThreadPoolExecutor(1) as thread:
            sending = thread.submit(send_all, connection, sent)
            heard(connection)
            sending.result()

    def seconds(self, sent: bytes) -> float:
        """Return the least CPU that it takes, of a few tries."""
        tries = []
        for _ in range(TRIES):
            before = self.taken()["seconds"]
            self.send(sent)
            tries.append(self.taken()["seconds"] - before)
        return min(tries)


def send_all(connection: socket.socket, sent: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(sent)


@contextlib.contextmanager
def watched(*, looks: bool = False) -> Iterator[Server]:
    with served(Watched(looks=looks), places=Places(0)) as place:
        yield Server(place)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with watched() as running:
        yield running


@pytest.fixture(scope="module")
def looking() -> Iterator[Server]:
    with watched(looks=True) as running:
        running.taken()
        yield running


def head(way: str, size: int) -> bytes:
    return (HEADS[way](size) + LAST).encode()


def bytes_of(way: str, size: int) -> bytes:
    return (BODIES[way](size) + LAST).encode() if way in BODIES else HANDSHAKE + FRAMES[way](size) + CLOSE


@pytest.mark.parametrize("way", HEADS)
def test_no_head_of_the_allowed_size_takes_long(server: Server, way: str) -> None:
    half, whole = (server.seconds(head(way, size)) for size in (LARGEST_HEAD // 2 - KIB, LARGEST_HEAD - 2 * KIB))

    assert whole < SECONDS * slowness()
    assert whole < 2 * NOISE * half + LITTLE


@pytest.mark.parametrize("way", HEADS)
def test_a_head_beyond_that_takes_no_longer_the_larger_it_is(server: Server, way: str) -> None:
    some, much = (server.seconds(head(way, size)) for size in (MUCH, 2 * MUCH))

    assert much < SECONDS * slowness()
    assert much < 2 * NOISE * some + LITTLE


@pytest.mark.parametrize("way", [*BODIES, *FRAMES])
def test_twice_as_much_takes_at_most_twice_as_long(server: Server, way: str) -> None:
    some, much = (server.seconds(bytes_of(way, size)) for size in (MUCH // 2, MUCH))

    assert much < 2 * NOISE * some + LITTLE


@pytest.mark.parametrize("way", [*BODIES, *FRAMES])
def test_no_turn_of_the_loop_is_long_for_what_is_sent(looking: Server, way: str) -> None:
    sent = bytes_of(way, MUCH // 16)
    longest = list[float]()
    while not longest or (min(longest) >= SECONDS and len(longest) < TRIES):
        looking.taken()
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(looking.send, [sent] * 4))
        longest.append(looking.taken()["longest"])

    assert min(longest) < SECONDS * slowness()
