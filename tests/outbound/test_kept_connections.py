import asyncio

import httpcore2

from app.outbound import (
    Cause,
    Request,
    Response,
    Unreachable,
)
from app.outbound.streams import dial
from tests.outbound.calling import OK, PUBLIC, opened, silence
from tests.wires import Authority, CountedDial, Names, serving


async def test_a_connection_is_kept_for_the_next_call(authority: Authority) -> None:
    names = Names([PUBLIC])
    async with serving(OK, tls=authority.server, requests=3) as server:
        dial = CountedDial(server.port)
        async with opened(dial=dial, resolve=names) as outbound:
            outcomes = [
                await outbound.send(
                    Request("GET", "https://git.corp.example/"), origin="https://git.corp.example", certificates=pem
                )
                for pem in (authority.pem, authority.pem, None, authority.pem)
            ]

    # What was trusted with certificates of its own is not reused without them.
    assert [type(outcome) for outcome in outcomes] == [Response, Response, Unreachable, Response]
    assert dial.connects == [(PUBLIC, 443), (PUBLIC, 443)]
    assert len(names.questions) == 2
    assert len(server.heads) == 3


async def test_cancelled_calls_give_their_connections_back() -> None:
    arrived = asyncio.Semaphore(0)

    async def note(writer: asyncio.StreamWriter) -> None:
        arrived.release()
        await silence(writer)

    async with serving(note) as server, opened(sandbox=("127.0.0.1", server.port)) as outbound:
        request = Request("GET", f"{server.origin}/")
        calls = [asyncio.ensure_future(outbound.send(request, origin=server.origin)) for _ in range(102)]
        for _ in range(100):
            await arrived.acquire()
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

        after = await outbound.send(request, origin=server.origin, deadline=0.3)

    assert isinstance(after, Unreachable)
    assert after.cause is Cause.TIMEOUT
    assert len(server.heads) == 101


async def test_what_waits_long_for_a_connection_is_not_sent() -> None:
    """Sent late, it would be given up while the other side works: a token that works once would be spent for nothing."""
    arrived = asyncio.Semaphore(0)

    async def note(writer: asyncio.StreamWriter) -> None:
        arrived.release()
        await silence(writer)

    async with serving(note) as server, opened(sandbox=("127.0.0.1", server.port)) as outbound:
        request = Request("GET", f"{server.origin}/")
        calls = [asyncio.ensure_future(outbound.send(request, origin=server.origin)) for _ in range(100)]
        for _ in calls:
            await arrived.acquire()

        late = await outbound.send(request, origin=server.origin)

        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert late == Unreachable(Cause.TIMEOUT, f"{server.origin} could not be connected to in time")
    assert len(server.heads) == 100


async def test_calls_to_many_origins_end_none_that_is_under_way() -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def answer_late(writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go_on.wait()
        writer.write(OK)

    async def reach_one(address: str, port: int) -> httpcore2.AsyncNetworkStream:
        if port == 443:
            raise httpcore2.ConnectError
        return await dial(address, port)

    async with (
        serving(answer_late) as server,
        opened(sandbox=("127.0.0.1", server.port), resolve=Names([PUBLIC]), dial=reach_one) as outbound,
    ):
        under_way = asyncio.create_task(outbound.send(Request("GET", f"{server.origin}/"), origin=server.origin))
        await arrived.wait()
        for number in range(300):
            elsewhere = f"https://git{number}.example"
            assert isinstance(await outbound.send(Request("GET", f"{elsewhere}/"), origin=elsewhere), Unreachable)
        go_on.set()

        assert isinstance(await under_way, Response)
