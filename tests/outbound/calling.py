"""Calls through the door, and the servers that tests let them reach."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.outbound import (
    Outbound,
    Request,
)
from tests.wires import Script, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PUBLIC = "52.216.0.1"


@asynccontextmanager
async def opened(**seams: Any) -> AsyncIterator[Outbound]:
    outbound = Outbound(**seams)
    try:
        yield outbound
    finally:
        await outbound.aclose()


async def call(script: bytes | Script, **limits: Any) -> object:
    async with serving(script) as server, opened(sandbox=("127.0.0.1", server.port)) as outbound:
        return await outbound.send(Request("GET", f"{server.origin}/"), origin=server.origin, **limits)


async def silence(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()
