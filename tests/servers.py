"""Real servers for tests: an ASGI application on a free port of this machine, in a thread of its own."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: for clients of servers like these. One of a client's own reads all authorities of the machine first."""

_TURNS_OF_THE_LOOP = 10
"""So many, and a server has seen that a client beside it has closed its connections."""


@contextmanager
def run_server(app: Any, *, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve the application and yield its address, "http://127.0.0.1:PORT", once its lifespan has begun.

    `port` 0 is any free one. `options` go to `uvicorn.Config`. Leaving ends the lifespan and closes every connection.
    """
    defaults: dict[str, Any] = {
        "log_config": None,
        "ws": "websockets-sansio",
        "timeout_graceful_shutdown": 1,
        "proxy_headers": False,
    }
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = _Server(uvicorn.Config(app, **(defaults | options)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            server.wait_until_ready(thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.stop()
            thread.join()


class _Server(uvicorn.Server):
    """Says when it is ready, and stops when told instead of within the next tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets=sockets)
        finally:
            self._ready.set()

    def wait_until_ready(self, thread: threading.Thread) -> None:
        self._ready.wait()
        if not self.started:
            thread.join()
            raise RuntimeError("the application's lifespan did not begin; the log says why")

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End at once where nobody is connected any more. uvicorn waits for a tenth of a second first, whoever is."""
        for server in self.servers:
            server.close()
        for _ in range(_TURNS_OF_THE_LOOP):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for listener in sockets or []:
            listener.close()
        await self.lifespan.shutdown()

    def stop(self) -> None:
        self.should_exit = True
        with suppress(RuntimeError):  # its loop has ended by itself
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)
