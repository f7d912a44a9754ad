"""Bodies that are too large, or do not come to their end."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from app.web.bodies import NotRead, read_body
from tests.graphql.tiny import World

MOST = 10


def request(pieces: Sequence[bytes], *, length: str | None = None, stops: bool = False) -> Request:
    """A request of these pieces; one that `stops` sends nothing more, and does not end."""
    messages: Iterator[dict[str, Any]] = iter({"type": "http.request", "body": piece, "more_body": True} for piece in pieces)

    async def receive() -> dict[str, Any]:
        last = {"type": "http.request", "body": b"", "more_body": False}
        message = next(messages, last)
        if message is last and stops:
            await asyncio.Event().wait()
        return message

    headers = [(b"content-length", length.encode())] if length is not None else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.mark.parametrize("pieces", [[], [b""], [b"0123456789"], [b"0", b"1", b"23456789"]])
async def test_a_body_up_to_the_limit_is_read_whole(pieces: list[bytes]) -> None:
    assert await read_body(request(pieces), most=MOST) == b"".join(pieces)


@pytest.mark.parametrize("length", [None, "1", "-1", "x", "\u0661", ""])
async def test_more_than_that_is_413_whatever_is_said_of_its_length(length: str | None) -> None:
    refused = await read_body(request([b"0123456789", b"0"], length=length, stops=True), most=MOST)

    assert isinstance(refused, NotRead)
    assert (refused.status, refused.message, dict(refused.headers)) == (413, "The body is larger than 10 bytes.", {})


@pytest.mark.parametrize("length", ["11", "99999999999999999999", "9" * 5000])
async def test_one_that_says_to_be_larger_is_not_waited_for(length: str) -> None:
    refused = await read_body(request([], length=length, stops=True), most=MOST)

    assert isinstance(refused, NotRead)
    assert refused.status == 413


@pytest.mark.parametrize("pieces", [[], [b"0"]])
async def test_one_that_does_not_come_to_its_end_is_408_and_the_connection_is_closed(pieces: list[bytes]) -> None:
    refused = await read_body(request(pieces, stops=True), most=MOST, within=0.01)

    assert isinstance(refused, NotRead)
    assert (refused.status, dict(refused.headers)) == (408, {"Connection": "close"})


async def test_a_client_that_leaves_is_no_body() -> None:
    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientDisconnect):
        await read_body(Request({"type": "http", "method": "POST", "headers": []}, leave), most=MOST)


async def test_a_query_that_comes_byte_by_byte_is_given_up() -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    world = World()
    async with world.client(read_within=0.05) as client:
        response = await client.post("/graphql", content=drip(), headers={"Content-Type": "application/json"})

    assert (response.status_code, response.headers["connection"]) == (408, "close")
    assert response.json() == {
        "errors": [{"message": "The body took too long to arrive.", "extensions": {"code": "BAD_USER_INPUT"}}]
    }
    assert world.asked == ["Bearer good"]
