"""The opening handshake of a WebSocket (RFC 6455, 4.1), out of a request that has been read once already."""

from collections.abc import Iterator
from dataclasses import dataclass

from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request


@dataclass(frozen=True)
class Handshake:
    """The request for a WebSocket: its names are in small letters, and its `target` is as it came."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]

    @property
    def protocols(self) -> list[str]:
        """The subprotocols that the client offers."""
        return [name.strip() for value in self._values(b"sec-websocket-protocol") for name in value.decode("latin-1").split(",")]

    @property
    def request(self) -> Request | None:
        """The same as the library's own; None where it cannot be one: it has a body, or what belongs in no head."""
        if any(self._values(b"transfer-encoding")) or not {*self._values(b"content-length")} <= {b"0"}:
            return None
        try:
            lines = Headers([(name.decode("ascii"), value.decode("latin-1")) for name, value in self.headers])
            return Request(self.target.decode("ascii"), lines, self.method)
        except (InvalidHandshake, UnicodeDecodeError):
            return None

    def _values(self, wanted: bytes) -> Iterator[bytes]:
        return (value for name, value in self.headers if name == wanted)
