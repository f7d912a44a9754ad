"""A connection as httpcore2 wants one, right on asyncio's transports: the library's own has a second library's layers between.

What is written goes out with the next read: a request's head and body in one piece. How long anything may take, the call says.
What it costs: asyncio keeps 256 KiB for each connection that speaks TLS.
"""

import asyncio
import select
import ssl
from typing import Any, cast

import httpcore2

CONNECT_PATIENCE = 3.0
_MOST_WAITING = 64 * 1024
"""Bytes that may lie here unread before the other side is kept waiting."""

_ASKED_AS = {"client_addr": "sockname", "server_addr": "peername"}
"""What httpcore2 and asyncio call by different names."""


async def dial(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """Connect over TCP to a numeric address, within three seconds."""
    try:
        async with asyncio.timeout(CONNECT_PATIENCE):
            transport, line = await asyncio.get_running_loop().create_connection(_Line, address, port)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout(error) from error
    except OSError as error:
        raise httpcore2.ConnectError(error) from error
    return Stream(transport, line)


class _Line(asyncio.Protocol):
    """What asyncio tells of a connection: what came and is not read yet, whether more comes, whether more may be sent."""

    def __init__(self) -> None:
        self.unread = bytearray()
        self.has_ended = False
        self.error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._is_held = False
        self._news: asyncio.Future[None] | None = None
        self._free = asyncio.Event()
        self._free.set()

    def take_over(self, transport: asyncio.Transport) -> None:
        """Belong to this transport from now on."""
        self._transport = transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.take_over(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) >= _MOST_WAITING and not self._is_held and self._transport is not None:
            self._is_held = True
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        self.has_ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended, self.error = True, exc
        self._free.set()
        self._tell()

    def pause_writing(self) -> None:
        self._free.clear()

    def resume_writing(self) -> None:
        self._free.set()

    async def sent(self) -> None:
        """Return once there is room to send more."""
        if not self._free.is_set():
            await self._free.wait()

    async def next(self, most: int) -> bytes:
        """Return what came, so many bytes at most; nothing once it has ended. Raises the error that it has ended with."""
        while not self.unread and not self.has_ended:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        if not self.unread and self.error is not None:
            raise self.error
        piece = bytes(self.unread[:most])
        del self.unread[:most]
        if self._is_held and len(self.unread) < _MOST_WAITING and self._transport is not None:
            self._is_held = False
            self._transport.resume_reading()
        return piece

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Stream(httpcore2.AsyncNetworkStream):
    """A connection that is open. One reads it at a time."""

    def __init__(self, transport: asyncio.Transport, line: _Line) -> None:
        self._transport = transport
        self._line = line
        self._unsent: list[bytes] = []
        self._look = select.poll()
        self._look.register(transport.get_extra_info("socket"), select.POLLIN)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - the library's signature
        self._send()
        await self._line.sent()
        try:
            return await self._line.next(max_bytes)
        except OSError as error:
            raise httpcore2.ReadError(error) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - as above
        self._unsent.append(buffer)

    async def aclose(self) -> None:
        """Close it at once: nobody waits for what the other side says to that."""
        self._transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
    ) -> httpcore2.AsyncNetworkStream:
        self._send()
        if self._line.unread or self._line.has_ended:  # what came before could pass for what came protected
            self._transport.abort()
            raise httpcore2.ConnectError("it said something, or left, before TLS began")
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self._line, ssl_context, server_hostname=server_hostname)
        except OSError as error:  # what TLS is against is one, too
            self._transport.abort()
            raise httpcore2.ConnectError(error) from error
        except BaseException:
            self._transport.abort()
            raise
        if transport is None:
            raise httpcore2.ConnectError("it left in the handshake")
        self._line.take_over(transport)
        return Stream(transport, self._line)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return bool(self._line.unread) or self._line.has_ended or bool(self._look.poll(0))
        return self._transport.get_extra_info(_ASKED_AS.get(info, info))

    def _send(self) -> None:
        if self._unsent:
            self._transport.write(b"".join(self._unsent))
            self._unsent.clear()
