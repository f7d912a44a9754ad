"""What a running process holds: its memory, its threads, its files, and what `counted` tells of its inside."""

import json
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tests.journeys.counted import Counts
from tests.journeys.soaking import until
from tests.processes import Service

_COUNTED_SECONDS = 20.0


@dataclass(frozen=True)
class Footprint:
    """`files` are the open files and sockets by what they are: a caller's, the database's, the provider's, Redis', others."""

    memory: float
    """Resident, in MiB."""

    threads: int
    files: dict[str, int]
    database_connections: int
    counts: Counts

    @property
    def tasks(self) -> int:
        return sum(self.counts.tasks.values())

    def __str__(self) -> str:
        return (
            f"{self.memory:.1f} MiB, {self.counts.blocks:,} blocks, {self.tasks} tasks, {self.threads} threads, "
            f"{sum(self.files.values())} files {self.files}, "
            f"{self.database_connections} connections in the database"
        )


async def take_footprint(service: Service, *, counted: Path) -> Footprint:
    """Have the service counted; `counted` is the file that it writes that to."""
    _forget(counted)
    service.tell(signal.SIGUSR1)

    async def is_written() -> bool:
        return _is_there(counted)

    await until(is_written, seconds=_COUNTED_SECONDS)
    return Footprint(
        memory=memory_of(service),
        threads=int(_status_of(service)["Threads"]),
        files=dict(_files_of(service)),
        database_connections=await _connections_in(service.database_url),
        counts=_read(counted),
    )


def memory_of(service: Service) -> float:
    """Return the process's resident memory in MiB."""
    return int(_status_of(service)["VmRSS"].removesuffix("kB")) / 1024


def _forget(counted: Path) -> None:
    counted.unlink(missing_ok=True)


def _is_there(counted: Path) -> bool:
    return counted.exists()


def _read(counted: Path) -> Counts:
    return Counts(**json.loads(counted.read_text()))


def _status_of(service: Service) -> dict[str, str]:
    lines = (_place(service) / "status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _files_of(service: Service) -> Counter[str]:
    sockets = {inode: _peer(service, local, remote) for inode, local, remote in _connections(service)}
    kinds: Counter[str] = Counter()
    for link in (_place(service) / "fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:  # closed meanwhile
            continue
        kinds[sockets.get(target, "others")] += 1
    return kinds


def _peer(service: Service, local: int, remote: int) -> str:
    named = {service.sandbox_port: "provider", _database_port(service): "database", 6379: "redis"}
    return "callers" if local == service.port and remote else named.get(remote, "others")


def _database_port(service: Service) -> int | None:
    return None if service.database_url.startswith("sqlite:") else urlsplit(service.database_url).port or 5432


def _connections(service: Service) -> list[tuple[str, int, int]]:
    """Return each TCP socket of the machine, as a link to it is written, with the ports of its two ends."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in (_place(service) / "net" / table).read_text().splitlines()[1:]:
            parts = line.split()
            local, remote = (int(end.rpartition(":")[2], 16) for end in parts[1:3])
            found.append((f"socket:[{parts[9]}]", local, remote))
    return found


def _place(service: Service) -> Path:
    assert service.process is not None
    return Path("/proc") / str(service.process.pid)


async def _connections_in(database_url: str) -> int:
    """Return how many connections to the database there are beside this one; none where it is a file."""
    if database_url.startswith("sqlite:"):
        return 0
    connection = await asyncpg.connect(database_url)
    try:
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return int(await connection.fetchval(others))
    finally:
        await connection.close()


def slope(samples: list[tuple[float, float]]) -> float:
    """Return how fast the second number grows with the first, by least squares."""
    middle, height = (sum(column) / len(samples) for column in zip(*samples, strict=True))
    spread = sum((at - middle) ** 2 for at, _ in samples)
    return sum((at - middle) * (value - height) for at, value in samples) / spread if spread else 0.0
