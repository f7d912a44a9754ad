"""Nobody takes a process from the others: so many sockets and operations a member."""

from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from uuid import UUID

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from app.access.concurrency import MOST_OPERATIONS, MOST_SOCKETS, ConcurrencyLimit
from app.errors import RateLimited
from app.graphql.transport.socket_operations import MOST_OPERATIONS as MOST_OF_A_SOCKET
from tests.graphql.conversing import INIT, close_code, opened, ready, receive, send, serving, subscribe
from tests.graphql.tiny import World, caller
from tests.journeys.soaking import until
from tests.servers import NO_TLS

SILENCE = "subscription { silence }"


def test_what_is_held_is_given_back_whatever_happens() -> None:
    share = ConcurrencyLimit(1, message="Too many.")

    for _ in range(3):
        with pytest.raises(LookupError), share.hold(caller()):
            raise LookupError

    assert share._held == {}  # noqa: SLF001 - nothing is kept of who has gone


def test_more_than_there_is_is_refused_and_changes_nothing() -> None:
    share = ConcurrencyLimit(1, message="Too many.")

    with share.hold(caller()):
        for _ in range(3):
            with pytest.raises(RateLimited, match="Too many"), share.hold(caller()):
                pass
    with share.hold(caller()):
        pass

    assert share._held == {}  # noqa: SLF001 - as above


def test_nobody_known_holds_nothing() -> None:
    share = ConcurrencyLimit(0, message="Too many.")

    with share.hold(None):
        pass

    assert share._held == {}  # noqa: SLF001 - as above


async def test_a_member_has_so_many_sockets_and_each_further_one_is_4429_until_one_is_closed() -> None:
    world = World()
    async with serving(world) as address, AsyncExitStack() as sockets:
        first, *_ = [await sockets.enter_async_context(ready(address)) for _ in range(MOST_SOCKETS)]
        async with opened(address) as further:
            await send(further, INIT)
            code = await close_code(further)
        world.caller = replace(caller(), member_id=UUID(int=9))
        async with ready(address):
            pass
        world.caller = None
        await first.close()

        async def is_let_in() -> bool:
            async with opened(address) as instead:
                await send(instead, INIT)
                with suppress(ConnectionClosed):
                    await send(instead, {"type": "subscribe"})  # closes it in any case
                return await close_code(instead) == 4400

        await until(is_let_in, seconds=10)

    assert code == 4429


async def test_operations_are_counted_over_all_sockets_and_streams_of_a_member() -> None:
    world = World()
    async with serving(world) as address, AsyncExitStack() as opened_ones:
        sockets = [await opened_ones.enter_async_context(ready(address)) for _ in range(MOST_OPERATIONS // MOST_OF_A_SOCKET + 1)]
        for number in range(MOST_OPERATIONS):
            await send(sockets[number // MOST_OF_A_SOCKET], subscribe(SILENCE, f"{number}"))
        begun = [await receive(sockets[number // MOST_OF_A_SOCKET]) for number in range(MOST_OPERATIONS)]
        await send(sockets[-1], subscribe("{ role }", "further"))
        refused = await receive(sockets[-1])
        streamed = await stream(address)
        await send(sockets[0], {"type": "complete", "id": "0"})
        await world.closed.wait()
        await send(sockets[-1], subscribe("{ role }", "now"))
        answer = await receive(sockets[-1])

    assert {message["type"] for message in begun} == {"next"}
    assert (refused["type"], refused["id"]) == ("error", "further")
    assert refused["payload"][0]["extensions"] == {"code": "RATE_LIMITED"}
    assert (streamed.status_code, streamed.json()["errors"][0]["extensions"]) == (429, {"code": "RATE_LIMITED"})
    assert answer == {"type": "next", "id": "now", "payload": {"data": {"role": "ADMIN"}}}


async def stream(address: str) -> httpx2.Response:
    headers = {"Accept": "text/event-stream", "Authorization": "Bearer good"}
    async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS, headers=headers) as client:
        return await client.post(address.replace("ws:", "http:"), json={"query": SILENCE})
