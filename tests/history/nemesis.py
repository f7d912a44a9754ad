"""What is done to the service while its clients go on: every few seconds something else, now and then several at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tests.faults import proxy
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

    async def rage(self, *, seconds: float) -> None:
        """Go on for so long, and return once everything is mended again."""
        ends = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < ends:
                self._bury_the_dead(group)
                chosen = self._draw()
                if chosen is None:  # who was meant suffers already: somebody else, in a moment
                    await asyncio.sleep(_MOMENT)
                    continue
                self._suffering.add(chosen[1])
                group.create_task(self._strike(*chosen))
                await asyncio.sleep(self.random.uniform(*_BETWEEN))

    def _draw(self) -> tuple[str, str, Strike] | None:
        if not self._pack:
            self._pack = [
                *[self._kill] * 3,
                *[self._halt] * 3,
                self._stop_postgres,
                self._restart_postgres,
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

    def _stop_postgres(self) -> tuple[str, str, Strike]:
        async def strike() -> None:
            await self.cluster.postgres.stop_hard()
            await asyncio.sleep(self.random.uniform(0.2, 3))
            await self.cluster.postgres.start()

        return "stop hard", "postgres", strike

    def _restart_postgres(self) -> tuple[str, str, Strike]:
        return "restart", "postgres", self.cluster.postgres.restart

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
        number = self.random.randrange(len(self.cluster.databases))
        target, network = self.random.choice(
            [
                (f"network between server-{number} and postgres", self.cluster.databases[number]),
                (f"network between server-{number} and postgres", self.cluster.databases[number]),
                ("network to redis", self.cluster.wakes),
                ("network to the sandbox", self.cluster.outside),
            ]
        )
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
