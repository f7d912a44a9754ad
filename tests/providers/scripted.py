"""A provider that says whatever the test wants, down to the byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.outbound import Outbound, Outcome, Request
from app.providers.contract import Authorized, Client
from app.sealing.secret import Secret
from tests.listening import listening

CLIENT_SECRET = "cs7f3a91bd20e84c6c"
ACCESS_TOKEN = "xoxb-4f1e9a77c0d2b8356e"
REFRESH_TOKEN = "xoxe-1-93ad02c7be51f8644d"
CODE = "code.5d0b7e2a91c4f638"
VERIFIER = "verifier-8c3e6f1a0b9d4725-8c3e6f1a0b9d4725-8c3e"
SECRETS = (CLIENT_SECRET, ACCESS_TOKEN, REFRESH_TOKEN, CODE, VERIFIER)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Wire:
    """An answer as it goes out: `pace` seconds after each byte, then the end: of the connection, or of nothing at all."""

    content: bytes
    pace: float = 0.0
    stays_open: bool = False


Script = Callable[[Asked], Wire]


@dataclass
class ScriptedProvider:
    """A server on 127.0.0.1 and what it was asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self) -> Client:
        return Client(id="client-id", secret=Secret(CLIENT_SECRET), base_url=self.url, origin=self.url)

    def authorized(self) -> Authorized:
        return Authorized(access=Secret(ACCESS_TOKEN), client_id="client-id", base_url=self.url, origin=self.url)


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[ScriptedProvider]:
    """Answer every request as the script says."""
    provider = ScriptedProvider()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read(reader)
        provider.asked.append(asked)
        await _write(writer, script(asked))

    async with listening(answer) as port:
        provider.url = f"http://127.0.0.1:{port}"
        yield provider


class HastyOutbound(Outbound):
    """The real door, forty times as impatient; notes the deadlines that it was given."""

    deadlines: list[float]

    def __init__(self, *, port: int) -> None:
        super().__init__(sandbox=("127.0.0.1", port))
        self.deadlines = []

    async def send(
        self,
        request: Request,
        *,
        origin: str,
        deadline: float = 10.0,
        max_bytes: int = 2 * 1024 * 1024,
        certificates: str | None = None,
    ) -> Outcome:
        self.deadlines.append(deadline)
        return await super().send(request, origin=origin, deadline=deadline / 40, max_bytes=max_bytes, certificates=certificates)


@asynccontextmanager
async def door_to(provider: ScriptedProvider) -> AsyncIterator[Outbound]:
    outbound = Outbound(sandbox=("127.0.0.1", provider.port))
    try:
        yield outbound
    finally:
        await outbound.aclose()


def http(body: object = b"", *, status: int = 200, headers: Mapping[str, str] | None = None) -> Wire:
    """Return an answer: `body` as bytes, or as what goes into JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(content)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in (named | dict(headers or {})).items())]
    return Wire("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, target, _ = first.split(" ")
    return Asked(method=method, target=target, headers=headers, body=body)


async def _write(writer: asyncio.StreamWriter, wire: Wire) -> None:
    if wire.pace:
        for byte in wire.content:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(wire.pace)
    else:
        writer.write(wire.content)
        await writer.drain()
    if wire.stays_open:
        await asyncio.get_running_loop().create_future()
