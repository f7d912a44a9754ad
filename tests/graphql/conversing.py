"""A server of the tests' own schema, and WebSockets to it, message by message."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.graphql.tiny import World

PROTOCOL = Subprotocol("graphql-transport-ws")
LARGEST_MESSAGE = 1024 * 1024  # as the service has it
INIT = {"type": "connection_init", "payload": {"authorization": "Bearer good"}}


@asynccontextmanager
async def serving(world: World, **options: Any) -> AsyncGenerator[str, None]:
    """A server in this event loop, so that the world's events can be waited for."""
    app = Starlette(routes=world.view(**options).routes())
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="websockets-sansio", ws_max_size=LARGEST_MESSAGE)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}/graphql"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def opened(address: str, **options: Any) -> AsyncGenerator[ClientConnection, None]:
    async with asyncio.timeout(10), connect(address, subprotocols=[PROTOCOL], **options) as socket:
        yield socket


@asynccontextmanager
async def ready(address: str, **options: Any) -> AsyncGenerator[ClientConnection, None]:
    async with opened(address, **options) as socket:
        await send(socket, INIT)
        assert await receive(socket) == {"type": "connection_ack"}
        yield socket


async def send(socket: ClientConnection, message: object) -> None:
    await socket.send(json.dumps(message))


async def receive(socket: ClientConnection) -> Any:
    return json.loads(await socket.recv())


async def close_code(socket: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code


def subscribe(query: str, id: str = "1", **more: object) -> dict[str, object]:
    return {"type": "subscribe", "id": id, "payload": {"query": query, **more}}
