"""Thousands of listeners of one team under faults: slower, never wrong. No error, no gap, no repeat, on both databases."""

import asyncio
import contextlib
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

import httpx2
import pytest

from app.access.callers import Role
from app.clock import SystemClock
from app.settings import Settings
from app.teams import console
from tests import databases
from tests.callers import Api
from tests.history import health, logs
from tests.history.builds import Edit, build
from tests.history.cluster import Cluster, running
from tests.history.findings import Finding
from tests.history.ids import number_of
from tests.history.kept import Event, Kept
from tests.history.nemesis import Nemesis
from tests.history.records import Attached, Heard, History
from tests.journeys.crowd import Listener, Seen, crowding
from tests.journeys.soaking import JSON, UNLIMITED, fresh_random, full, say, until
from tests.journeys.statements import run_statement
from tests.journeys.test_rolling import many_open_files
from tests.services import make_services

pytestmark = pytest.mark.endurance

LISTENERS = full(5_000, ci=300)
CHANGES = full(600, ci=60)
FAULTS = full(20, ci=10)
SERVERS = 2
OF_ONE_MEMBER = 40
"""Of the 50 sockets that a member may have in a process: all of a crowd can find themselves in one."""

OFFICES = 50
"""A crowd is not all behind one address: to one, a process gives a thousand places while it does not know who asks."""

RAGE_SECONDS = full(60, ci=30)
COME_SECONDS = full(60, ci=5)
ALL_LISTEN_SECONDS = full(600, ci=60)
HEAR_SECONDS = full(900, ci=120)
SENT_AWAY = {"1006", "1012", "1013"}
LAWS = (logs.the_log_has_no_gap, logs.subscribers_are_told_the_log, health.no_server_ends_by_itself)

HEAD = "{ eventCursor }"
CHANGE = "mutation ($input: AddTeamMemberInput!) { addTeamMember(input: $input) { member { id } } }"
PERSONAL = "mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { accessToken { id } } }"
"""What comes of it is told to each as it concerns them: nobody else is shown the token."""

PERSONAL_EVERY = 20
CHANGERS = 4
EVENTS = """
SELECT id, sequence, type, subject_id, summary, occurred_at FROM event ORDER BY sequence"""


FEW = 60
_ATTEMPT = """            result = self._attempt()
            return await result if isawaitable(result) else result
"""
_GIVEN_UP_AT_TIMES = """            import random
            from graphql import GraphQLError
            from app.errors import Overdue
            result = self._attempt()
            result = await result if isawaitable(result) else result
            error = GraphQLError("late", original_error=Overdue("late"))
            return result if random.random() > 0.2 else ExecutionResult(None, [error])
"""
GIVES_UP_AT_TIMES = Edit("graphql/execution/telling.py", _ATTEMPT, _GIVEN_UP_AT_TIMES)
TELLS_THAT = Edit(
    "graphql/execution/telling.py",
    "while (fault := passing_fault(result := await self._find_out())) is not None:",
    "while (fault := None if (result := await self._find_out()) else '') is not None:",
)


@pytest.mark.usefixtures("database_template")  # it goes otherwise over the other database, of which it makes its own
async def test_a_crowd_is_told_every_change_once_and_in_order_whatever_is_done_meanwhile(tmp_path: Path) -> None:
    random = fresh_random()

    async def rage(cluster: Cluster, history: History) -> None:
        await Nemesis(cluster, random, history).rage(seconds=RAGE_SECONDS, faults=FAULTS)

    outcome = await endure(tmp_path, rage, random=random, builds=(None,) * SERVERS, listeners=LISTENERS)

    say(outcome.figures())
    assert outcome.seen.wrong == []
    assert outcome.found == []
    assert set(outcome.seen.closed) <= SENT_AWAY
    assert len(outcome.new) >= CHANGES
    assert len(outcome.history.faults) >= FAULTS


async def test_where_every_fifth_event_is_given_up_at_first_all_are_told_all_the_same(tmp_path: Path) -> None:
    flaky = build(tmp_path / "build", [GIVES_UP_AT_TIMES])

    outcome = await endure(tmp_path, nothing, random=fresh_random(), builds=(flaky,), listeners=FEW)

    assert (outcome.seen.wrong, outcome.found, dict(outcome.seen.closed)) == ([], [], {})


async def test_a_build_that_tells_of_what_was_given_up_is_caught(tmp_path: Path) -> None:
    wrong = build(tmp_path / "build", [GIVES_UP_AT_TIMES, TELLS_THAT])

    outcome = await endure(tmp_path, nothing, random=fresh_random(), builds=(wrong,), listeners=FEW)

    assert outcome.seen.wrong != []


@dataclass
class Outcome:
    """What a crowd met: `found` breaks a law, `new` are the numbers of the changes, `took` the last of it once all was mended."""

    history: History
    crowd: Sequence[Listener]
    seen: Seen
    found: Sequence[Finding]
    new: Sequence[int]
    committed: Mapping[int, float]
    took: float

    def figures(self) -> str:
        waited: dict[int, list[float]] = {number: [] for number in self.new}
        for listener in self.crowd:
            for at, told in listener.heard:
                waited[told["sequence"]].append(at - self.committed[told["sequence"]])
        until_the_last = sorted(max(each, default=float("inf")) for each in waited.values())
        each_one = sorted(second for each in waited.values() for second in each)
        faults = Counter(f"{fault.name} {fault.target.split('-')[0]}" for fault in self.history.faults)
        return (
            f"listeners: {len(self.crowd)} over {'PostgreSQL' if databases.POSTGRES_URL else 'SQLite'}, {len(self.new)} changes, "
            f"{len(each_one)} events told, {len(self.history.faults)} faults {dict(faults)}; "
            f"an event came after {statistics.median(each_one):.2f} s (median), {each_one[-1]:.2f} s (longest); "
            f"all had it after {statistics.median(until_the_last):.2f} s (median), {until_the_last[-1]:.2f} s (longest), "
            f"the last of them {self.took:.1f} s after all was mended; "
            f"came back {sum(each.times_back for each in self.crowd)} times {dict(self.seen.closed)}"
        )


async def nothing(_cluster: Cluster, _history: History) -> None:
    """Do nothing to the service."""


async def endure(
    folder: Path,
    rage: Callable[[Cluster, History], Awaitable[None]],
    *,
    random: Random,
    builds: Sequence[Path | None],
    listeners: int,
) -> Outcome:
    """Have a crowd listen while changes are made and something rages."""
    seen, history = Seen(), History()
    with many_open_files():
        async with crowded(folder, random=random, builds=builds, listeners=listeners) as (cluster, tokens):
            [team] = cluster.teams
            begin = str((await Api(cluster.servers[0].url, team.tokens[0]).ask(HEAD))["eventCursor"])
            crowd = [
                Listener(
                    f"listener-{number}", tokens[number % len(tokens)], begin, cluster.servers, random, seen, address_of(number)
                )
                for number in range(listeners)
            ]
            with crowding(crowd, within=COME_SECONDS):
                await until_all_listen(seen, listeners)
                changing = asyncio.create_task(change_now_and_then(cluster, random=random))
                await rage(cluster, history)
                await changing
                mended = time.time()
                rows = await rows_of(cluster)
                await until_heard(crowd, rows[-1].sequence)
            took = time.time() - mended
            committed = await moments_of(cluster)
    number = number_of(begin)
    new = [row.sequence for row in rows if row.sequence > number]
    return Outcome(history, crowd, seen, find(history, crowd, rows, team=team.label, begin=number), new, committed, took)


@asynccontextmanager
async def crowded(
    folder: Path, *, random: Random, builds: Sequence[Path | None], listeners: int
) -> AsyncIterator[tuple[Cluster, Sequence[str]]]:
    """Yield a cluster with one team, and a token of each of its many members."""
    tokens: list[str] = []

    async def add_members(cluster: Cluster) -> None:
        [team] = cluster.teams
        async with databases.opened(cluster.database_url):
            settings = Settings(data_dir=cluster.folder)
            async with make_services(folder=cluster.folder, clock=SystemClock(), settings=settings) as services:
                for number in range(-(-listeners // OF_ONE_MEMBER)):
                    email = f"member-{number}@{team.label}.example.com"
                    await console.add_member(
                        team=team.label, name=f"Member {number}", email=email, role=Role.VIEWER, services=services
                    )
                    made = await console.create_token(team=team.label, email=email, scopes=(), days=None, services=services)
                    tokens.append(made.reveal())

    async with running(
        folder,
        random=random,
        builds=builds,
        teams=1,
        prepare=add_members,
        is_embedded=not databases.POSTGRES_URL,
        environment=UNLIMITED,
    ) as cluster:
        yield cluster, tokens


def address_of(number: int) -> str:
    return f"127.0.1.{number % OFFICES + 1}"


async def change_now_and_then(cluster: Cluster, *, random: Random) -> None:
    """Make the changes over the time that the rage takes, some at a time; each is asked for until it is acknowledged."""
    [team] = cluster.teams
    headers = {"authorization": f"Bearer {team.tokens[0]}"}
    numbers = iter(range(CHANGES))

    async def change(client: httpx2.AsyncClient) -> None:
        for number in numbers:
            while not await is_acknowledged(client, f"{random.choice(cluster.servers).url}/graphql", body_of(number)):  # noqa: ASYNC110 - as below
                await asyncio.sleep(0.5)  # as a client does that was told to ask again
            await asyncio.sleep(CHANGERS * RAGE_SECONDS / CHANGES)  # the pace

    async with httpx2.AsyncClient(trust_env=False, timeout=15, headers=headers) as client:
        await asyncio.gather(*(change(client) for _ in range(CHANGERS)))


def body_of(number: int) -> JSON:
    if number % PERSONAL_EVERY == 0:
        return {"query": PERSONAL, "variables": {"input": {"name": f"Change {number}", "scopes": ["READ"]}}}
    member = {"name": f"Eve {number}", "email": f"eve-{number}@example.com", "role": "VIEWER"}
    return {"query": CHANGE, "variables": {"input": member}}


async def is_acknowledged(client: httpx2.AsyncClient, url: str, body: JSON) -> bool:
    """Whether it was done, by this attempt or by one that nobody heard of."""
    with contextlib.suppress(httpx2.TransportError):
        data = (await client.post(url, json=body)).json().get("data")
        return data is not None and None not in data.values()
    return False


async def until_all_listen(seen: Seen, count: int) -> None:
    async def do_listen() -> bool:
        return seen.listening == count

    await until(do_listen, seconds=ALL_LISTEN_SECONDS)


async def until_heard(crowd: Sequence[Listener], last: int) -> None:
    """Return once everybody was told the last event, or will not be any more: that is for the law to find."""

    async def have_heard() -> bool:
        return all(listener.last >= last for listener in crowd) or bool(crowd[0].seen.wrong)

    with contextlib.suppress(TimeoutError):
        await until(have_heard, seconds=HEAR_SECONDS)


async def rows_of(cluster: Cluster) -> list[Event]:
    [team] = cluster.teams
    return [
        Event(id=str(key), team=team.label, sequence=sequence, type=kind, about=str(about), summary=summary)
        for key, sequence, kind, about, summary, _ in await run_statement(cluster.database_url, EVENTS)
    ]


async def moments_of(cluster: Cluster) -> dict[int, float]:
    """Return when each event happened, by its number."""
    rows = await run_statement(cluster.database_url, EVENTS)
    return {row[1]: datetime.fromisoformat(str(row[5])).timestamp() for row in rows}


def find(history: History, crowd: Sequence[Listener], rows: Sequence[Event], *, team: str, begin: int) -> list[Finding]:
    """Return whatever breaks a law of the history checker."""
    history.attached = [Attached(subscriber=each.name, team=team, topic="eventRecorded", after=begin, at=0.0) for each in crowd]
    history.heard = [Heard(subscriber=each.name, at=at, told=told) for each in crowd for at, told in each.heard]
    history.settled[team] = rows[-1].sequence
    kept = Kept(counters={team: rows[-1].sequence}, events=rows)
    return [finding for law in LAWS for finding in law(history, kept)]
