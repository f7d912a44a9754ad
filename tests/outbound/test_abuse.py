"""Answers that nobody wants."""

import asyncio
import gzip
import time
import tracemalloc

import pytest

from app.outbound import (
    BadAnswer,
    Cause,
    Response,
    Unreachable,
)
from tests.outbound.calling import OK, call, silence
from tests.wires import Script


async def endless(writer: asyncio.StreamWriter, start: bytes, piece: bytes) -> None:
    writer.write(start)
    while True:
        writer.write(piece)
        await writer.drain()


def repeating(start: bytes, piece: bytes) -> Script:
    return lambda writer: endless(writer, start, piece)


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.transport.abort()


BOMB = gzip.compress(b"\0" * 20_000_000)
ABUSES: dict[str, tuple[bytes | Script, type[object] | Cause]] = {
    "a body of 10 MB that says so": (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 10_000_000, BadAnswer),
    "a body that never ends": (repeating(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), BadAnswer),
    "chunks without end": (
        repeating(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        BadAnswer,
    ),
    "a chunk extension without end": (
        repeating(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
        BadAnswer,
    ),
    "one byte at a time": (trickle, Cause.TIMEOUT),
    "no answer": (silence, Cause.TIMEOUT),
    "a gzip bomb": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(BOMB), BOMB),
        BadAnswer,
    ),
    "brotli": (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", BadAnswer),
    "one header of 1 MB": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n", BadAnswer),
    "100,000 headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", BadAnswer),
    "headers without end": (repeating(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000), BadAnswer),
    "preliminary answers without end": (repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Cause.TIMEOUT),
    "HTTP/0.9": (b"<html>hello</html>\r\n\r\n", BadAnswer),
    "SMTP": (b"220 mail.example ESMTP\r\n\r\n", BadAnswer),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", BadAnswer),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", BadAnswer),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", BadAnswer),
    "a chunk of no size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", BadAnswer),
    "nothing": (b"", Cause.RESET),
    "half a head": (b"HTTP/1.1 200 OK\r\nConte", Cause.RESET),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Cause.RESET),
    "half a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf", Cause.RESET),
    "a reset in the body": (reset, Cause.RESET),
}


@pytest.mark.parametrize("abuse", ABUSES)
async def test_an_abuse_ends_as_a_value_within_the_deadline(abuse: str) -> None:
    script, expected = ABUSES[abuse]
    started = time.monotonic()

    outcome = await call(script, deadline=0.5)

    assert (outcome.cause if isinstance(outcome, Unreachable) else type(outcome)) == expected
    assert time.monotonic() - started < 20  # not for ever, also on a busy machine


@pytest.mark.parametrize(
    "abuse", ["a body that never ends", "chunks without end", "headers without end", "a chunk extension without end"]
)
async def test_an_abuse_takes_little_memory(abuse: str) -> None:
    tracemalloc.start()
    try:
        await call(ABUSES[abuse][0], deadline=1.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 20_000_000


async def test_the_size_is_bounded_to_the_byte() -> None:
    exact = await call(OK, max_bytes=2)
    above = await call(OK, max_bytes=1)

    assert isinstance(exact, Response)
    assert isinstance(above, BadAnswer)


@pytest.mark.parametrize(("size", "kind"), [(1_000, Response), (1_001, BadAnswer)])
async def test_an_answer_has_as_many_bytes_as_it_may_and_not_one_more(size: int, kind: type) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    assert type(await call(answer, max_bytes=1_000)) is kind
