"""What is done to the service while its clients go on: every few seconds something else, now and then several at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

import aiosqlite

from tests.faults import proxy
from tests.faults.postgres import PostgresServer
from tests.history.cluster import Cluster
from tests.history.records import Fault, History
from tests.processes import Service

_BETWEEN = (2.0, 5.0)
_MOMENT = 0.05
_LONGEST_HALT = 20.0
_MOST_SERVERS_AWAY = 2

Strike = Callable[[], Awaitable[None]]


@dataclass
class Nemesis:
    """Draws from a pack, so that each kind comes about as often as every other. One target suffers one thing at a time."""

    cluster: Cluster
    random: Random
    history: History
    _suffering: set[str] = field(default_factory=set)
    _pack: list[Callable[[], tuple[str, str, Strike] | None]] = field(default_factory=list)

    async def rage(self, *, seconds: float, faults: int = 0) -> None:
        """Go on for so long, and until so many faults have begun; return once everything is mended again."""
        ends, begun = time.monotonic() + seconds, 0
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < ends or begun < faults:
                self._bury_the_dead(group)
                chosen = self._draw()
                if chosen is None:  # who was meant suffers already: somebody else, in a moment
                    await asyncio.sleep(_MOMENT)
                    continue
                begun += 1
                self._suffering.add(chosen[1])
                group.create_task(self._strike(*chosen))
                await asyncio.sleep(self.random.uniform(*_BETWEEN))

    def _draw(self) -> tuple[str, str, Strike] | None:
        if not self._pack:
            self._pack = [
                *[self._kill] * 3,
                *[self._halt] * 3,
                *self._of_the_database(),
                self._kill_redis,
                self._flush_redis,
                self._halt_redis,
                *[self._trouble_network] * 8,
            ]
            self.random.shuffle(self._pack)
        chosen = self._pack.pop()()
        return chosen if chosen is not None and chosen[1] not in self._suffering else None

    async def _strike(self, name: str, target: str, strike: Strike) -> None:
        begun = time.time()
        try:
            await strike()
        finally:
            self._suffering.discard(target)
            self.history.faults.append(Fault(name=name, target=target, begun=begun, ended=time.time()))

    def _bury_the_dead(self, group: asyncio.TaskGroup) -> None:
        """A server that has ended by itself is found out by its law, and started again here."""
        for server in self.cluster.servers:
            if server.name not in self._suffering and server.process is not None and server.process.poll() is not None:
                group.create_task(self._strike("ended by itself", server.name, partial(self.cluster.start, server)))
                self._suffering.add(server.name)

    def _kill(self) -> tuple[str, str, Strike] | None:
        server = self._any_server()
        if server is None:
            return None

        async def strike() -> None:
            server.kill()
            await asyncio.sleep(self.random.uniform(0, 3))
            await self.cluster.start(server)

        return "kill", server.name, strike

    def _halt(self) -> tuple[str, str, Strike] | None:
        server = self._any_server()
        if server is None:
            return None

        async def strike() -> None:
            server.halt()
            try:
                await asyncio.sleep(self.random.triangular(1, _LONGEST_HALT, 4))
            finally:
                server.go_on()

        return "halt", server.name, strike

    def _any_server(self) -> Service | None:
        names = [server.name for server in self.cluster.servers]
        if len(self._suffering & set(names)) >= _MOST_SERVERS_AWAY:
            return None
        return self.random.choice([server for server in self.cluster.servers if server.name not in self._suffering])

    def _of_the_database(self) -> list[Callable[[], tuple[str, str, Strike] | None]]:
        postgres = self.cluster.postgres
        if postgres is None:
            return [self._lock_file] * 2
        return [partial(self._stop_postgres, postgres), lambda: ("restart", "postgres", postgres.restart)]

    def _stop_postgres(self, postgres: PostgresServer) -> tuple[str, str, Strike]:
        async def strike() -> None:
            await postgres.stop_hard()
            await asyncio.sleep(self.random.uniform(0.2, 3))
            await postgres.start()

        return "stop hard", "postgres", strike

    def _lock_file(self) -> tuple[str, str, Strike]:
        async def strike() -> None:
            """Keep the writer's lock, as another program does that has the file open."""
            file = self.cluster.database_url.removeprefix("sqlite:///")
            async with aiosqlite.connect(file, isolation_level=None, timeout=_LONGEST_HALT) as connection:
                await connection.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(self.random.uniform(1, 8))
                await connection.execute("ROLLBACK")

        return "lock", "the file", strike

    def _kill_redis(self) -> tuple[str, str, Strike]:
        async def strike() -> None:
            self.cluster.redis.kill()
            await asyncio.sleep(self.random.uniform(0.2, 4))
            await asyncio.to_thread(self.cluster.redis.start)

        return "kill", "redis", strike

    def _flush_redis(self) -> tuple[str, str, Strike]:
        async def strike() -> None:
            await asyncio.to_thread(self.cluster.redis.flush)

        return "flush", "redis", strike

    def _halt_redis(self) -> tuple[str, str, Strike]:
        async def strike() -> None:
            self.cluster.redis.halt()
            try:
                await asyncio.sleep(self.random.uniform(1, 6))
            finally:
                self.cluster.redis.go_on()

        return "halt", "redis", strike

    def _trouble_network(self) -> tuple[str, str, Strike]:
        networks = [("network to redis", self.cluster.wakes), ("network to the sandbox", self.cluster.outside)]
        if self.cluster.databases:
            number = self.random.randrange(len(self.cluster.databases))
            networks += [(f"network between server-{number} and postgres", self.cluster.databases[number])] * 2
        target, network = self.random.choice(networks)
        fault = self.random.choice(_network_faults(self.random))

        async def strike() -> None:
            if fault is None:
                network.cut()
                return
            async with _imposed(network, fault):
                await asyncio.sleep(self.random.uniform(1, 6))

        return type(fault).__name__ if fault is not None else "Reset", target, strike


def _network_faults(random: Random) -> list[proxy.Fault | None]:
    return [
        None,
        proxy.Delay(random.uniform(0.1, 2.0), jitter=0.2),
        proxy.Trickle(random.choice([1_000, 10_000])),
        proxy.BlackHole(),
        proxy.HalfOpen(),
        proxy.Refuse(),
        proxy.Drop(0.05),
    ]


@asynccontextmanager
async def _imposed(network: proxy.Proxy, fault: proxy.Fault) -> AsyncIterator[None]:
    network.impose(fault)
    try:
        yield
    finally:
        network.heal()
