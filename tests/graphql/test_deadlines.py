"""An operation that waits for what does not come is given up, over every transport."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.graphql.context import DEADLINE
from app.graphql.execution.executor import LATE, LATE_CHANGE
from tests.graphql.conversing import ready, receive, send, serving, subscribe
from tests.graphql.tiny import World

SECONDS = 0.05
WAITING = '{ thing(name: "aaa") { patience } }'
GIVEN_UP = {"data": None, "errors": [{"message": LATE, "extensions": {"code": "UNAVAILABLE"}}]}


def test_it_is_ten_seconds() -> None:
    assert DEADLINE == 10
    assert World().view()._endpoint.context(None).deadline == DEADLINE  # noqa: SLF001 - what a transport does


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_query_that_waits_is_given_up_and_what_it_waits_for_is_cancelled(method: str, accept: str) -> None:
    how: dict[str, Any] = {"params": {"query": WAITING}} if method == "GET" else {"json": {"query": WAITING}}
    seconds = SECONDS

    while True:
        world = World()
        with capture_logs() as logs:
            async with world.client(deadline=seconds) as client:
                response = await client.request(method, "/graphql", headers={"Accept": accept}, **how)
        if world.begun.is_set() or seconds > DEADLINE:
            break
        seconds *= 4  # on a slow machine the deadline can end before there is anything that waits

    assert world.begun.is_set()
    assert (response.status_code, response.json()) == (200, GIVEN_UP)
    assert world.closed.is_set()
    assert [row["event"] for row in logs] == ["overdue"]


async def test_one_over_an_event_stream_is_given_up_too() -> None:
    async with World().client(deadline=SECONDS) as client:
        response = await client.post("/graphql", json={"query": WAITING}, headers={"Accept": "text/event-stream"})

    begin, _, end = response.text.partition("\n\n")
    assert json.loads(begin.removeprefix("event: next\ndata: ")) == GIVEN_UP
    assert end == "event: complete\ndata:\n\n"


async def test_one_over_a_socket_is_given_up_and_the_others_go_on() -> None:
    seconds = SECONDS

    while True:
        async with serving(World(), deadline=seconds) as address, ready(address) as socket:
            await send(socket, subscribe(WAITING))
            given_up = [await receive(socket) for _ in range(2)]
            await send(socket, subscribe("{ role }"))
            answer = await receive(socket)
        if answer["payload"].get("data") or seconds > DEADLINE:
            break
        seconds *= 4  # on a slow machine even that can take too long

    assert given_up == [{"type": "next", "id": "1", "payload": GIVEN_UP}, {"type": "complete", "id": "1"}]
    assert answer["payload"] == {"data": {"role": "ADMIN"}}


async def test_a_mutation_under_way_is_waited_for_no_longer_and_done_all_the_same() -> None:
    seconds = SECONDS

    while True:
        world = World()
        async with world.client(deadline=seconds) as client:
            response = await client.post("/graphql", json={"query": "mutation { wait { name } }"})
        was_under_way = world.begun.is_set()
        world.go_on.set()
        if was_under_way or seconds > DEADLINE:
            break
        seconds *= 4  # on a slow machine it can end before the mutation has begun

    assert was_under_way
    async with asyncio.timeout(10):
        await world.ended.wait()

    assert response.json()["errors"] == [{"message": LATE_CHANGE, "extensions": {"code": "UNAVAILABLE"}}]
    assert world.added == ["waited"]


async def test_a_subscription_may_be_silent_for_longer() -> None:
    async with serving(World(), deadline=SECONDS) as address, ready(address) as socket:
        await send(socket, subscribe("subscription { silence }"))
        await receive(socket)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(4 * SECONDS):
                await receive(socket)


async def test_an_operation_that_ends_in_time_is_answered() -> None:
    world = World()
    world.go_on.set()

    async with world.client(deadline=30.0) as client:
        response = await client.post("/graphql", json={"query": WAITING})

    assert response.json() == {"data": {"thing": {"patience": "aaa"}}}
