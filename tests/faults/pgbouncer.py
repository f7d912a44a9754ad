"""A pgbouncer of a test's own in front of a PostgreSQL, as Debian's package has it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import asyncpg

from tests.faults.postgres import PostgresServer, server_user
from tests.faults.programs import program
from tests.processes import free_port

_START_SECONDS = 30.0


@dataclass(frozen=True)
class Pooler:
    port: int
    log: Path

    def url(self, database: str = "postgres", *, user: str = "postgres") -> str:
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}"


@asynccontextmanager
async def pgbouncer(
    server: PostgresServer, *, mode: str, options: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Pooler]:
    """Yield a running one that pools by `mode` (session, transaction, statement) and is else as it comes, but for `options`."""
    folder = server.cluster / f"pgbouncer-{mode}"
    folder.mkdir()
    pooler = Pooler(free_port(), folder / "log")
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(pooler.port),
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": mode,
        "logfile": str(pooler.log),
        **options,
    }
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    file = folder / "pgbouncer.ini"
    file.write_text(f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n[pgbouncer]\n{lines}\n")
    user = server_user()
    if user is not None:
        for path in (folder, file):
            await asyncio.to_thread(subprocess.run, ["chown", user, str(path)], check=True)
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - the pooler itself; it does not wait
        [program("pgbouncer"), "--quiet", str(file)], stdin=subprocess.DEVNULL, user=user, cwd=folder
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _is_listening(pooler.port):
                assert process.poll() is None, pooler.log.read_text()
                await asyncio.sleep(0.02)  # asked again until it listens
        yield pooler
    finally:
        process.kill()
        process.wait()


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def execute(url: str, *statements: str) -> None:
    """Run statements as an operator does, one by one."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
