"""A bad network on demand: a TCP proxy of this machine's own whose faults a test imposes and heals.

It runs in a thread of its own, so a test that waits for a process does not hold it up.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

_CHUNK_BYTES = 65_536
_CHUNKS_UNDER_WAY = 64
_SLICES_A_SECOND = 20
_PATIENCE_SECONDS = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing throws away what is unsent and tells the other side by RST."""


@dataclass(frozen=True)
class Delay:
    """Every chunk arrives `seconds` later, and up to `jitter` seconds more; the order stays."""

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True)
class Trickle:
    """So many bytes a second in each direction of each connection."""

    bytes_per_second: int


@dataclass(frozen=True)
class BlackHole:
    """Connections are accepted and stay open, nothing that is sent arrives, neither side is told of the other's end.

    Once it is over, connections that lost something are reset.
    """


@dataclass(frozen=True)
class HalfOpen:
    """The server's side is gone and the client is not told.

    Once it is over, such a connection is reset when the client next sends something.
    """


@dataclass(frozen=True)
class Refuse:
    """New connections are reset at once; those that are there go on."""


@dataclass(frozen=True)
class Drop:
    """Each chunk resets its connection with this probability (0 to 1) instead of arriving."""

    share: float


Fault = Delay | Trickle | BlackHole | HalfOpen | Refuse | Drop


@asynccontextmanager
async def proxying(host: str, port: int, *, random: Random | None = None) -> AsyncIterator["Proxy"]:
    """Yield a proxy on 127.0.0.1 in front of (host, port). `random` chooses jitter and drops."""
    relay = _Relay(host, port, random=random or Random())  # noqa: S311 - a test's choices
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True, name="proxy")
    thread.start()
    try:
        proxy = Proxy(relay, loop, port=_wait_for(relay.open(), loop))
        yield proxy
    finally:
        _wait_for(relay.close(), loop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Proxy:
    """What a test holds. Every call has taken effect when it returns."""

    def __init__(self, relay: "_Relay", loop: asyncio.AbstractEventLoop, *, port: int) -> None:
        self.port = port
        self._relay = relay
        self._loop = loop

    @property
    def refused(self) -> int:
        """How many connections were refused so far."""
        return self._do(lambda: self._relay.refused)

    @property
    def connections(self) -> int:
        """How many connections are there now."""
        return self._do(lambda: len(self._relay.wires))

    def impose(self, fault: Fault) -> None:
        """Let the fault rule, in place of the one before, over connections present and new."""
        self._do(lambda: self._relay.impose(fault))

    def heal(self) -> None:
        self._do(lambda: self._relay.impose(None))

    def cut(self) -> None:
        """Reset all present connections, on both sides."""
        self._do(self._relay.cut)

    def _do(self, action: Callable[[], T]) -> T:
        async def act() -> T:
            return action()

        return _wait_for(act(), self._loop)


def _wait_for(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    return asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE_SECONDS)


class _Relay:
    """The proxy inside its thread."""

    def __init__(self, host: str, port: int, *, random: Random) -> None:
        self.address = (host, port)
        self.random = random
        self.fault: Fault | None = None
        self.wires: set[_Wire] = set()
        self.refused = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    async def open(self) -> int:
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self.impose(None)
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def impose(self, fault: Fault | None) -> None:
        self.fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        for wire in list(self.wires):
            wire.meet(fault)

    def cut(self) -> None:
        for wire in list(self.wires):
            wire.reset()

    async def wait(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as another fault rules."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = _Wire(self, _End(reader, writer))
        self.wires.add(wire)
        try:
            await wire.run()
        finally:
            wire.close()
            self.wires.discard(wire)


@dataclass(frozen=True)
class _End:
    """A connection's socket towards the client, or towards the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def reset(self) -> None:
        connection = self.writer.get_extra_info("socket")
        if not self.writer.transport.is_closing() and connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.writer.transport.abort()


class _Wire:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, relay: _Relay, client: _End) -> None:
        self._relay = relay
        self._client = client
        self._server: _End | None = None
        self._has_lost_bytes = False
        self._is_half = False

    async def run(self) -> None:
        """Carry both ways until both sides have ended."""
        match self._relay.fault:
            case Refuse():
                self._relay.refused += 1
                self.reset()
            case BlackHole():
                self._has_lost_bytes = True
                await self._pump(self._client, None)
            case HalfOpen():
                self._is_half = True
                await self._pump(self._client, None)
            case _:
                await self._run_whole()

    def meet(self, fault: Fault | None) -> None:
        """Take over what another fault means for a connection that is there."""
        if isinstance(fault, HalfOpen):
            self._is_half = True
            if self._server is not None:
                self._server.reset()
        elif self._has_lost_bytes and not self._is_half and not isinstance(fault, BlackHole):
            self.reset()

    def reset(self) -> None:
        for end in self._ends():
            end.reset()

    def close(self) -> None:
        for end in self._ends():
            end.writer.close()

    def _ends(self) -> list[_End]:
        return [self._client] + ([self._server] if self._server is not None else [])

    async def _run_whole(self) -> None:
        try:
            self._server = _End(*await asyncio.open_connection(*self._relay.address))
        except OSError:
            self.reset()
            return
        if self._client.writer.is_closing() or self._is_half:
            self._server.reset()  # it was cut while the server was being reached
        await asyncio.gather(self._pump(self._client, self._server), self._pump(self._server, self._client))

    async def _pump(self, source: _End, target: _End | None) -> None:
        """Carry one direction to its end."""
        chunks: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
        delivering = asyncio.create_task(self._deliver(chunks, target, is_to_client=target is self._client))
        try:
            with contextlib.suppress(ConnectionError):
                while chunk := await source.reader.read(_CHUNK_BYTES):
                    await chunks.put((_now(), chunk))
            if source.reader.exception() is not None and not self._is_swallowing():
                self.reset()
            await chunks.put((_now(), b""))
            await delivering
        finally:
            delivering.cancel()

    async def _deliver(self, chunks: asyncio.Queue[tuple[float, bytes]], target: _End | None, *, is_to_client: bool) -> None:
        while True:
            taken, chunk = await chunks.get()
            await self._hold_back(taken)
            if self._is_swallowing():
                self._has_lost_bytes = True
            elif self._is_half:
                if not is_to_client and chunk:
                    self.reset()
            elif target is not None and not target.writer.is_closing():
                with contextlib.suppress(OSError):  # also "not connected", of a side that has just ended
                    await self._write(chunk, target.writer)
            if not chunk:
                return

    def _is_swallowing(self) -> bool:
        return isinstance(self._relay.fault, BlackHole | HalfOpen)

    async def _hold_back(self, taken: float) -> None:
        luck = self._relay.random.random()
        while isinstance(fault := self._relay.fault, Delay):
            left = taken + fault.seconds + fault.jitter * luck - _now()
            if left <= 0:
                return
            await self._relay.wait(left)

    async def _write(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        if not chunk:
            writer.write_eof()
            return
        match self._relay.fault:
            case Drop(share) if self._relay.random.random() < share:
                self.reset()
            case Trickle(bytes_per_second):
                await self._trickle(chunk, writer, bytes_per_second=bytes_per_second)
            case _:
                writer.write(chunk)
                await writer.drain()

    async def _trickle(self, chunk: bytes, writer: asyncio.StreamWriter, *, bytes_per_second: int) -> None:
        fault = self._relay.fault
        size = max(1, bytes_per_second // _SLICES_A_SECOND)
        for start in range(0, len(chunk), size):
            piece = chunk[start : start + size]
            if self._relay.fault is fault:
                await self._relay.wait(len(piece) / bytes_per_second)
            if self._is_swallowing():
                self._has_lost_bytes = True
                return
            writer.write(piece)
            await writer.drain()


def _now() -> float:
    return asyncio.get_running_loop().time()
