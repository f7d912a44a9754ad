"""Connections below the pool: what the other side may do to one, and what is known of it then."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore2
import pytest

from app.outbound.streams import dial
from tests.listening import Answer, listening


@asynccontextmanager
async def reached(answer: Answer) -> AsyncIterator[httpcore2.AsyncNetworkStream]:
    """Yield a connection to a server that answers so."""
    async with asyncio.timeout(20), listening(answer) as port:
        stream = await dial("127.0.0.1", port)
        try:
            yield stream
        finally:
            await stream.aclose()


async def until_readable(stream: httpcore2.AsyncNetworkStream) -> None:
    while not stream.get_extra_info("is_readable"):  # noqa: ASYNC110 - a connection rings no bell before it is read
        await asyncio.sleep(0.01)


async def test_a_head_and_its_body_go_in_one_piece() -> None:
    pieces: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(1000))
        writer.write(b"there")

    async with reached(note) as stream:
        await stream.write(b"head, ")
        await stream.write(b"body")
        answer = await stream.read(1000)

    assert (pieces, answer) == ([b"head, body"], b"there")


async def test_what_came_before_it_was_broken_off_is_read_and_then_that_it_was() -> None:
    async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"so far")
        await writer.drain()

    async with reached(break_off) as stream:
        await until_readable(stream)
        pieces = [await stream.read(3), await stream.read(100), await stream.read(100)]
        readable, session = stream.get_extra_info("is_readable"), stream.get_extra_info("ssl_object")

    assert pieces == [b"so ", b"far", b""]
    assert (readable, session) == (True, None)


async def test_a_reset_is_an_error_of_reading() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with reached(reset) as stream:
        with pytest.raises(httpcore2.ReadError):
            await stream.read(100)


async def test_all_of_a_long_answer_comes_however_it_is_read() -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(everything)
        await writer.drain()

    everything = bytes(range(256)) * 256 * 64
    read = bytearray()
    async with reached(pour) as stream:
        await until_readable(stream)
        while piece := await stream.read(10_000):
            read += piece

    assert read == everything


async def test_what_is_said_before_tls_does_not_pass_for_what_is_said_in_it() -> None:
    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with reached(speak_first) as stream:
        begun = await stream.read(1)
        with pytest.raises(httpcore2.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "git.example")

    assert begun == b"H"


async def test_a_handshake_that_nobody_waits_for_any_more_closes_the_connection() -> None:
    has_ended = asyncio.Event()

    async def keep_quiet(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        has_ended.set()

    async with reached(keep_quiet) as stream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await stream.start_tls(ssl.create_default_context(), "git.example")
        await has_ended.wait()

    assert has_ended.is_set()


async def test_where_nobody_listens_nothing_is_connected() -> None:
    async with listening(lambda _, __: asyncio.sleep(0)) as port:
        pass

    with pytest.raises(httpcore2.ConnectError):
        await dial("127.0.0.1", port)
