"""A Redis of a test's own, to kill, flush and halt."""

import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.faults.programs import program
from tests.processes import free_port

_START_SECONDS = 30.0


@dataclass
class RedisServer:
    """Keeps nothing over its end. `log` is all that the server ever wrote."""

    folder: Path
    port: int
    password: str | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        who = f":{self.password}@" if self.password is not None else ""
        return f"redis://{who}127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    def start(self) -> None:
        """Start it where it does not run, and return once it answers."""
        if self.process is not None:
            return
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": str(self.folder)}
        if self.password is not None:
            options["requirepass"] = self.password
        command = [program("redis-server"), *(part for name, value in options.items() for part in (f"--{name}", value))]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - a server
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_answering():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, "Redis does not answer"
            time.sleep(0.01)  # asked again until it answers

    def kill(self) -> None:
        """End it at once, as power loss would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def flush(self) -> None:
        """Delete every key."""
        with redis.Redis.from_url(self.url, socket_timeout=5) as client:
            client.flushall()

    def halt(self) -> None:
        """Stop it where it stands: connections stay, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)

    def _is_answering(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@asynccontextmanager
async def redis_server(folder: Path, *, password: str | None = None) -> AsyncIterator[RedisServer]:
    """Yield a running server, ended at the end."""
    server = RedisServer(folder=folder, port=free_port(), password=password)
    try:
        server.start()
        yield server
    finally:
        server.kill()
