"""Server-sent events, read byte by byte from a real server."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from tests.graphql.conversing import serving
from tests.graphql.tiny import World, caller, soon
from tests.journeys.soaking import until

EVENTS = {"Accept": "text/event-stream", "Authorization": "Bearer good"}


@pytest.fixture
def world() -> World:
    return World()


@asynccontextmanager
async def asked(world: World, query: str, **headers: str) -> AsyncGenerator[httpx2.Response, None]:
    async with (
        asyncio.timeout(10),
        serving(world) as address,
        httpx2.AsyncClient() as client,
        client.stream("POST", address.replace("ws:", "http:"), json={"query": query}, headers={**EVENTS, **headers}) as response,
    ):
        yield response


async def test_results_are_next_events_framed_by_line_feeds(world: World) -> None:
    async with asked(world, "subscription { count(to: 2) }") as response:
        body = await response.aread()

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store, no-transform"
    assert body == (
        b'event: next\ndata: {"data":{"count":1}}\n\nevent: next\ndata: {"data":{"count":2}}\n\nevent: complete\ndata:\n\n'
    )


async def test_queries_and_mutations_may_come_this_way_too(world: World) -> None:
    async with asked(world, "{ role }") as response:
        body = await response.aread()

    assert body == b'event: next\ndata: {"data":{"role":"ADMIN"}}\n\nevent: complete\ndata:\n\n'


@pytest.mark.parametrize("query", ["{ role", "{ rule }", 'subscription { count(to: 1, after: "gone") }'])
async def test_what_is_wrong_is_said_in_an_event(world: World, query: str) -> None:
    async with asked(world, query) as response:
        body = await response.aread()

    first, complete, rest = body.split(b"\n\n")
    assert json.loads(first.removeprefix(b"event: next\ndata: "))["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert (complete, rest) == (b"event: complete\ndata:", b"")


@pytest.mark.parametrize("accept", ["application/json, text/event-stream", "*/*, text/event-stream", "application/json"])
async def test_a_client_that_names_events_second_is_answered_in_json(world: World, accept: str) -> None:
    async with asked(world, "{ role }", Accept=accept) as response:
        body = await response.aread()

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert body == b'{"data":{"role":"ADMIN"}}'


@pytest.mark.parametrize(
    ("query", "results"),
    [
        ("{ role }", [{"data": {"role": "ADMIN"}}]),
        ("subscription { count(to: 2) }", [{"data": {"count": 1}}, {"data": {"count": 2}}]),
    ],
)
async def test_events_may_be_asked_for_by_get(world: World, query: str, results: list[object]) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params={"query": query}, headers=EVENTS)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-store, no-transform"
    *events, complete, rest = response.text.split("\n\n")
    assert [json.loads(event.removeprefix("event: next\ndata: ")) for event in events] == results
    assert (complete, rest) == ("event: complete\ndata:", "")


async def test_a_document_may_be_asked_for_by_its_hash_there(world: World) -> None:
    query = "subscription { count(to: 1) }"
    persisted = {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}
    params = {"extensions": json.dumps({"persistedQuery": persisted})}

    async with world.client() as client:
        unknown = await client.get("/graphql", params=params, headers=EVENTS)
        with_it = await client.get("/graphql", params={**params, "query": query}, headers=EVENTS)
        known = await client.get("/graphql", params=params, headers=EVENTS)

    assert "PERSISTED_QUERY_NOT_FOUND" in unknown.text
    assert known.text == with_it.text == 'event: next\ndata: {"data":{"count":1}}\n\nevent: complete\ndata:\n\n'


async def test_a_mutation_by_get_changes_nothing_there_either(world: World) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params={"query": "mutation { wait { name } }"}, headers=EVENTS)

    first, complete, rest = response.text.split("\n\n")
    error = {"message": "Mutations go by POST.", "extensions": {"code": "BAD_USER_INPUT"}}
    assert json.loads(first.removeprefix("event: next\ndata: ")) == {"errors": [error]}
    assert (complete, rest) == ("event: complete\ndata:", "")
    assert not world.begun.is_set()


@pytest.mark.parametrize("query", ["{ role }", "subscription { silence }"])
async def test_events_by_get_are_never_for_the_browser_session(world: World, query: str) -> None:
    async with world.client() as client:
        del client.headers["authorization"]
        headers = {"Accept": "text/event-stream", "Cookie": "session=1"}
        response = await client.get("/graphql", params={"query": query}, headers=headers)

    assert '"code":"UNAUTHENTICATED"' in response.text
    assert "with one, ask by POST." in response.text
    assert "ADMIN" not in response.text
    assert world.asked == []


async def test_events_by_get_with_a_bad_credential_are_401(world: World) -> None:
    async with world.client() as client:
        headers = {**EVENTS, "Authorization": "Bearer bad"}
        response = await client.get("/graphql", params={"query": "{ role }"}, headers=headers)

    assert response.status_code == 401
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_events_of_nothing_are_400(world: World) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", headers=EVENTS)

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"] == "`query` has to be a text that is not empty."


async def test_a_client_that_leaves_ends_its_subscription(world: World) -> None:
    async with serving(world) as address, httpx2.AsyncClient() as client:
        stream = client.stream(
            "POST", address.replace("ws:", "http:"), json={"query": "subscription { silence }"}, headers=EVENTS
        )
        async with asyncio.timeout(10):
            async with stream as response:
                await anext(response.aiter_bytes())
            await world.closed.wait()


async def test_a_client_that_leaves_while_it_reads_slowly_leaves_nothing_behind(world: World) -> None:
    has_left = asyncio.Event()
    body = json.dumps({"query": "subscription { count(to: 100) }"}).encode()
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        if (message := next(received, None)) is not None:
            return message
        await has_left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            await asyncio.Event().wait()  # as where the connection takes no more

    async def waits_for_room() -> bool:
        return any(getattr(getattr(each, "cr_await", None), "__qualname__", "") == "Queue.put" for each in writers())

    headers = {**EVENTS, "Content-Type": "application/json"}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": raw}
    answering = asyncio.create_task(Starlette(routes=world.view().routes())(scope, receive, send))
    await until(waits_for_room, seconds=10)

    has_left.set()
    async with asyncio.timeout(10):
        await answering

    assert writers() == []


def writers() -> list[object]:
    """Return what is under way that writes a stream's results."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    return [each for each in running if getattr(each, "__qualname__", "") == "_write"]


async def test_the_end_of_the_credential_ends_the_stream(world: World) -> None:
    async with asked(world, "subscription { silence }") as response:
        parts = response.aiter_bytes()
        first = await anext(parts)
        world.revoked.set()
        rest = [part async for part in parts]

    assert first == b'event: next\ndata: {"data":{"silence":1}}\n\n'
    assert rest == []
    assert world.closed.is_set()


async def test_a_stream_that_always_has_more_to_tell_ends_with_the_credential_too(world: World) -> None:
    async with asked(world, "subscription { count(to: 20000) }") as response:
        parts = response.aiter_bytes()
        await anext(parts)
        world.revoked.set()
        rest = b"".join([part async for part in parts])

    assert b"event: complete" not in rest


async def test_a_credential_that_has_run_out_ends_the_stream(world: World) -> None:
    world.caller = caller(expires_at=soon(0.2))

    async with asked(world, "subscription { silence }") as response:
        parts = response.aiter_bytes()
        await anext(parts)
        world.clock.advance(timedelta(seconds=1))
        rest = [part async for part in parts]

    assert rest == []
