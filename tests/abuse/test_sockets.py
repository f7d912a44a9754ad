"""What is done to WebSockets: each abuse has its own end, no task stays behind, and the other sockets go on."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from app.access.concurrency import MOST_SOCKETS
from app.graphql.transport.sockets import INIT_SECONDS, Socket
from tests.abuse.inside import told_of_the_inside
from tests.graphql.conversing import INIT, LARGEST_MESSAGE, close_code, opened, ready, receive, send, serving, subscribe
from tests.graphql.tiny import World
from tests.journeys.soaking import until

SILENCE = "subscription { silence }"
FLOOD = 2_000

_DEEP = '{"type": "ping", "payload": ' + '{"a":' * 100 + "1" + "}" * 100 + "}"
_WIDE = '{"type": "ping", "payload": {"a": [' + "[]," * 300_000 + "1]}}"

SENT: dict[str, tuple[list[str | bytes | dict[str, Any]], int]] = {
    "a query before the sign-in": ([subscribe("{ role }")], 4401),
    "a mutation before the sign-in": ([subscribe("mutation { wait { name } }")], 4401),
    "a sign-in with a bad token": ([{"type": "connection_init", "payload": {"authorization": "Bearer bad"}}], 4401),
    "a sign-in with nothing": ([{"type": "connection_init"}], 4401),
    "a sign-in with a list": ([{"type": "connection_init", "payload": []}], 4400),
    "pings before the sign-in, without end": ([{"type": "ping"}] * 1_000, 4429),
    "pongs before the sign-in, without end": ([{"type": "pong"}] * 1_000, 4429),
    "completes before the sign-in, without end": ([{"type": "complete", "id": "1"}] * 1_000, 4429),
    "two sign-ins": ([INIT, INIT], 4429),
    "a second sign-in with a bad token": ([INIT, {"type": "connection_init", "payload": {"authorization": "Bearer bad"}}], 4429),
    "one id twice": ([INIT, subscribe(SILENCE), subscribe(SILENCE)], 4409),
    "bytes": ([b'{"type": "connection_init"}'], 4400),
    "bytes afterwards": ([INIT, b"\xff\xfe"], 4400),
    "nothing": ([INIT, ""], 4400),
    "no JSON": ([INIT, "{"], 4400),
    "a list of messages": ([INIT, json.dumps([subscribe("{ role }")])], 4400),
    "deep JSON": ([INIT, _DEEP], 4400),
    "a hundred thousand brackets": ([INIT, "[" * 100_000], 4400),
    "three hundred thousand lists": ([INIT, _WIDE], 4400),
    "a name twice": ([INIT, '{"type": "ping", "type": "subscribe"}'], 4400),
    "the server's own messages": ([INIT, {"type": "next", "id": "1", "payload": {}}], 4400),
    "the server's own greeting": ([{"type": "connection_ack"}], 4400),
    "the older protocol's start": ([INIT, {"type": "start", "id": "1", "payload": {"query": "{ role }"}}], 4400),
    "the older protocol's end": ([INIT, {"type": "connection_terminate"}], 4400),
    "no id": ([INIT, {"type": "subscribe", "payload": {"query": "{ role }"}}], 4400),
    "an id that is a list": ([INIT, {"type": "subscribe", "id": [], "payload": {"query": "{ role }"}}], 4400),
    "no query": ([INIT, {"type": "subscribe", "id": "1", "payload": {}}], 4400),
    "a ping with a text": ([INIT, {"type": "ping", "payload": "x"}], 4400),
    "a message without end": ([INIT, '{"type": "ping", "payload": {"a": "' + "x" * LARGEST_MESSAGE], 1009),
}


async def say(socket: ClientConnection, message: str | bytes | dict[str, Any]) -> None:
    await (send(socket, message) if isinstance(message, dict) else socket.send(message))


async def abuse(address: str, messages: list[str | bytes | dict[str, Any]]) -> tuple[int | None, str]:
    async with opened(address) as socket:
        try:
            for message in messages:
                await say(socket, message)
        except ConnectionClosed:  # it has been closed before all of it was sent
            pass
        return await close_code(socket), socket.close_reason or ""


async def flood(address: str, message: dict[str, Any], *, answers: bool) -> None:
    """Send a message again and again; each is read and, where that is so, answered, and then the socket goes on."""
    async with ready(address) as socket:

        async def listen() -> None:
            for _ in range(FLOOD if answers else 0):
                await receive(socket)

        listening = asyncio.create_task(listen())
        for _ in range(FLOOD):
            await send(socket, message)
        await listening
        await send(socket, subscribe("{ role }", "after"))
        assert await receive(socket) == {"type": "next", "id": "after", "payload": {"data": {"role": "ADMIN"}}}


async def flood_pings(address: str) -> None:
    await flood(address, {"type": "ping"}, answers=True)


async def flood_pongs(address: str) -> None:
    await flood(address, {"type": "pong"}, answers=False)


async def flood_completes(address: str) -> None:
    await flood(address, {"type": "complete", "id": "none"}, answers=False)


async def begin_and_complete(address: str) -> None:
    async with ready(address) as socket:
        for number in range(FLOOD // 10):
            await send(socket, subscribe(SILENCE, f"{number}"))
            await send(socket, {"type": "complete", "id": f"{number}"})


async def vanish(address: str) -> None:
    """Leave in the middle of subscriptions, without a close."""
    async with ready(address) as socket:
        for number in range(20):
            await send(socket, subscribe(SILENCE, f"{number}"))
        socket.transport.abort()


async def cut_off_a_frame(address: str) -> None:
    """Announce a long frame, send a piece of it, and leave."""
    async with ready(address) as socket:
        socket.transport.write(b"\x81\xfe\xff\xff" + b"\0" * 14)
        socket.transport.abort()


async def break_the_framing(address: str) -> None:
    """Send what is no frame: a reserved opcode, without a mask."""
    async with ready(address) as socket:
        socket.transport.write(b"\x8f\x05hello")
        assert await close_code(socket) in {1002, 1006}


async def speak_the_older_protocol(address: str) -> None:
    async with connect(address, subprotocols=[Subprotocol("graphql-ws")]) as socket:
        assert await close_code(socket) == 4406


async def speak_no_protocol(address: str) -> None:
    async with connect(address) as socket:
        assert await close_code(socket) == 4406


async def come_from_elsewhere(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(address, additional_headers={"Origin": "https://evil.example", "Cookie": "session=1"}):
            pass
    assert refused.value.response.status_code == 403


OTHERS: tuple[Callable[[str], Awaitable[None]], ...] = (
    flood_pings,
    flood_pongs,
    flood_completes,
    begin_and_complete,
    vanish,
    cut_off_a_frame,
    break_the_framing,
    speak_the_older_protocol,
    speak_no_protocol,
    come_from_elsewhere,
)


async def test_each_abuse_has_its_own_end_and_the_other_sockets_go_on() -> None:
    async with serving(World()) as address, ready(address) as bystander:
        await send(bystander, subscribe("subscription { silence }", "watching"))
        await receive(bystander)
        tasks = len(asyncio.all_tasks())
        ends: dict[str, tuple[int | None, str]] = {}
        for name, (messages, _) in SENT.items():
            ends[name] = await abuse(address, messages)
            await send(bystander, subscribe("{ role }", name))
            assert [(await receive(bystander))["type"] for _ in range(2)] == ["next", "complete"]

        async def have_ended() -> bool:
            return len(asyncio.all_tasks()) <= tasks

        await until(have_ended, seconds=10)

    assert len(SENT) + len(OTHERS) >= 25
    assert {name: end[0] for name, end in ends.items()} == {name: code for name, (_, code) in SENT.items()}
    assert [reason for _, reason in ends.values() if told_of_the_inside(reason)] == []


@pytest.mark.parametrize("misbehave", OTHERS)
async def test_a_client_that_floods_or_vanishes_leaves_nothing_behind(misbehave: Callable[[str], Awaitable[None]]) -> None:
    async with serving(World()) as address, ready(address) as bystander:
        tasks = len(asyncio.all_tasks())
        await misbehave(address)
        await send(bystander, subscribe("{ role }"))
        answer = await receive(bystander)

        async def have_ended() -> bool:
            return len(asyncio.all_tasks()) <= tasks

        await until(have_ended, seconds=10)

    assert answer["payload"] == {"data": {"role": "ADMIN"}}


async def test_sockets_that_vanish_leave_room_for_others() -> None:
    async with serving(World()) as address:
        for _ in range(MOST_SOCKETS // 10):
            await asyncio.gather(*(vanish(address) for _ in range(10)))

        async def is_let_in() -> bool:
            async with opened(address) as socket:
                await send(socket, INIT)
                try:
                    return bool(await receive(socket) == {"type": "connection_ack"})
                except ConnectionClosed:
                    return False

        await until(is_let_in, seconds=10)


async def test_who_does_not_sign_in_in_time_is_4408_whatever_else_they_send() -> None:
    world, sent = World(), list[dict[str, Any]]()

    async def chatter() -> dict[str, Any]:
        if not sent:
            return {"type": "websocket.connect"}
        await asyncio.sleep(0.01)
        return {"type": "websocket.receive", "text": '{"type": "ping"}'}

    async def give(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": ["graphql-transport-ws"]}
    endpoint = world.view()._endpoint  # noqa: SLF001 - what the view hands to it
    await Socket(WebSocket(scope, chatter, give), endpoint, init_seconds=0.1).serve()

    assert INIT_SECONDS == 10
    assert sent[-1]["code"] == 4408


async def test_who_signs_in_in_time_is_not_blamed_for_how_long_that_takes() -> None:
    world, sent = World(), list[dict[str, Any]]()
    is_late, is_in = asyncio.Event(), asyncio.Event()
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": json.dumps(INIT)}])

    async def authenticate(*asked: Any) -> Any:
        await is_late.wait()
        return await world.authenticate(*asked)

    async def receive() -> dict[str, Any]:
        if (message := next(incoming, None)) is not None:
            return message
        await is_in.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def give(message: Any) -> None:
        sent.append(message)
        if "connection_ack" in message.get("text", ""):
            is_in.set()

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": ["graphql-transport-ws"]}
    endpoint = world.view(authenticate=authenticate)._endpoint  # noqa: SLF001 - what the view hands to it
    asyncio.get_running_loop().call_later(0.2, is_late.set)
    await Socket(WebSocket(scope, receive, give), endpoint, init_seconds=0.05).serve()

    assert is_in.is_set()
    assert [message.get("code") for message in sent] == [None, None]


async def test_who_signed_in_while_the_process_stood_still_is_heard() -> None:
    world, sent, incoming, is_in = World(), list[dict[str, Any]](), asyncio.Queue[dict[str, Any]](), asyncio.Event()
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    here.setblocking(False)  # noqa: FBT003 - the library's signature

    def hear() -> None:  # its bytes are seen in one round of the loop, and its frames read in another
        here.recv(1)
        loop.call_later(0.01, incoming.put_nowait, {"type": "websocket.receive", "text": json.dumps(INIT)})

    def stand_still() -> None:
        there.send(b"x")
        time.sleep(0.3)

    async def give(message: Any) -> None:
        sent.append(message)
        if "connection_ack" in message.get("text", ""):
            is_in.set()
            incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": ["graphql-transport-ws"]}
    endpoint = world.view()._endpoint  # noqa: SLF001 - what the view hands to it
    incoming.put_nowait({"type": "websocket.connect"})
    loop.add_reader(here, hear)
    loop.call_later(0.05, stand_still)
    try:
        await Socket(WebSocket(scope, incoming.get, give), endpoint, init_seconds=0.25).serve()
    finally:
        loop.remove_reader(here)
        here.close()
        there.close()

    assert is_in.is_set()
    assert [message.get("code") for message in sent] == [None, None]
