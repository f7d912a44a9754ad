"""Several server processes over one listening socket: one that ends or hangs is replaced, and all can be, one after another.

None is killed while it is merely busy; never two at once; and none that others could not stand in for, before a successor serves.
"""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import structlog

from app.console.server_process import Command, ServerProcess
from app.console.signals import stop_when_told
from app.console.watchdog import Patience, Stall

_AGAIN_AFTER_SECONDS = 1.0
_log = structlog.get_logger("workers")


class Workers:
    """Keeps `count` processes until SIGTERM or SIGINT; SIGHUP replaces them one by one. A second SIGTERM ends all at once.

    `metrics` is an empty directory in which each of them counts, so that whichever is asked can tell for all.
    """

    def __init__(
        self, command: Command, *, count: int, listener: socket.socket, metrics: Path, patience: Patience | None = None
    ) -> None:
        self._command = command
        self._metrics = metrics
        self._patience = patience or Patience()
        self._listener = listener
        self._count = count
        self._serving: list[ServerProcess] = []
        self._leaving: list[ServerProcess] = []
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
        tasks.append(asyncio.create_task(self._watch()))
        tasks.append(asyncio.create_task(self._stopping.wait()))
        ended, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._listener.close()
        await asyncio.gather(*(worker.end() for worker in (*self._serving, *self._leaving)))
        for task in ended:
            task.result()  # a fault of ours ends the service: whoever runs it starts it anew

    async def _start(self) -> ServerProcess:
        while True:
            try:
                return await ServerProcess.start(self._command, self._listener, metrics=self._metrics, patience=self._patience)
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

    async def _watch(self) -> None:
        """Replace those that hang, one after another. What is seen twice in a row counts: this process may have stood still."""
        suspects: set[ServerProcess] = set()
        while True:
            await asyncio.sleep(self._patience.look_every)
            found = {worker for worker in self._serving if worker.stall is not None}
            for place, worker in enumerate(list(self._serving)):
                stall = worker.stall if worker in found & suspects else None
                if stall is not None:
                    await self._replace(place, worker, stall)
            suspects = found

    async def _replace(self, place: int, old: ServerProcess, stall: Stall) -> None:
        if any(other.turns for other in self._serving if other is not old):
            await self._kill_and_replace(place, old, stall)
        else:
            await self._replace_and_kill(place, old)

    async def _kill_and_replace(self, place: int, old: ServerProcess, stall: Stall) -> None:
        """Others stand in meanwhile; return once the successor serves, so that they are not ended too before it does."""
        async with self._changing:
            if self._serving[place] is not old:
                return
            old.say_why(stall)
            self._serving[place] = new = await self._start()
            await old.kill()
        await new.comes_to_serve()

    async def _replace_and_kill(self, place: int, old: ServerProcess) -> None:
        """Nobody else serves. Where it has come back by the time that its successor serves, it is let be."""
        new = await self._start()
        try:
            await new.comes_to_serve()
        except asyncio.CancelledError:
            await new.kill()
            raise
        async with self._changing:
            stall = old.stall if self._serving[place] is old else None
            if stall is not None:
                old.say_why(stall)
                self._serving[place] = new
                await old.kill()
        if stall is None:
            _log.info("server process goes on", pid=old.pid)
            await self._let_go(new)

    async def _let_go(self, worker: ServerProcess) -> None:
        self._leaving.append(worker)
        await worker.end()
        self._leaving.remove(worker)

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
            await self._let_go(old)
        return True
