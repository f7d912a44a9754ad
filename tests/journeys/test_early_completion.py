"""Clients that complete a mutation before it has answered leave nothing locked, nothing half done, and no connection lost."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

import asyncpg
import pytest

from tests.callers import Socket, socket_to
from tests.journeys.soaking import JSON, ask_at_once, assert_no_gap, fresh_random, full, log_of, say, telling
from tests.journeys.story import RECORD, Story
from tests.journeys.test_burst import run_of
from tests.processes import Service

COMPLETED_EARLY = full(500, ci=80)
SOCKETS = 4
LONGEST_PAUSE = 0.03
AT_ONCE_SECONDS = 5.0
"""Generous, for a machine that is busy: a lock that is kept is kept for good."""

MONITOR = "checkout"
HEAD = "query { eventCursor viewer { member { name } } }"
PAUSE = "mutation ($id: ID!) { pauseIntegration(input: {id: $id}) { userErrors { code message } } }"
RESUME = "mutation ($id: ID!) { resumeIntegration(input: {id: $id}) { userErrors { code message } } }"
ADD_TOKEN = """
mutation ($name: String!) {
  createAccessToken(input: {name: $name, scopes: [READ]}) { accessToken { id } userErrors { code message } }
}"""
ADD_MEMBER = """
mutation ($email: String!) {
  addTeamMember(input: {name: "Guest", email: $email, role: VIEWER}) { member { id } userErrors { code message } }
}"""


@dataclass
class Clients:
    """What the sockets do, and how long their queries took."""

    random: Random
    integration: str
    numbers: Iterator[int] = field(default_factory=count)
    seconds: list[float] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    def choose(self) -> tuple[str, JSON]:
        """Return a mutation and its variables."""
        number = next(self.numbers)
        match self.random.choice(["run", "run", "member", "token", "pause", "resume"]):
            case "run":
                self.runs.append(f"run-{number}")
                return RECORD, {"input": run_of(MONITOR, f"run-{number}", "PASSED")}
            case "member":
                return ADD_MEMBER, {"email": f"guest-{number}@example.com"}
            case "token":
                return ADD_TOKEN, {"name": f"Token {number}"}
            case "pause":
                return PAUSE, {"id": self.integration}
            case _:
                return RESUME, {"id": self.integration}


@pytest.mark.endurance
async def test_mutations_completed_early_leave_the_database_free_and_the_log_whole(service: Service) -> None:
    random = fresh_random()
    async with telling(service) as story:
        integration, _ = await add_quiet_integration(story)
        clients = Clients(random, integration)

        await asyncio.gather(*(complete_early(story, clients, times=COMPLETED_EARLY // SOCKETS) for _ in range(SOCKETS)))

        await ask_at_once(story.admin, HEAD, [{}] * 30)
        # What was cut off is reported again, as pipelines do; and every one of them exists once.
        again = await ask_at_once(story.admin, RECORD, [{"input": run_of(MONITOR, run, "PASSED")} for run in clients.runs])
        assert [answer["recordMonitorRun"]["userErrors"] for answer in again] == [[]] * len(clients.runs)
        log = await log_of(story.admin)
    assert_no_gap(log)
    assert sum(event["type"] == "DELIVERY_CREATED" for event in log) == len(clients.runs)
    assert await idle_in_transaction(service.database_url) == 0
    written = service.log.read_text()
    assert "Traceback" not in written, written[-3000:]
    assert "abandoned mutation failed" not in written, written[-3000:]
    slowest = max(clients.seconds)
    say(f"early completion: {COMPLETED_EARLY} mutations, the query after each answered within {slowest * 1000:.0f} ms")


async def add_quiet_integration(story: Story) -> tuple[str, str]:
    """Add an integration whose rule keeps quiet about passed runs: its deliveries are events of the log and nothing more."""
    authorization = await story.sign_in_at_slack()
    added = await story.add(
        story.admin,
        name="Quiet",
        using={"authorization": {"authorizationId": authorization, "shareWithTeam": True}},
        monitor=MONITOR,
        channel=await story.channel(authorization),
        notify="THREE_FAILURES_THEN_FIRST_SUCCESS",
    )
    return str(added["integration"]["id"]), str(added["installedApp"]["id"])


async def complete_early(story: Story, clients: Clients, *, times: int) -> None:
    async with socket_to(story.service.url, story.admin.token) as socket:
        for _ in range(times):
            operation, variables = clients.choose()
            begun = await socket.begin(operation, **variables)
            await asyncio.sleep(clients.random.uniform(0, LONGEST_PAUSE))
            await socket.complete(begun)
            started = time.monotonic()
            await answer_to(socket, await socket.begin(HEAD))
            clients.seconds.append(time.monotonic() - started)
        # And a mutation that is waited for.
        await answer_to(socket, await socket.begin(RESUME, id=clients.integration))


async def answer_to(socket: Socket, id: str) -> JSON:
    """Return the answer to one operation. Answers to others, which were completed early, may come before it."""
    async with asyncio.timeout(AT_ONCE_SECONDS):
        while True:
            message = await socket.receive()
            if message["type"] == "next":
                assert "errors" not in message["payload"], message
            assert message["type"] in {"next", "complete"}, message
            if message["type"] == "next" and message["id"] == id:
                answer: JSON = message["payload"]["data"]
                return answer


async def idle_in_transaction(database_url: str) -> int:
    """Return how many of PostgreSQL's connections are left within a transaction."""
    if database_url.startswith("sqlite:"):
        return 0
    connection = await asyncpg.connect(database_url)
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
            )
        )
    finally:
        await connection.close()
