"""One of several server processes, seen from the one that has started it."""

import asyncio
import contextlib
import os
import socket
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import structlog

from app.console.control_socket import ANSWER, QUESTION
from app.console.watchdog import Patience, Responsiveness, Stall, find_stall, processor_seconds, wants_nothing
from app.telemetry import meters

END_SECONDS = 30.0
"""How long a process may take to end; it needs some 25 seconds at most."""

_LONGER = 5
"""How many times as long a process may take to serve that is at work on it: starting others would make it later still."""

_log = structlog.get_logger("workers")

Command = Callable[[int, int], Sequence[str]]
"""Returns the command of a server process, given its file descriptors of the listening socket and of its line to this process."""


class ServerProcess:
    """One server process, and the line to it."""

    def __init__(self, process: Process, line: socket.socket, *, metrics: Path, patience: Patience) -> None:
        self._process = process
        self._metrics = metrics
        self._patience = patience
        self._heard_at = self._turned_at = time.monotonic()
        self._heard = self._turned = processor_seconds(process.pid)
        self._tasks = (asyncio.create_task(self._ask(line)), asyncio.create_task(self._kill_unless_ready()))
        self._is_told = False
        self.is_ready = asyncio.Event()

    @classmethod
    async def start(cls, command: Command, listener: socket.socket, *, metrics: Path, patience: Patience) -> Self:
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
        return cls(process, ours, metrics=metrics, patience=patience)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        return self._process.returncode

    @property
    def stall(self) -> Stall | None:
        """Why it has to be replaced; None while it may go on, or is only just starting."""
        return find_stall(self._responsiveness(), patience=self._patience) if self._is_watched else None

    @property
    def turns(self) -> bool:
        """Whether it answers those who come now."""
        return self._is_watched and self._responsiveness().still < self._patience.halted

    def say_why(self, stall: Stall) -> None:
        """Log why it is about to be killed."""
        seen = self._responsiveness()
        _log.warning(
            "server process is killed",
            pid=self.pid,
            why=stall,
            silent_seconds=round(seen.silent, 1),
            still_seconds=round(seen.still, 1),
            cpu_seconds=round(seen.cpu_still, 1) if seen.cpu_still is not None else None,
        )

    async def gone(self) -> None:
        """Return once the process has ended."""
        await self._process.wait()
        for task in self._tasks:
            task.cancel()
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
        """Tell the process to stop, and return once it has; kill it when that takes too long, or it stands still."""
        if not self._is_told:  # a second time would end it at once
            self._is_told = True
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        watching = asyncio.create_task(self._kill_when_halted())
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.gone()
        except TimeoutError:
            await self.kill()
        finally:
            watching.cancel()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.gone()

    @property
    def _is_watched(self) -> bool:
        return self.is_ready.is_set() and self.code is None

    def _responsiveness(self) -> Responsiveness:
        now, used = time.monotonic(), processor_seconds(self.pid)
        return Responsiveness(
            silent=now - self._heard_at,
            still=now - self._turned_at,
            cpu_silent=_difference(self._heard, used),
            cpu_still=_difference(self._turned, used),
            is_waiting=wants_nothing(self.pid),
        )

    async def _ask(self, line: socket.socket) -> None:
        """Ask the process again and again how it is."""
        reader, writer = await asyncio.open_connection(sock=line)
        try:
            self._note(await _answer(reader, writer))
            self.is_ready.set()
            _log.info("server process serves", pid=self.pid)
            while True:
                await asyncio.sleep(self._patience.look_every)
                self._note(await _answer(reader, writer))
        except (OSError, EOFError):
            pass  # it is ending
        finally:
            writer.close()

    def _note(self, still: float) -> None:
        self._heard_at, self._heard = time.monotonic(), processor_seconds(self.pid)
        turned_at = self._heard_at - still
        if turned_at > self._turned_at + self._patience.look_every / 2:  # later than before by more than answers take
            self._turned_at, self._turned = turned_at, self._heard

    async def _kill_unless_ready(self) -> None:
        for _ in range(_LONGER):
            await asyncio.sleep(self._patience.start)
            if self.is_ready.is_set():
                return
            if wants_nothing(self.pid):
                break
        used = processor_seconds(self.pid)
        _log.warning("server process is killed", pid=self.pid, why="does not come to serve", cpu_seconds=used)
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _kill_when_halted(self) -> None:
        seen: Stall | None = None
        while True:
            await asyncio.sleep(self._patience.look_every)
            before, seen = seen, self.stall
            if before is seen is Stall.HALTED:
                self.say_why(Stall.HALTED)
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                return


def _difference(before: float | None, now: float | None) -> float | None:
    return now - before if before is not None and now is not None else None


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> float:
    """Ask, and return for how many seconds the process' loop has not turned."""
    writer.write(QUESTION)
    seconds: float = ANSWER.unpack(await reader.readexactly(ANSWER.size))[0]
    return seconds
