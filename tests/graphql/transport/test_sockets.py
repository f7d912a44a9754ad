"""GraphQL over WebSocket, with a real server and a client written by others."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from app.access.callers import Caller
from app.errors import DatabaseAway, RateLimited
from app.graphql.transport.socket_operations import MOST_OPERATIONS
from app.storage.outages import AWAY
from tests.graphql.conversing import INIT, PROTOCOL, close_code, opened, ready, receive, send, serving, subscribe
from tests.graphql.tiny import World, caller, soon
from tests.journeys.soaking import until


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def address(world: World) -> AsyncGenerator[str, None]:
    async with serving(world) as address:
        yield address


async def test_queries_mutations_and_subscriptions_run_over_one_socket(address: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe("{ role }"))
        answers = [await receive(socket) for _ in range(2)]
        await send(socket, subscribe("subscription($to: Int!) { count(to: $to) }", "2", variables={"to": 2}))
        events = [await receive(socket) for _ in range(3)]

    assert answers == [
        {"type": "next", "id": "1", "payload": {"data": {"role": "ADMIN"}}},
        {"type": "complete", "id": "1"},
    ]
    assert events == [
        {"type": "next", "id": "2", "payload": {"data": {"count": 1}}},
        {"type": "next", "id": "2", "payload": {"data": {"count": 2}}},
        {"type": "complete", "id": "2"},
    ]


async def test_each_operation_and_each_event_reads_anew(world: World, address: str) -> None:
    async with ready(address) as socket:
        for name in ("1", "2"):
            await send(socket, subscribe('{ thing(name: "aaa") { length } }', name))
            assert [(await receive(socket))["type"] for _ in range(2)] == ["next", "complete"]
        await send(socket, subscribe("subscription { thingChanged(times: 3) { length } }", "3"))
        assert [(await receive(socket))["type"] for _ in range(4)] == ["next", "next", "next", "complete"]

    assert world.batches == [["aaa"]] * 5


async def test_ping_is_answered_and_pong_is_not(address: str) -> None:
    async with ready(address) as socket:
        await send(socket, {"type": "pong"})
        await send(socket, {"type": "ping", "payload": {"at": 1}})

        assert await receive(socket) == {"type": "pong"}


BAD_OPERATIONS = {
    "syntax": "{ role",
    "an unknown field": "{ rule }",
    "a variable without a value": "query($n: String!) { thing(name: $n) { name } }",
    "two operations": "query A { role } query B { role }",
    "only a fragment": "fragment A on Query { role }",
    "too deep": '{ thing(name: "a") ' + "{ others { nodes " * 8 + "{ name }" + "} }" * 8 + " }",
    "two root fields": "subscription { count(to: 1) silence }",
}


@pytest.mark.parametrize("query", BAD_OPERATIONS.values(), ids=BAD_OPERATIONS.keys())
async def test_a_bad_operation_is_its_own_error_and_the_others_go_on(address: str, query: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe(query))
        error = await receive(socket)
        await send(socket, subscribe("{ role }"))
        answer = await receive(socket)

    assert (error["type"], error["id"]) == ("error", "1")
    assert error["payload"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "TOO_COMPLEX"}
    assert answer["payload"] == {"data": {"role": "ADMIN"}}


async def test_what_a_subscription_raises_has_its_code(address: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe('subscription { count(to: 1, after: "gone") }'))

        message = await receive(socket)

    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert [error["extensions"] for error in errors] == [{"code": "BAD_USER_INPUT"}]


MALFORMED: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "{",
    "a list": "[]",
    "a text": '"x"',
    "null": "null",
    "a number": "1",
    "no type": "{}",
    "an unknown type": '{"type": "start"}',
    "a type that is a number": '{"type": 1}',
    "a type that is a list": '{"type": ["ping"]}',
    "an id that is a number": '{"type": "subscribe", "id": 1, "payload": {"query": "{ role }"}}',
    "an empty id": '{"type": "subscribe", "id": "", "payload": {"query": "{ role }"}}',
    "an id that is a list": '{"type": "subscribe", "id": [], "payload": {"query": "{ role }"}}',
    "no id": '{"type": "subscribe", "payload": {"query": "{ role }"}}',
    "no payload": '{"type": "subscribe", "id": "1"}',
    "a payload that is a text": '{"type": "subscribe", "id": "1", "payload": "x"}',
    "no query": '{"type": "subscribe", "id": "1", "payload": {}}',
    "a query that is a number": '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    "variables that are a text": '{"type": "subscribe", "id": "1", "payload": {"query": "{ role }", "variables": "x"}}',
    "a name that is a number": '{"type": "subscribe", "id": "1", "payload": {"query": "{ role }", "operationName": 1}}',
    "extensions that are a list": '{"type": "subscribe", "id": "1", "payload": {"query": "{ role }", "extensions": []}}',
    "complete without id": '{"type": "complete"}',
    "complete with a number": '{"type": "complete", "id": 1}',
    "a ping with a text": '{"type": "ping", "payload": "x"}',
    "a pong with a list": '{"type": "pong", "payload": []}',
    "NaN": '{"type": "ping", "payload": {"at": NaN}}',
    "very deep": "[" * 50_000,
    "bytes": b'{"type": "ping"}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_message_closes_the_socket_with_4400(address: str, text: str | bytes) -> None:
    async with ready(address) as socket:
        await socket.send(text)

        assert await close_code(socket) == 4400


@pytest.mark.parametrize("payload", ['"x"', "[]", "1", '{"authorization": 1}'])
async def test_an_odd_payload_of_connection_init_is_4400(address: str, payload: str) -> None:
    async with opened(address) as socket:
        await socket.send(f'{{"type": "connection_init", "payload": {payload}}}')

        assert await close_code(socket) == 4400


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([subscribe("{ role }")], 4401),
        ([{"type": "connection_init", "payload": {"authorization": "Bearer bad"}}], 4401),
        ([{"type": "connection_init"}], 4401),
        ([{"type": "connection_init", "payload": None}], 4401),
        ([INIT, INIT], 4429),
        ([INIT, subscribe("subscription { silence }"), subscribe("{ role }")], 4409),
    ],
)
async def test_each_breach_has_its_close_code(address: str, messages: list[object], code: int) -> None:
    async with opened(address) as socket:
        for message in messages:
            await send(socket, message)

        assert await close_code(socket) == code


async def test_too_many_attempts_to_sign_in_are_4429(world: World) -> None:
    async def refuse(*_: object) -> Caller | None:
        raise RateLimited("Too often.")

    async with serving(world, authenticate=refuse) as address, opened(address) as socket:
        await send(socket, INIT)

        assert await close_code(socket) == 4429


async def test_a_database_that_is_away_at_the_sign_in_asks_to_come_back(world: World) -> None:
    async def fail(*_: object) -> Caller | None:
        raise DatabaseAway(AWAY, fault="refused")

    async with serving(world, authenticate=fail) as address, opened(address) as socket:
        await send(socket, INIT)

        assert await close_code(socket) == 1012


async def test_what_nobody_expected_at_the_sign_in_closes_the_socket(world: World) -> None:
    async def stumble(*_: object) -> Caller | None:
        raise LookupError

    async with serving(world, authenticate=stumble) as address, opened(address) as socket:
        await send(socket, INIT)

        assert await close_code(socket) == 1011


async def test_another_protocol_is_4406(address: str) -> None:
    async with connect(address, subprotocols=[Subprotocol("graphql-ws")]) as socket:
        assert await close_code(socket) == 4406


async def test_a_pong_before_the_sign_in_is_fine(address: str) -> None:
    async with opened(address) as socket:
        await send(socket, {"type": "ping"})

        assert await receive(socket) == {"type": "pong"}


async def test_a_socket_has_a_hundred_operations_at_most(address: str) -> None:
    async with ready(address) as socket:
        for number in range(MOST_OPERATIONS + 1):
            await send(socket, subscribe("subscription { silence }", f"{number}"))
        messages = [await receive(socket) for _ in range(MOST_OPERATIONS + 1)]
        await send(socket, {"type": "complete", "id": "0"})
        await send(socket, subscribe("{ role }", "more"))
        answer = await receive(socket)

    refused = [message for message in messages if message["type"] == "error"]
    assert [(message["id"], message["payload"][0]["extensions"]["code"]) for message in refused] == [("100", "RATE_LIMITED")]
    assert answer == {"type": "next", "id": "more", "payload": {"data": {"role": "ADMIN"}}}


async def test_completing_a_subscription_ends_it_and_frees_its_id(world: World, address: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe("subscription { silence }"))
        await receive(socket)
        await send(socket, {"type": "complete", "id": "1"})
        await world.closed.wait()
        await send(socket, {"type": "complete", "id": "1"})
        await send(socket, subscribe("{ role }"))

        assert (await receive(socket))["payload"] == {"data": {"role": "ADMIN"}}


async def test_a_client_that_leaves_ends_its_subscriptions(world: World, address: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe("subscription { silence }"))
        await receive(socket)

    async with asyncio.timeout(5):
        await world.closed.wait()


async def test_operations_whose_answers_find_the_connection_lost_are_nothing_unexpected(world: World) -> None:
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for message in (INIT, subscribe("{ role }", id="1"), subscribe("{ role }", id="2")):
        incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def receive() -> dict[str, Any]:
        return await incoming.get() if connected else {"type": "websocket.connect"}

    async def give(message: Any) -> None:
        connected.append(message["type"])
        if '"next"' in message.get("text", ""):
            raise OSError

    async def are_over() -> bool:
        return connected.count("websocket.send") > 1 and not any(
            "Socket._run" in repr(task.get_coro()) for task in asyncio.all_tasks()
        )

    connected: list[str] = []
    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL]}
    app = Starlette(routes=world.view().routes())
    with capture_logs() as logs:
        serving_it = asyncio.create_task(app(scope, receive, give))
        await until(are_over, seconds=10)
        incoming.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await serving_it

    assert [entry for entry in logs if entry["log_level"] == "error"] == []


@pytest.mark.parametrize("failure", [OSError(), RuntimeError("Unexpected ASGI message")])
async def test_a_client_that_leaves_before_it_is_let_in_is_nothing_unexpected(world: World, failure: Exception) -> None:
    sent: list[str] = []
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": json.dumps(INIT)}])

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def give(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "websocket.send":
            raise failure

    app = Starlette(routes=world.view().routes())
    await app({"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": [PROTOCOL]}, receive, give)

    assert sent[:2] == ["websocket.accept", "websocket.send"]


def complete(socket: ClientConnection) -> Any:
    return send(socket, {"type": "complete", "id": "1"})


def leave(socket: ClientConnection) -> Any:
    return socket.close()


@pytest.mark.parametrize("abandon", [complete, leave])
async def test_a_mutation_that_nobody_waits_for_any_more_is_done(
    world: World, address: str, abandon: Callable[[ClientConnection], Any]
) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe("mutation { wait { name } }"))
        await world.begun.wait()
        await abandon(socket)
        world.go_on.set()
        await world.ended.wait()

    assert world.added == ["waited"]


async def test_an_abandoned_mutation_that_fails_is_logged_by_its_kind_only(world: World, address: str) -> None:
    def cause() -> None:
        raise RuntimeError("xoxb-secret")

    world.cause = cause
    with capture_logs() as logs:
        async with ready(address) as socket:
            await send(socket, subscribe("mutation { wait { name } }"))
            await world.begun.wait()
            await complete(socket)
            await send(socket, {"type": "ping"})
            await receive(socket)
            world.go_on.set()
            await world.ended.wait()
            await send(socket, {"type": "ping"})
            await receive(socket)

    assert [(row["event"], row["error"]) for row in logs] == [("abandoned mutation failed", "RuntimeError")]


async def test_the_end_of_the_credential_closes_the_socket_with_4403(world: World, address: str) -> None:
    async with ready(address) as socket:
        await send(socket, subscribe("subscription { silence }"))
        await receive(socket)
        world.revoked.set()

        assert await close_code(socket) == 4403
    assert world.closed.is_set()


async def test_a_credential_that_has_run_out_closes_the_socket_with_4403(world: World, address: str) -> None:
    world.caller = caller(expires_at=soon(0.2))

    async with ready(address) as socket:
        world.clock.advance(timedelta(seconds=1))

        assert await close_code(socket) == 4403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://friend.example.evil", "file://"]
)
async def test_a_page_of_a_strange_origin_opens_no_socket(world: World, address: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, additional_headers={"Origin": origin, "Cookie": "session=1"}):
            pass

    assert refused.value.response.status_code == 403
    assert world.asked == []


async def test_our_own_page_speaks_for_the_browser_session(world: World, address: str) -> None:
    own = address.replace("ws:", "http:").removesuffix("/graphql")

    for origin in (own, "http://127.0.0.1:8000"):
        async with opened(address, additional_headers={"Origin": origin, "Cookie": "session=1"}) as socket:
            await send(socket, {"type": "connection_init"})
            assert await receive(socket) == {"type": "connection_ack"}

    assert world.asked == [None, None]


async def test_an_allowed_origin_speaks_with_a_token_and_never_for_the_session(world: World, address: str) -> None:
    headers = {"Origin": "https://friend.example", "Cookie": "session=1"}

    async with opened(address, additional_headers=headers) as socket:
        await send(socket, {"type": "connection_init"})
        code = await close_code(socket)
    async with ready(address, additional_headers=headers):
        pass

    assert code == 4401
    assert world.asked == ["Bearer good"]
