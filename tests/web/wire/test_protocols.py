"""What is no HTTP and no handshake, sent byte for byte to real servers."""

import contextlib
import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.web.wire.http_connection import HttpConnection
from app.web.wire.websocket_connection import WebSocketConnection
from tests.processes import serving
from tests.servers import run_server

POST = "POST /graphql HTTP/1.1\r\nHost: x\r\n"
UPGRADE = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
VALUE = "planted-value"

UNREADABLE = {
    "no HTTP": f"{VALUE}\r\n\r\n",
    "no such method": "BREW /graphql HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": "post /graphql HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": f"{POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "a length and chunks": f"{POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": f"{POST}Transfer-Encoding: chunked\r\n\r\n{VALUE}\r\n",
    "letters beyond ASCII in the address": "GET /graphql?query=é HTTP/1.1\r\nHost: x\r\n\r\n",
}
NO_HANDSHAKES = {
    "a POST": f"POST /graphql HTTP/1.1\r\n{UPGRADE}Content-Length: 0\r\n\r\n",
    "a POST with a body": f"POST /graphql HTTP/1.1\r\n{UPGRADE}Content-Length: 2\r\n\r\n{{}}",
    "a GET with a body": f"GET /graphql HTTP/1.1\r\n{UPGRADE}Content-Length: 2\r\n\r\n{{}}",
    "more headers than anybody has": f"GET /graphql HTTP/1.1\r\n{UPGRADE}" + "X: y\r\n" * 200 + "\r\n",
    "a long header": f"GET /graphql HTTP/1.1\r\n{UPGRADE}X: {'y' * 20_000}\r\n\r\n",
    "no key": f"GET /graphql HTTP/1.1\r\n{UPGRADE}Sec-WebSocket-Version: 13\r\n\r\n",
    "a key that is none": f"GET /graphql HTTP/1.1\r\n{UPGRADE}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {VALUE}\r\n\r\n",
    "another version": f"GET /graphql HTTP/1.1\r\n{UPGRADE}Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: {'A' * 22}==\r\n\r\n",
}


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer no request: nothing of what is sent here is one."""
    del receive, send
    raise AssertionError(scope)


def send(url: str, text: str) -> tuple[int, dict[str, str], Any]:
    """Send the text and return status, headers and body of the answer, once the server has closed the connection."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(text.encode("latin-1"))
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize("text", [*UNREADABLE.values(), *NO_HANDSHAKES.values()], ids=[*UNREADABLE, *NO_HANDSHAKES])
def test_what_cannot_be_read_is_answered_in_json_at_once_and_without_its_values(text: str) -> None:
    with run_server(nobody, http=HttpConnection, ws=WebSocketConnection, lifespan="off") as url:
        status, headers, body = send(url, text)

    assert status in {400, 405, 426, 431}
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["connection"].lower() == "close"
    assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert VALUE not in str(body)


@pytest.mark.processes
async def test_a_server_ends_in_good_order_though_somebody_keeps_what_is_no_handshake_open(tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'kept.sqlite3'}"

    async with serving(tmp_path, database_url=database_url) as service:
        with socket.create_connection(("127.0.0.1", service.port)) as kept:
            kept.settimeout(2)
            kept.sendall(NO_HANDSHAKES["a POST with a body"].encode())
            with contextlib.suppress(TimeoutError):
                kept.recv(1)
            service.tell(signal.SIGTERM)
            assert service.process is not None
            code = service.process.wait(30)

    assert code == 0
    assert "Traceback" not in service.log.read_text()
