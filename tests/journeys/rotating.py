"""Teams whose sealed values are read and written without a pause, by clients that turn to another process when one is gone."""

import asyncio
import itertools
import statistics
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

import httpx2

from app.graphql.ids import decode_id
from app.services import Services
from app.teams import console
from tests.journeys.soaking import CUT_OFF, JSON

AT_ONCE = 100
"""How many requests may be under way: where the machine is slower than the pace, the pace gives way."""

READABLE = 3
"""A member's sixth open sign-in closes the first. So only the newest are read, and the teams take turns in writing."""

BEGIN = """
mutation { beginAuthorization(input: {purpose: {provider: "slack"}}) {
  authorization { id startUrl } userErrors { code message } } }"""
READ = "query ($id: ID!) { authorization(id: $id) { status startUrl } }"


@dataclass(frozen=True)
class Value:
    """A sign-in's ticket, as it was shown when it was sealed."""

    id: str
    ticket: str


@dataclass(eq=False)
class Team:
    token: str
    readable: deque[Value] = field(default_factory=lambda: deque(maxlen=READABLE))


@dataclass
class Load:
    """`failures` says what was not as it should be; `resent` counts requests whose process died under them.

    `kept` are the ids of all rows whose writing was answered with success.
    """

    urls: list[str]
    teams: Sequence[Team]
    random: Random
    kept: set[UUID] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    reads: int = 0
    writes: int = 0
    resent: int = 0

    def __post_init__(self) -> None:
        self._turns: Iterator[Team] = itertools.cycle(self.teams)
        self._clients = {url: _client() for url in self.urls}
        self._lost: list[httpx2.AsyncClient] = []

    def lose(self, url: str) -> None:
        """Ask the process there no more: it is about to be killed, and what it was asked is asked again elsewhere."""
        self._lost.append(self._clients.pop(url))

    def find_again(self, url: str) -> None:
        self._clients[url] = _client()

    async def aclose(self) -> None:
        for client in (*self._clients.values(), *self._lost):
            await client.aclose()

    async def begin_everywhere(self, teams: Sequence[Team]) -> None:
        """Seal a first value for each of these teams."""
        for start in range(0, len(teams), AT_ONCE // 5):
            await asyncio.gather(*(self._write(team) for team in teams[start : start + AT_ONCE // 5]))

    async def run(self, *, reads: float, writes: float, until: asyncio.Event) -> None:
        """Read and write so often a second."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pace(self._read_one, reads, until=until))
            group.create_task(self._pace(self._write_one, writes, until=until))

    async def read(self, team: Team, value: Value, *, url: str | None = None) -> None:
        """See that the value opens, at that process or any."""
        answer = await self._ask(READ, team, url=url, id=value.id)
        seen = (answer.get("data") or {}).get("authorization")
        if seen is None or seen["status"] != "PENDING" or _ticket_of(seen) != value.ticket:
            self.failures.append(f"read of {value.id}: {answer}")
        self.reads += 1

    def figures(self) -> str:
        quantiles = statistics.quantiles(self.seconds, n=100)
        return (
            f"{self.reads} reads, {self.writes} writes, {len(self.failures)} failed, {self.resent} sent again after a kill; "
            f"median {quantiles[49] * 1000:.0f} ms, 99 % within {quantiles[98] * 1000:.0f} ms"
        )

    async def _pace(self, one: Callable[[], Awaitable[None]], per_second: float, *, until: asyncio.Event) -> None:
        now = asyncio.get_running_loop().time
        free, began, number = asyncio.Semaphore(AT_ONCE), now(), 0

        async def one_of_few() -> None:
            try:
                await one()
            finally:
                free.release()

        async with asyncio.TaskGroup() as group:
            while not until.is_set():
                await free.acquire()
                group.create_task(one_of_few())
                number += 1
                await asyncio.sleep(max(0.0, began + number / per_second - now()))

    async def _read_one(self) -> None:
        team = self.random.choice([team for team in self.teams if team.readable])
        await self.read(team, self.random.choice(team.readable))

    async def _write_one(self) -> None:
        await self._write(next(self._turns))

    async def _write(self, team: Team) -> None:
        answer = await self._ask(BEGIN, team)
        begun = (answer.get("data") or {}).get("beginAuthorization")
        if begun is None or begun["userErrors"] or begun["authorization"] is None:
            self.failures.append(f"write: {answer}")
            return
        shown = begun["authorization"]
        row_id = decode_id(shown["id"], "Authorization")
        assert row_id is not None
        if _ticket_of(shown) == str(row_id):
            self.failures.append(f"write whose value does not open: {answer}")
        team.readable.append(Value(shown["id"], _ticket_of(shown)))
        self.kept.add(row_id)
        self.writes += 1

    async def _ask(self, operation: str, team: Team, *, url: str | None = None, **variables: object) -> JSON:
        """Ask that process or any that is there; another one where it was killed before it answered."""
        now = asyncio.get_running_loop().time
        while True:
            at = url or self.random.choice(list(self._clients))
            client = self._clients[at]
            began = now()
            try:
                response = await client.post(
                    f"{at}/graphql",
                    json={"query": operation, "variables": variables},
                    headers={"authorization": f"Bearer {team.token}"},
                )
            except CUT_OFF as error:
                if client not in self._lost:
                    return {"cut off": repr(error), "by": at}
                self.resent += 1
                continue
            self.seconds.append(now() - began)
            answer: JSON = response.json()
            return answer


def _client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(trust_env=False, timeout=60, limits=httpx2.Limits(max_connections=None))


async def found_teams(count: int, *, services: Services) -> list[Team]:
    """Make so many teams with an admin and their access token each."""
    return [await _found_team(f"Team {number}", services=services) for number in range(count)]


async def _found_team(name: str, *, services: Services) -> Team:
    email = "ada@example.com"
    await console.create_team(name=name, admin_name="Ada", admin_email=email, services=services)
    token = await console.create_token(team=name, email=email, scopes=(), days=None, services=services)
    return Team(token.reveal())


async def make_data_keys(count: int, *, services: Services) -> None:
    """Make the data keys of so many more teams, so that wrapping all of them anew takes its time."""
    for start in range(0, count, 10):
        await asyncio.gather(*(services.vault.prepare(uuid4()) for _ in range(min(10, count - start))))


def _ticket_of(shown: JSON) -> str:
    return str(shown["startUrl"]).rpartition("/authorize/")[2]
