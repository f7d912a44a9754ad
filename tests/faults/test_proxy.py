"""Each fault as a client and a server really see it: a real server behind a real proxy, and sockets on both sides."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.faults.proxy import BlackHole, Delay, Drop, Fault, HalfOpen, Proxy, Refuse, Trickle, proxying
from tests.listening import listening
from tests.processes import free_port

_SOON = 5.0
_SILENCE = 0.3


@dataclass
class Echo:
    """A server that sends back what it is sent, and remembers what it was sent and how its connections ended."""

    port: int = 0
    connections: int = 0
    received: bytes = b""
    endings: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        ending = "end"
        try:
            while chunk := await reader.read(65_536):
                self.received += chunk
                writer.write(chunk)
                await writer.drain()
        except ConnectionResetError:
            ending = "reset"
        self.endings.append(ending)
        self.changed.set()

    async def until_ended(self) -> list[str]:
        async with asyncio.timeout(_SOON):
            await self.changed.wait()
        return self.endings


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, sent: bytes) -> None:
        self.writer.write(sent)
        await self.writer.drain()

    async def receive(self, count: int) -> bytes:
        async with asyncio.timeout(_SOON):
            return await self.reader.readexactly(count)

    async def echo(self, sent: bytes) -> bytes:
        await self.send(sent)
        return await self.receive(len(sent))

    async def hears_nothing(self) -> bool:
        """Whether for a while there is no byte, no end and no reset."""
        try:
            await asyncio.wait_for(self.reader.read(1), _SILENCE)
        except TimeoutError:
            return True
        return False

    async def is_reset(self) -> bool:
        try:
            async with asyncio.timeout(_SOON):
                await self.reader.read()
        except ConnectionResetError:
            return True
        return False


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Echo, Proxy]]:
    echo = Echo()
    async with (
        listening(echo.answer) as echo.port,
        proxying("127.0.0.1", echo.port, random=Random(1)) as proxy,  # noqa: S311 - choices
    ):
        yield echo, proxy


@asynccontextmanager
async def client_of(proxy: Proxy) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    try:
        yield client
    finally:
        client.writer.close()
        with contextlib.suppress(ConnectionError):
            await client.writer.wait_closed()


async def test_without_a_fault_everything_arrives_and_ends_are_told() -> None:
    sent = bytes(range(256)) * 4_000
    async with echoing() as (echo, proxy), client_of(proxy) as client:
        heard, _ = await asyncio.gather(client.receive(len(sent)), client.send(sent))
        client.writer.write_eof()
        rest = await client.reader.read()

        assert (heard == sent, rest, await echo.until_ended()) == (True, b"", ["end"])


async def test_a_delay_holds_each_way_up_and_keeps_the_order() -> None:
    async with echoing() as (_, proxy), client_of(proxy) as client:
        await client.echo(b"before")
        proxy.impose(Delay(0.2))

        began = time.monotonic()
        for part in (b"1", b"2", b"3"):
            await client.send(part)
            await asyncio.sleep(0.02)  # so that they are chunks of their own
        heard = await client.receive(3)
        took = time.monotonic() - began

        assert heard == b"123"
        assert 0.4 <= took < 1.0, "a delay of each chunk, not of one after the other"


async def test_jitter_adds_to_a_delay() -> None:
    async with echoing() as (_, proxy), client_of(proxy) as client:
        proxy.impose(Delay(0.01, jitter=0.1))
        times = []
        for _ in range(10):
            began = time.monotonic()
            await client.echo(b"x")
            times.append(time.monotonic() - began)

    assert min(times) >= 0.02
    assert max(times) - min(times) > 0.02


async def test_what_is_delayed_arrives_at_once_when_it_is_healed() -> None:
    async with echoing() as (_, proxy), client_of(proxy) as client:
        proxy.impose(Delay(60))
        await client.send(b"waits")
        assert await client.hears_nothing()

        proxy.heal()

        assert await client.receive(5) == b"waits"


async def test_a_trickle_lets_so_many_bytes_through_a_second() -> None:
    async with echoing() as (_, proxy), client_of(proxy) as client:
        proxy.impose(Trickle(bytes_per_second=1_000))

        began = time.monotonic()
        heard = await client.echo(b"x" * 500)
        took = time.monotonic() - began

    assert heard == b"x" * 500
    assert 0.5 <= took < 3.0


async def test_a_black_hole_swallows_what_connections_that_are_there_send() -> None:
    async with echoing() as (echo, proxy), client_of(proxy) as client:
        await client.echo(b"before")
        proxy.impose(BlackHole())

        await client.send(b"lost")

        assert await client.hears_nothing()
        assert (echo.received, echo.endings) == (b"before", []), "the server is told nothing"


async def test_a_black_hole_accepts_new_connections_that_reach_nobody() -> None:
    async with echoing() as (echo, proxy):
        proxy.impose(BlackHole())
        async with client_of(proxy) as client:
            await client.send(b"lost")

            assert await client.hears_nothing()
            assert echo.connections == 0

            proxy.heal()
            assert await client.is_reset()


async def test_after_a_black_hole_connections_that_lost_something_are_reset_and_others_go_on() -> None:
    async with echoing() as (_, proxy), client_of(proxy) as loser, client_of(proxy) as silent:
        await loser.echo(b"1")
        await silent.echo(b"2")
        proxy.impose(BlackHole())
        await loser.send(b"lost")
        assert await loser.hears_nothing()

        proxy.heal()

        assert await loser.is_reset()
        assert await silent.echo(b"still here") == b"still here"


async def test_in_a_black_hole_the_server_is_not_told_that_the_client_ended() -> None:
    async with echoing() as (echo, proxy):
        async with client_of(proxy) as client:
            await client.echo(b"before")
            proxy.impose(BlackHole())
        await asyncio.sleep(_SILENCE)
        assert echo.endings == []

        proxy.heal()

        assert await echo.until_ended() == ["reset"]


async def test_half_open_ends_the_servers_side_and_tells_the_client_nothing() -> None:
    async with echoing() as (echo, proxy), client_of(proxy) as client:
        await client.echo(b"before")

        proxy.impose(HalfOpen())

        assert await echo.until_ended() == ["reset"]
        assert await client.hears_nothing()
        await client.send(b"lost")
        assert await client.hears_nothing()


async def test_after_half_open_a_client_learns_of_it_when_it_sends_and_not_before() -> None:
    async with echoing() as (echo, proxy), client_of(proxy) as client:
        await client.echo(b"before")
        proxy.impose(HalfOpen())
        await echo.until_ended()

        proxy.heal()
        assert await client.hears_nothing()
        await client.send(b"is anybody there")

        assert await client.is_reset()
        assert echo.received == b"before"


async def test_half_open_accepts_new_connections_that_reach_nobody() -> None:
    async with echoing() as (echo, proxy):
        proxy.impose(HalfOpen())
        async with client_of(proxy) as client:
            await client.send(b"lost")

            assert await client.hears_nothing()
            assert echo.connections == 0


async def test_refuse_resets_new_connections_and_leaves_others_alone() -> None:
    async with echoing() as (echo, proxy), client_of(proxy) as earlier:
        await earlier.echo(b"before")
        proxy.impose(Refuse())

        assert await _is_turned_away(proxy)

        assert await earlier.echo(b"goes on") == b"goes on"
        assert echo.connections == 1


@pytest.mark.parametrize(("share", "resets"), [(0.0, 0), (1.0, 20)])
async def test_drop_resets_that_share_of_connections(share: float, resets: int) -> None:
    async with echoing() as (_, proxy):
        proxy.impose(Drop(share))

        assert await _resets(proxy) == resets


async def test_drop_resets_some_with_a_share_between() -> None:
    async with echoing() as (_, proxy):
        proxy.impose(Drop(0.3))

        assert 2 <= await _resets(proxy) <= 18  # each has two chunks: 51 % of 20


async def test_a_cut_resets_both_sides_of_all_and_lets_new_ones_in() -> None:
    async with echoing() as (echo, proxy), client_of(proxy) as first, client_of(proxy) as second:
        await first.echo(b"1")
        await second.echo(b"2")
        assert proxy.connections == 2

        proxy.cut()

        assert await first.is_reset()
        assert await second.is_reset()
        async with client_of(proxy) as later:
            assert await later.echo(b"new") == b"new"
        assert echo.endings[:2] == ["reset", "reset"]


async def test_a_server_that_is_down_looks_like_a_reset() -> None:
    async with proxying("127.0.0.1", free_port()) as proxy:
        assert await _is_turned_away(proxy)


@pytest.mark.parametrize("fault", [None, Delay(30), Trickle(1), BlackHole(), HalfOpen(), Refuse(), Drop(0.5)])
async def test_a_proxy_ends_whatever_is_under_way(fault: Fault | None) -> None:
    async with echoing() as (_, proxy), client_of(proxy) as client:
        await client.echo(b"before")
        if fault is not None:
            proxy.impose(fault)
        with contextlib.suppress(ConnectionError):
            await client.send(b"x" * 100_000)


async def _is_turned_away(proxy: Proxy) -> bool:
    """Whether a new connection is reset, which its client may meet while it connects or right after."""
    try:
        async with client_of(proxy) as client:
            return await client.is_reset()
    except ConnectionResetError:
        return True


async def _resets(proxy: Proxy) -> int:
    count = 0
    for _ in range(20):
        async with client_of(proxy) as client:
            try:
                assert await client.echo(b"x") == b"x"
            except (ConnectionResetError, asyncio.IncompleteReadError):
                count += 1
    return count
