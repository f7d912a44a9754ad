"""HTTP and WebSockets as uvicorn speaks them, but that whatever cannot be read is answered too: in JSON, and at once."""

from http import HTTPStatus

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request, Response

_NO_HANDSHAKE = "That is no handshake for a WebSocket."


class HttpProtocol(HttpToolsProtocol):
    """A connection, until it becomes a WebSocket."""

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        body = _error(msg)
        head = (
            f"HTTP/1.1 400 {HTTPStatus.BAD_REQUEST.phrase}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A connection that asks to be a WebSocket.

    uvicorn leaves one whose handshake it cannot read (a POST with `Upgrade: websocket`) open and unanswered, and as long as it
    lasts, its shutdown fails and everybody else is cut off.
    """

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.close_sent:
            self._refuse(self.conn.reject(HTTPStatus.BAD_REQUEST, _NO_HANDSHAKE))

    def handle_connect(self, event: Request) -> None:
        """Go on with a handshake. A wrong one is answered without the values in it."""
        response = self.conn.accept(event)  # and once more behind `super`: it keeps nothing but what it answers
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            super().handle_connect(event)
        else:
            self._refuse(response)

    def _refuse(self, response: Response) -> None:
        response.body = _error(_NO_HANDSHAKE)
        for name, value in (("Content-Type", "application/json; charset=utf-8"), ("Content-Length", str(len(response.body)))):
            del response.headers[name]
            response.headers[name] = value
        self.handshake_complete = self.close_sent = True
        self.transport.write(response.serialize())
        self.transport.close()


def _error(words: str) -> bytes:
    return orjson.dumps({"errors": [{"message": words, "extensions": {"code": "BAD_USER_INPUT"}}]})
