"""The web server of one process, which leaves in good order: everybody answered, told what there is and sent away first."""

import asyncio
import contextlib
import errno
import math
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.console import control_socket as lines
from app.console.heap import gc_frozen
from app.errors import StatedProblem
from app.settings import Settings
from app.web.stopping import ANSWER_SECONDS, LISTEN_SECONDS, SETTLE_SECONDS, Stopping
from app.web.wire.http_connection import HttpConnection
from app.web.wire.places import Places
from app.web.wire.websocket_connection import WebSocketConnection

_LARGEST_MESSAGE = 1024 * 1024
_BACKLOG = 2048

_IDLE_SECONDS = 75
"""How long an idle connection is kept: longer than clients and load balancers do, or a request would meet its end on the way."""

_ECHO_SECONDS = 1.0
"""How long clients may take to answer the close of a socket: one that is cut off instead may lose what it has not read."""

_LEAVE_SECONDS = 1
"""How long whoever asks how a process is may go on asking, once that process is at its end."""

_LOOK_EVERY_SECONDS = 0.05


def bind(*, host: str, port: int) -> socket.socket:
    """Return a socket that has the port and does not listen yet. Raises StatedProblem where another has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _cannot_listen(host, port, error) from error
    return bound


def begin_to_listen(bound: socket.socket) -> None:
    """Have a bound socket take connections. Raises StatedProblem where another was faster."""
    try:
        bound.listen(_BACKLOG)
    except OSError as error:
        host, port = bound.getsockname()[:2]
        raise _cannot_listen(host, port, error) from error


def listen(*, host: str, port: int) -> socket.socket:
    """Return the listening socket. Raises StatedProblem where there can be none, such as where somebody else listens."""
    listener = bind(host=host, port=port)
    try:
        begin_to_listen(listener)
    except BaseException:
        listener.close()
        raise
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> StatedProblem:
    mend = ": another program listens there. Stop it, or choose another port" if error.errno == errno.EADDRINUSE else ""
    return StatedProblem(f"{host}:{port} cannot be listened on: {error.strerror}{mend}.")


def configure(app: Starlette, *, settings: Settings, host: str, port: int) -> uvicorn.Config:
    """Return how an application is served here, whatever it is."""
    places = Places(settings.connections_per_address)
    connection = partial(HttpConnection, places=places, trusted=settings.trusted_proxies)
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_SECONDS,
        loop="uvloop",
        http=cast("type[asyncio.Protocol]", connection),  # uvicorn only calls it
        ws=WebSocketConnection,
        ws_max_size=_LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
    )


@contextlib.asynccontextmanager
async def answering(app: Starlette, *, settings: Settings, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application beside what this process is there for, for as long as that goes on."""
    host, port = listener.getsockname()[:2]
    config = configure(app, settings=settings, host=host, port=port)
    config.timeout_graceful_shutdown = _LEAVE_SECONDS
    server = _Beside(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="answering")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class WebServer(uvicorn.Server):
    """Serves until SIGTERM or SIGINT, and then ends with exit code 0, in some 25 seconds at most; a second one ends it at once.

    `line` leads to the process that has started this one: it is answered while this one serves, and its end is a SIGTERM.
    """

    def __init__(self, config: uvicorn.Config, *, stopping: Stopping, line: socket.socket | None = None) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._line = line
        self._answering: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._line is not None:
            self._answering = asyncio.create_task(lines.keep(self._line), name="line")

    async def main_loop(self) -> None:
        with gc_frozen():
            await super().main_loop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.tell()
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        await self._let_sockets_go()
        # What is left are requests; those for a sign-in may be waiting for an exchange of tokens.
        self.config.timeout_graceful_shutdown = math.ceil(self._stopping.left(SETTLE_SECONDS))
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        del sig, frame
        self.should_exit = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Exit code 0 when it was told to stop: uvicorn would end by the same signal once more."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    async def _let_sockets_go(self) -> None:
        """Return once the application has closed every WebSocket (1012), and its client too where that does not take long."""
        while self._has_sockets(open_only=True) and self._stopping.left(ANSWER_SECONDS + _ECHO_SECONDS):
            if not self._stopping.left(LISTEN_SECONDS):
                self._cut_off_slow_readers()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ECHO_SECONDS):
                while self._has_sockets():  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _has_sockets(self, *, open_only: bool = False) -> bool:
        sockets = (each for each in self.server_state.connections if isinstance(each, WebSocketsSansIOProtocol))
        return any(not (open_only and each.close_sent) for each in sockets)

    def _cut_off_slow_readers(self) -> None:
        """Cut off those who have not read by now: they go on from their cursors."""
        for connection in list(self.server_state.connections):
            if connection.transport.get_write_buffer_size():
                connection.transport.abort()


class _Beside(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to what it stands beside."""
        yield
