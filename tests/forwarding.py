"""A proxy of the test's own: it opens a way to a server when asked by CONNECT, and knows names that nobody else knows."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpcore2

from app.outbound.streams import dial
from tests.listening import listening

OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
NOT_KNOWN = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
WHO = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n'


@dataclass
class ForwardProxy:
    """`ways` are the ports of 127.0.0.1 that stand for `host:port`; `asked` is what it was asked for, in order."""

    ways: Mapping[str, int]
    login: str | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    opened: int = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}"

    def answer(self, head: bytes) -> tuple[bytes, int]:
        """Return what it says to the request, and the port that the way leads to; 0: none."""
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.heads.append(head)
        self.asked.append(f"{method} {target}" if method != "CONNECT" else target)
        if self.login is not None and _login_of(head) != self.login:
            return WHO, 0
        port = self.ways.get(target, 0) if method == "CONNECT" else 0
        return (OPENED, port) if port else (NOT_KNOWN, 0)


@asynccontextmanager
async def forwarding(ways: Mapping[str, int], *, login: str | None = None) -> AsyncIterator[ForwardProxy]:
    """Run the proxy, which asks for `login` ("user:password") where one is given."""
    proxy = ForwardProxy(ways, login)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said, port = proxy.answer(await reader.readuntil(b"\r\n\r\n"))
        if port:
            there = await asyncio.open_connection("127.0.0.1", port)
            proxy.opened += 1
            writer.write(said)
            await _join((reader, writer), there)
        else:
            writer.write(said)
            await writer.drain()

    async with listening(answer) as proxy.port:
        yield proxy


class Book:
    """A resolver that knows the names given, and says of all others that there are none."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._names = names

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del port
        if host not in self._names:
            raise OSError("Name or service not known")
        return self._names[host]


class Map:
    """Connects as usual, but to the ports of 127.0.0.1 that stand for others' addresses; `connects` are all of them."""

    def __init__(self, ports: Mapping[str, int] | None = None) -> None:
        self._ports = ports or {}
        self.connects: list[str] = []

    async def __call__(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.connects.append(f"{address}:{port}")
        return await dial("127.0.0.1" if address in self._ports else address, self._ports.get(address, port))


def _login_of(head: bytes) -> str | None:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b": ")
        if name.lower() == b"proxy-authorization":
            return base64.b64decode(value.removeprefix(b"Basic ")).decode()
    return None


_Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _join(here: _Pair, there: _Pair) -> None:
    """Carry bytes both ways until either end has no more."""
    ways = [asyncio.ensure_future(_carry(here[0], there[1])), asyncio.ensure_future(_carry(there[0], here[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        there[1].close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()
