"""The way through a proxy to a server, which it opens when asked by CONNECT.

Nothing is sent through a way before TLS has shown who is at its end, so a proxy, or what it takes a name for, learns no more
than the name.
"""

import asyncio
import base64
from typing import Protocol

import httpcore2

from app.outbound.proxies import Proxy, authority_of
from app.sealing.secret import to_bytes

LONGEST_HEAD = 16 * 1024
PATIENCE = 5.0

_PIECE = 4096
_BEGINNING = b"HTTP/1."
_END = b"\r\n\r\n"
_VERSIONS = frozenset({b"HTTP/1.0", b"HTTP/1.1"})
_STATUS_DIGITS = 3
_ASKS_WHO = 407
_WHO_IS_THIS = 401
_NOT_LET = frozenset({_WHO_IS_THIS, 403, 405})
_BEHIND_IT = frozenset({500, 502, 503, 504})


class Stream(Protocol):
    """The part of a connection that a tunnel needs."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...  # noqa: ASYNC109 - httpcore2's signature
    async def write(self, buffer: bytes, timeout: float | None = None) -> None: ...  # noqa: ASYNC109 - as above


class NoWay(Exception):
    """The proxy opened no way. `message` is for a person; `answers` is whether it works, but not for this server."""

    def __init__(self, message: str, *, answers: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.answers = answers


async def open_way(stream: Stream, *, proxy: Proxy, host: str, port: int, patience: float = PATIENCE) -> None:
    """Have the proxy at the other end of the stream open a way to the server: from then on the stream leads there.

    Raises NoWay where it does not within `patience` seconds.
    """
    there = authority_of(host, port)
    try:
        async with asyncio.timeout(patience):
            await stream.write(_ask(there, proxy))
            head, surplus = await _read_head(stream, proxy)
    except TimeoutError:
        raise NoWay(f"the proxy at {proxy.place} gave no answer within {patience:.2g} seconds") from None
    except (httpcore2.NetworkError, httpcore2.TimeoutException, OSError):
        raise NoWay(f"the proxy at {proxy.place} broke the connection off") from None
    status = _status_of(head)
    if status is None or (_is_success(status) and surplus):
        raise _no_proxy(proxy)
    if not _is_success(status):
        raise _refusal(status, head, proxy=proxy, there=there)


def _ask(there: str, proxy: Proxy) -> bytes:
    lines = [f"CONNECT {there} HTTP/1.1", f"Host: {there}", "User-Agent: installed-apps"]
    if proxy.user is not None:
        pair = base64.b64encode(proxy.user.encode() + b":" + to_bytes(proxy.password)).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _read_head(stream: Stream, proxy: Proxy) -> tuple[bytes, bytes]:
    """Return the head of the answer, and what came behind it."""
    read = bytearray()
    while _END not in read:
        piece = await stream.read(_PIECE)
        if not piece:
            raise NoWay(f"the proxy at {proxy.place} closed the connection without a whole answer")
        read += piece
        if not read.startswith(_BEGINNING[: len(read)]):
            raise _no_proxy(proxy)
        if len(read) > LONGEST_HEAD:
            raise NoWay(f"the proxy at {proxy.place} answered with a head of more than {LONGEST_HEAD} bytes")
    head, _, surplus = bytes(read).partition(_END)
    return head, surplus


def _status_of(head: bytes) -> int | None:
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    status = rest.partition(b" ")[0]
    return int(status) if version in _VERSIONS and len(status) == _STATUS_DIGITS and status.isdigit() else None


def _is_success(status: int) -> bool:
    return status // 100 == 2  # noqa: PLR2004 - HTTP's class of successes


def _refusal(status: int, head: bytes, *, proxy: Proxy, there: str) -> NoWay:
    if status == _ASKS_WHO:
        return NoWay(f"the proxy at {proxy.place} {_wish(head, proxy)}")
    if status == _WHO_IS_THIS and proxy.user is not None:  # tinyproxy says so of a wrong password
        may = f"or lets no call go to {there} (HTTP {status})"
        return NoWay(f"the proxy at {proxy.place} does not take the user and the password that it is told, {may}")
    if status in _NOT_LET:
        return NoWay(f"the proxy at {proxy.place} lets no call go to {there} (HTTP {status})", answers=True)
    if status in _BEHIND_IT:
        return NoWay(f"the proxy at {proxy.place} cannot reach {there} (HTTP {status})", answers=True)
    return NoWay(f"the proxy at {proxy.place} opens no way to {there} (HTTP {status})")


def _wish(head: bytes, proxy: Proxy) -> str:
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    ways = [value.strip().lower() for name, _, value in fields if name.strip().lower() == b"proxy-authenticate"]
    if ways and not any(b"basic" in way for way in ways):
        return "asks for another proof than a user and a password (Basic), which cannot be given"
    return "asks for a user and a password" if proxy.user is None else "does not take the user and the password that it is told"


def _no_proxy(proxy: Proxy) -> NoWay:
    return NoWay(f"what answers at {proxy.place} is no HTTP proxy")
