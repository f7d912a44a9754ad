"""The bodies of requests, bounded in size and in time, whatever their headers say."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

READ_SECONDS = 10.0

_DIGITS = 18
_CLOSE = {"Connection": "close"}


@dataclass(frozen=True)
class NotRead:
    """Why the body was not read to its end; `status` and `headers` are the answer's."""

    status: int
    message: str
    headers: dict[str, str]


async def read_body(request: Request, *, most: int, within: float = READ_SECONDS) -> bytes | NotRead:
    """Return the body, of `most` bytes at most, which has to arrive `within` so many seconds: 413, 408.

    No more than that is ever held. Raises ClientDisconnect.
    """
    too_large = NotRead(413, f"The body is larger than {most:,} bytes.", {})
    if _says_length(request) > most:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(within):
            has_more = True
            while has_more:
                piece, has_more = await _receive(request)
                body += piece
                if len(body) > most:
                    return too_large
    except TimeoutError:
        # Closed, or it could go on sending byte by byte into nothing.
        return NotRead(408, "The body took too long to arrive.", _CLOSE)
    return bytes(body)


async def _receive(request: Request) -> tuple[bytes, bool]:
    """Return the next piece of the body, and whether there are more: an asynchronous generator would cost as much as the rest."""
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _says_length(request: Request) -> int:
    said = request.headers.get("content-length", "")
    return int(said[:_DIGITS]) if said.isascii() and said.isdigit() else 0
