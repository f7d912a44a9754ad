"""The handshake of a WebSocket is read once, and the application is told of it as by uvicorn, which reads it twice."""

import queue
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from websockets.sync.client import connect

from app.web.wire.http_connection import HttpConnection
from app.web.wire.websocket_connection import WebSocketConnection
from tests.servers import run_server
from tests.web.wire.talking import heard, served, talking
from tests.web.wire.test_floods import echo

KEY = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
UPGRADE = f"Host: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n{KEY}"

HANDSHAKES = {
    "a plain one": f"GET /echo HTTP/1.1\r\n{UPGRADE}\r\n",
    "an address with everything": f"GET /a%20b%2Fc/%C3%A9?x=%41&y=%E9&z=? HTTP/1.1\r\n{UPGRADE}\r\n",
    "a whole address": f"GET http://x/echo?a HTTP/1.1\r\n{UPGRADE}\r\n",
    "subprotocols": f"GET / HTTP/1.1\r\n{UPGRADE}Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n\r\n",
    "names in many letters, and a value twice": f"GET / HTTP/1.1\r\n{UPGRADE}X-Y: 1\r\nx-y:  2 \r\nEmpty:\r\n\r\n",
    "letters beyond ASCII": f"GET / HTTP/1.1\r\n{UPGRADE}X: \xe9\xff\r\n\r\n",
    "no body": f"GET / HTTP/1.1\r\n{UPGRADE}Content-Length: 0\r\n\r\n",
}
WITH_BODIES = {
    "a length": f"GET / HTTP/1.1\r\n{UPGRADE}Content-Length: 2\r\n\r\n{{}}",
    "chunks": f"GET / HTTP/1.1\r\n{UPGRADE}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


def told_of(handshake: str, **protocols: Any) -> dict[str, Any]:
    """Return the scope that an application is given."""
    scopes: queue.Queue[dict[str, Any]] = queue.Queue()

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.put(dict(scope))
        await echo(scope, receive, send)

    with run_server(note, lifespan="off", root_path="/root", **protocols) as url:
        host, port = url.removeprefix("http://").split(":")
        with talking((host, int(port))) as connection:
            connection.sendall(handshake.encode("latin-1"))
            assert connection.recv(65_536).startswith(b"HTTP/1.1 101")
    return scopes.get_nowait()


@pytest.mark.parametrize("handshake", HANDSHAKES.values(), ids=HANDSHAKES)
def test_the_application_is_told_of_a_handshake_as_by_uvicorn(handshake: str) -> None:
    by_uvicorn = told_of(handshake, http="httptools")
    told = told_of(handshake, http=HttpConnection, ws=WebSocketConnection)

    of_the_connection = {"client", "server", "state"}
    assert told.keys() == by_uvicorn.keys()
    assert {name: told[name] for name in told.keys() - of_the_connection} == {
        name: by_uvicorn[name] for name in told.keys() - of_the_connection
    }
    assert told["client"][0] == by_uvicorn["client"][0]


@pytest.mark.parametrize("handshake", WITH_BODIES.values(), ids=WITH_BODIES)
def test_a_handshake_with_a_body_is_none(handshake: str) -> None:
    with served(echo) as place, talking(place) as connection:
        connection.sendall(handshake.encode())

        assert heard(connection).startswith(b"HTTP/1.1 400 ")


def test_what_was_agreed_in_the_handshake_holds_for_the_frames_behind_it() -> None:
    with served(echo) as (host, port), connect(f"ws://{host}:{port}/echo", compression="deflate") as client:
        client.send("a" * 20_000)

        assert client.protocol.extensions
        assert client.recv() == "20000"
