"""Several server processes over one listening socket: one that ends or hangs is replaced, and all can be, one after another."""

import asyncio
import contextlib
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from app.console.signals import stop_when_told
from app.telemetry import meters

START_SECONDS = 60.0
"""How long a process may take to serve; one that takes longer is killed."""

HANG_SECONDS = 10.0
"""How long a process that serves may leave a question unanswered; one that takes longer is killed."""

END_SECONDS = 30.0
"""How long a process may take to end; it needs some 25 seconds at most."""

_ASK_EVERY_SECONDS = 1.0
_AGAIN_AFTER_SECONDS = 1.0
_ASKED = b"?"
_log = structlog.get_logger("workers")

Command = Callable[[int, int], Sequence[str]]
"""Returns the command of a server process, given its file descriptors of the listening socket and of its line to this process."""


class Workers:
    """Keeps `count` processes until SIGTERM or SIGINT; SIGHUP replaces them one by one. A second SIGTERM ends all at once.

    `metrics` is an empty directory in which each of them counts, so that whichever is asked can tell for all.
    """

    def __init__(self, command: Command, *, count: int, listener: socket.socket, metrics: Path) -> None:
        self._command = command
        self._metrics = metrics
        self._listener = listener
        self._count = count
        self._serving: list[_Worker] = []
        self._leaving: list[_Worker] = []
        self._changing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._renewing = asyncio.Event()

    async def run(self) -> None:
        """Return once it was told to stop and every process has ended."""
        # Told a second time this process ends, and with it the lines of the others: then they end at once too.
        stop_when_told(self._stopping.set)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._renewing.set)
        self._serving = [await self._start() for _ in range(self._count)]
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self._keep(place)) for place in range(self._count)]
        tasks.append(asyncio.create_task(self._renew_when_asked()))
        tasks.append(asyncio.create_task(self._stopping.wait()))
        ended, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._listener.close()
        await asyncio.gather(*(worker.end() for worker in (*self._serving, *self._leaving)))
        for task in ended:
            task.result()  # a fault of ours ends the service: whoever runs it starts it anew

    async def _start(self) -> "_Worker":
        while True:
            try:
                return await _Worker.start(self._command, listener=self._listener, metrics=self._metrics)
            except OSError as error:
                _log.error("no server process can be started", error=type(error).__name__)
                await asyncio.sleep(_AGAIN_AFTER_SECONDS)

    async def _keep(self, place: int) -> None:
        while True:
            worker = self._serving[place]
            await worker.gone()
            if self._serving[place] is not worker:
                continue
            _log.warning("server process ended", pid=worker.pid, code=worker.code)
            if not worker.is_ready.is_set():
                await asyncio.sleep(_AGAIN_AFTER_SECONDS)
            async with self._changing:
                if self._serving[place] is worker:
                    self._serving[place] = await self._start()

    async def _renew_when_asked(self) -> None:
        while True:
            await self._renewing.wait()
            self._renewing.clear()
            if not await self._renew():
                _log.error("a new server process did not come to serve: the others stay")

    async def _renew(self) -> bool:
        for place in range(self._count):
            new = await self._start()
            try:
                if not await new.comes_to_serve():
                    return False
                async with self._changing:
                    old, self._serving[place] = self._serving[place], new
            finally:
                if self._serving[place] is not new:
                    await new.kill()
            self._leaving.append(old)
            await old.end()
            self._leaving.remove(old)
        return True


class _Worker:
    """One server process, and the line to it."""

    def __init__(self, process: Process, line: socket.socket, *, metrics: Path) -> None:
        self._process = process
        self._metrics = metrics
        self._asking = asyncio.create_task(self._ask(line))
        self._is_told = False
        self.is_ready = asyncio.Event()

    @classmethod
    async def start(cls, command: Command, *, listener: socket.socket, metrics: Path) -> "_Worker":
        ours, theirs = socket.socketpair()
        with theirs:
            inherited = (listener.fileno(), theirs.fileno())
            # A group of its own: Ctrl+C in a terminal is for this process alone, which then tells the others.
            try:
                process = await asyncio.create_subprocess_exec(
                    *command(*inherited),
                    pass_fds=inherited,
                    process_group=0,
                    env={**os.environ, meters.DIRECTORY: str(metrics)},
                )
            except OSError:
                ours.close()
                raise
        return cls(process, ours, metrics=metrics)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        return self._process.returncode

    async def gone(self) -> None:
        """Return once the process has ended."""
        await self._process.wait()
        self._asking.cancel()
        meters.forget_process(self.pid, directory=self._metrics)

    async def comes_to_serve(self) -> bool:
        ready, gone = asyncio.ensure_future(self.is_ready.wait()), asyncio.ensure_future(self.gone())
        try:
            await asyncio.wait({ready, gone}, return_when=asyncio.FIRST_COMPLETED)
            return ready.done()
        finally:
            ready.cancel()
            gone.cancel()

    async def end(self) -> None:
        """Tell the process to stop, and return once it has; kill it when that takes too long."""
        if not self._is_told:  # a second time would end it at once
            self._is_told = True
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.gone()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.gone()

    async def _ask(self, line: socket.socket) -> None:
        """Ask the process again and again whether it is there; kill it when it does not say so in time."""
        reader, writer = await asyncio.open_connection(sock=line)
        try:
            while True:
                async with asyncio.timeout(HANG_SECONDS if self.is_ready.is_set() else START_SECONDS):
                    writer.write(_ASKED)
                    await reader.readexactly(1)
                if not self.is_ready.is_set():
                    self.is_ready.set()
                    _log.info("server process serves", pid=self.pid)
                await asyncio.sleep(_ASK_EVERY_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        except (OSError, EOFError):
            pass  # it is ending
        finally:
            writer.close()
