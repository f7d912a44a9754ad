"""An ordeal: clients live and subscribers listen while something rages; then all is mended, settles, and is read."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random

import asyncpg
import httpx2

from tests.history.asking import CALL_SECONDS, Caller
from tests.history.clients import Client, Roster
from tests.history.cluster import Cluster, Team
from tests.history.ids import number_of
from tests.history.kept import Kept
from tests.history.logs import TOPICS
from tests.history.reading import read_kept
from tests.history.records import History
from tests.history.subscribers import Subscriber
from tests.journeys.soaking import until

SETTLES_SECONDS = 150.0
_ALL_TOPICS = ("eventRecorded", "eventRecorded", "eventRecorded", "deliveryChanged", "integrationChanged")

_OVERDUE = """
SELECT count(*) FROM delivery d WHERE status IN ('PENDING', 'RETRYING') AND next_attempt_at < now() - interval '4 seconds'
AND NOT EXISTS (
  SELECT 1 FROM delivery ahead WHERE ahead.integration_id = d.integration_id AND ahead.position < d.position
  AND ahead.status IN ('PENDING', 'RETRYING') AND ahead.attempt_count < 5
)"""
"""Deliveries that somebody should have in hand, or has: a lease whose owner has died runs out first."""

_LAST = "SELECT max(sequence) FROM event WHERE team_id = $1 AND ($2::text[] IS NULL OR type = ANY($2))"

Rage = Callable[[], Awaitable[None]]


@dataclass
class Ordeal:
    cluster: Cluster
    random: Random
    clients: int
    longest_pause: float = 1.2
    hears_seconds: float = 60.0
    """How long subscribers are given in the end to hear everything; who does not is found out by the law."""

    history: History = field(default_factory=History)
    callers: list[Caller] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)

    async def endure(self, rage: Rage) -> Kept:
        """Live through it; return what there is in the end. The servers are ended then."""
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(
                httpx2.AsyncClient(trust_env=False, timeout=CALL_SECONDS, limits=httpx2.Limits())
            )
            await self._gather_clients(http)
            over = asyncio.Event()
            listening = [asyncio.create_task(subscriber.listen()) for subscriber in self.subscribers]
            living = [asyncio.create_task(client.live(over)) for client in self._clients()]
            try:
                await rage()
                over.set()
                await asyncio.gather(*living)
                await self._settle()
                await self._look_everywhere()
            finally:
                ended = await _end(*living, *listening)
        for failure in ended:
            raise failure
        for server in self.cluster.servers:
            server.kill()
        return await read_kept(self.cluster.database_url, teams=self.cluster.teams, sandbox_url=self.cluster.sandbox_url)

    async def _gather_clients(self, http: httpx2.AsyncClient) -> None:
        """Every client calls, and listens: every other time to the whole log."""
        for number in range(self.clients):
            team = self.cluster.teams[number % len(self.cluster.teams)]
            name, token = f"{team.label}-client-{number}", self.random.choice(team.tokens)
            random = Random(self.random.random())  # noqa: S311 - a test's choices, which have to be repeatable
            caller = Caller(name, team, token, self.cluster.servers, random, self.history, http)
            cursor = (await caller.read()).answer["eventCursor"]
            self.history.began.setdefault(team.label, number_of(cursor))
            topic = _ALL_TOPICS[number % len(_ALL_TOPICS)]
            self.callers.append(caller)
            self.subscribers.append(
                Subscriber(f"{name} at {topic}", team, topic, token, self.cluster.servers, random, self.history, http, cursor)
            )

    def _clients(self) -> list[Client]:
        outside = f"http://127.0.0.1:{self.cluster.outside.port}"
        rosters = {team.label: Roster(outside) for team in self.cluster.teams}
        return [Client(caller, rosters[caller.team.label], self.longest_pause) for caller in self.callers]

    async def _settle(self) -> None:
        """Return once nothing is overdue and every subscriber was told all that there was then; in a bounded time."""
        database = await asyncpg.connect(self.cluster.database_url)
        try:

            async def is_calm() -> bool:
                return not await database.fetchval(_OVERDUE)

            try:
                await until(is_calm, seconds=SETTLES_SECONDS)
            except TimeoutError:
                raise AssertionError(f"Deliveries are overdue {SETTLES_SECONDS} s after all was mended.") from None
            for team in self.cluster.teams:
                self.history.settled[team.label] = await _last_of(database, team, topic="eventRecorded")
            ends = {
                subscriber.name: await _last_of(database, subscriber.team, topic=subscriber.topic)
                for subscriber in self.subscribers
            }
        finally:
            await database.close()

        async def have_all_heard() -> bool:
            return all(each.heard >= ends[each.name] for each in self.subscribers)

        with contextlib.suppress(TimeoutError):
            await until(have_all_heard, seconds=self.hears_seconds)

    async def _look_everywhere(self) -> None:
        """Let one client of each team read at every server."""
        for caller in self.callers[: len(self.cluster.teams)]:
            for number in range(len(self.cluster.servers)):
                await caller.read(server=number)


async def _end(*tasks: asyncio.Task[None]) -> list[Exception]:
    """Cancel what still goes on; return what has failed: a client of ours must not fall silent unseen."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


async def _last_of(database: asyncpg.Connection, team: Team, *, topic: str) -> int:
    types: Sequence[str] | None = sorted(TOPICS[topic] or ()) or None
    return int(await database.fetchval(_LAST, team.id, types) or 0)
