"""Bombs thrown at the view: over HTTP by POST and GET, and over a socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette

from app.graphql.execution.schema import Schema
from app.graphql.transport.view import View
from app.service.schema import build_schema
from tests.graphql.tiny import World

Answer = Callable[[Starlette], Awaitable[tuple[int, str]]]

_PIECE = 64 * 1024
_LAST = ('{"type":"complete"', '{"type":"error"')
_JSON_HEADERS = [(b"authorization", b"Bearer good"), (b"content-type", b"application/json")]


@cache
def schema() -> Schema:
    return build_schema()


def make_app() -> Starlette:
    world = World()
    view = View(schema(), authenticate=world.authenticate, services=world.services, until=world.until)
    return Starlette(routes=view.routes())


async def post(app: Starlette, body: bytes) -> tuple[int, str]:
    """Return the status and the body of the answer."""
    pieces = iter([body[start : start + _PIECE] for start in range(0, len(body), _PIECE)])

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return await exchange(app, "POST", b"", receive)


async def get(app: Starlette, document: str) -> tuple[int, str]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    return await exchange(app, "GET", b"query=" + quote(document).encode(), receive)


async def exchange(app: Starlette, method: str, query: bytes, receive: Any) -> tuple[int, str]:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/graphql", "query_string": query, "headers": _JSON_HEADERS}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent).decode()


async def converse(app: Starlette, text: str) -> tuple[int, str]:
    """Send one message over a socket that is signed in; return the close code, 0 where it stays open, and what was answered."""
    init = {"type": "connection_init", "payload": {"authorization": "Bearer good"}}
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "websocket.connect"})
    for each in (json.dumps(init), text):
        incoming.put_nowait({"type": "websocket.receive", "text": each})
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("text", "").startswith(_LAST):
            incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": ["graphql-transport-ws"]}
    await app(scope, incoming.get, send)
    return sent[-1].get("code", 0), "".join(message.get("text", "") for message in sent)
