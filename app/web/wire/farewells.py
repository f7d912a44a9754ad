"""The end of a connection whose client is still sending: closed at once, its last answer might be lost (RFC 9112, 9.6)."""

import asyncio

LEAVE_SECONDS = 2.0
MOST_DISCARDED = 4 * 1024 * 1024


class Farewell(asyncio.Protocol):
    """Takes a connection over: says the last words, and lets the client read them while what it still sends is thrown away.

    That lasts until the client closes, two seconds, or 4 MiB. Then `left`, whose connection it was, is told that it is lost.
    """

    def __init__(self, left: asyncio.Protocol, *, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._left = left
        self._transport = transport
        self._discarded = 0
        self.end = loop.call_later(LEAVE_SECONDS, transport.abort)

    def say(self, message: bytes) -> None:
        self._transport.set_protocol(self)
        self._transport.write(message)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > MOST_DISCARDED:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.end.cancel()
        self._left.connection_lost(exc)
