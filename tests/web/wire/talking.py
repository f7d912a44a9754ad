"""A small application behind real connections, on which a test says every byte itself."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send

from app.web.wire.http_connection import HttpConnection
from app.web.wire.websocket_connection import WebSocketConnection
from tests.servers import run_server

GET = "GET / HTTP/1.1\r\nHost: x\r\n"
POST = "POST / HTTP/1.1\r\nHost: x\r\n"


@dataclass(frozen=True)
class Answer:
    """One answer of those that came over a connection."""

    status: int
    headers: dict[str, str]
    body: Any


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked: the address, the header lines, and how long the body was."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    told = json.dumps({"path": scope["path"], "lines": len(scope["headers"]), "body": size}).encode()
    length = (b"content-length", str(len(told)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": told})


async def refuse_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer before any of the body has come."""
    del scope, receive
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def answer_slowly(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.5)
    await tell(scope, receive, send)


@contextmanager
def served(app: Any = tell, **options: Any) -> Iterator[tuple[str, int]]:
    """Serve the application; `options` are the connection's. Yield where."""
    with run_server(app, http=partial(HttpConnection, **options), ws=WebSocketConnection, lifespan="off") as url:
        host, port = url.removeprefix("http://").split(":")
        yield host, int(port)


def said(connection: socket.socket, *pieces: str | bytes) -> list[Answer]:
    """Send the pieces, and return what is answered until the server closes."""
    for piece in pieces:
        try:
            connection.sendall(piece.encode("latin-1") if isinstance(piece, str) else piece)
        except (BrokenPipeError, ConnectionResetError):  # it has closed, and said why
            break
    return answers(heard(connection))


def heard(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionResetError:
        pass
    return received


def answers(received: bytes) -> list[Answer]:
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers["content-length"])
        found.append(Answer(int(first.split()[1]), headers, json.loads(rest[:length])))
        received = rest[length:]
    return found


@contextmanager
def talking(place: tuple[str, int], *, seconds: float = 20) -> Iterator[socket.socket]:
    with socket.create_connection(place, timeout=seconds) as connection:
        yield connection
