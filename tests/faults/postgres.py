"""A PostgreSQL of a test's own, to stop hard and start again."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import asyncpg

from tests.faults.programs import program
from tests.processes import free_port

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_UNPRIVILEGED = "postgres"
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "32MB",
}


@dataclass
class PostgresServer:
    """`log` is all that the server ever wrote."""

    cluster: Path
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    async def start(self) -> None:
        """Start it where it does not run, and return once it takes connections."""
        if self.process is not None:
            return
        options = [option for name, value in {**_OPTIONS, **self.options}.items() for option in ("-c", f"{name}={value}")]
        command = [program("postgres"), "-D", str(self.cluster), "-p", str(self.port), *options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - the server itself; it does not wait
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=server_user(), cwd=self.cluster
            )
        async with asyncio.timeout(_START_SECONDS):
            while not await self._is_answering():
                assert self.process.poll() is None, self.log.read_text()[-3000:]
                await asyncio.sleep(0.05)  # asked again until it answers

    async def stop_hard(self) -> None:
        """End every process of it at once, without a checkpoint: the next start recovers from the log."""
        await self._stop(signal.SIGQUIT)

    async def restart(self) -> None:
        """Let it end every session with a word (57P01) and start again, as an operator does; start it where it is down."""
        await self._stop(signal.SIGINT)
        await self.start()

    async def _stop(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        await asyncio.to_thread(self.process.wait, _STOP_SECONDS)
        self.process = None

    async def _is_answering(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url(), timeout=5)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


@asynccontextmanager
async def postgres_server(
    folder: Path, *, options: Mapping[str, str] = MappingProxyType({}), prepare: Callable[[Path], None] = lambda _cluster: None
) -> AsyncIterator[PostgresServer]:
    """Yield a running server with a cluster of its own (superuser postgres, no password), ended and deleted at the end.

    `options` are the server's own, beside what all of them have; `prepare` is given the cluster's folder before the start.
    """
    cluster = _make_folder(folder)
    try:
        await asyncio.to_thread(_make_cluster, cluster)
        prepare(cluster)
        server = PostgresServer(cluster=cluster, log=folder / "postgres.log", port=free_port(), options=options)
        try:
            await server.start()
            yield server
        finally:
            await server.stop_hard()
    finally:
        await asyncio.to_thread(shutil.rmtree, cluster, ignore_errors=True)


def server_user() -> str | None:
    """PostgreSQL does not run as root."""
    return _UNPRIVILEGED if os.geteuid() == 0 else None


def _make_folder(folder: Path) -> Path:
    """Return an empty folder that the server's user owns and can reach: root's temporary folders are closed to others."""
    user = server_user()
    if user is None:
        cluster = folder / "postgres"
        cluster.mkdir()
        return cluster
    cluster = Path(tempfile.mkdtemp(prefix="postgres-of-a-test-"))
    shutil.chown(cluster, user)
    return cluster


def _make_cluster(cluster: Path) -> None:
    command = [program("initdb"), "-D", str(cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    made = subprocess.run(command, capture_output=True, check=False, text=True, user=server_user(), cwd=cluster)  # noqa: S603
    assert made.returncode == 0, made.stderr
