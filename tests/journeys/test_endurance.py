"""However many callers come and go, the process holds afterwards what it held before."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.teams import console
from tests.callers import Api
from tests.journeys.counted import FILE
from tests.journeys.footprint import Footprint, memory_of, slope, take_footprint
from tests.journeys.soaking import IS_SOAK, UNLIMITED, fresh_random, full, say
from tests.journeys.story import Story
from tests.journeys.test_early_completion import add_quiet_integration
from tests.journeys.test_git_story import Person, add_server
from tests.journeys.test_kills import served_beside_sandbox
from tests.journeys.visiting import Team, Visits
from tests.processes import Service
from tests.services import services_beside

pytestmark = pytest.mark.endurance

TEAMS = full(12, ci=3)
WARM_UP_SECONDS = full(600, ci=15)
SECONDS = full(3_600, ci=20)
PER_SECOND = float(os.environ.get("VISITS_PER_SECOND", full(20, ci=10)))

SETTLE_SECONDS = full(120, ci=40)
SAMPLE_EVERY = full(10, ci=1)
MOST_GROWTH = 1.0
"""MiB a minute."""

MOST_BLOCKS = 1.05
"""So many times as many pieces of memory at most; what is kept on purpose is full, more or less, when they are first counted."""

RUSH = 3
"""So many times as many come while it warms up: Python gives what a rush took back to itself, and hardly ever to the system."""

MOST_MEMORY = 10.0
"""MiB more that the process may have of the system than after the rush."""

SCHEMA = 100_000
"""So many objects at least a process has from its start on, and they are out of the collector's sight."""

SLACK = 2
"""How many tasks, threads and files more or less are none: the background work is always about to do something."""

FEW = 100
"""So many objects of a type more or less, or in our containers, are what is kept on purpose and has a bound."""

STATEMENTS = (
    "asyncpg.connection._StatementCacheEntry",
    "asyncpg.protocol.protocol.PreparedStatementState",
    "asyncpg.protocol.record.RecordDescriptor",
    "uvloop.loop.TimerHandle",
    "uvloop.loop.UVTimer",
)
"""What asyncpg keeps of a hundred statements for each connection, and the timers by which it lets go of them."""

BOUNDED = (
    "app.graphql.limits.costs.",
    "app.graphql.execution.documents.",
    "app.graphql.execution.levels.",
    "app.sign_ins.answers.",
    "app.providers.contract.",
    "app.repositories.asking.",
    *STATEMENTS,
)
"""Where documents, their plans and providers' answers are kept, up to a weight that has tests of its own; and statements."""

OURS = (
    "app.",
    "asyncio.",
    "_asyncio.",
    "uvicorn.",
    "starlette.",
    "websockets.",
    "httpcore2.",
    "asyncpg.",
    "aiosqlite.",
    "uvloop.",
)


async def test_callers_who_come_and_go_leave_nothing_behind(database_url: str, tmp_path: Path) -> None:
    random, counted = fresh_random(), tmp_path / "counted.json"
    async with counted_service(tmp_path, database_url=database_url, counted=counted) as service, gathered(service) as teams:
        visits = Visits(teams, random, PER_SECOND)
        await visits.come(seconds=WARM_UP_SECONDS, times=RUSH)
        before = await settled(service, counted=counted)
        say(f"endurance: before: {before}")

        sampling = asyncio.create_task(sample_memory(service))
        await visits.come(seconds=SECONDS)
        sampling.cancel()
        [samples] = await asyncio.gather(sampling)

        after = await settled(service, counted=counted, like=before)
    growth = slope(samples) * 60
    say(f"endurance: after:  {after}")
    say(f"endurance: {sum(visits.made.values())} visits, {visits.turned_away} turned away: {dict(visits.made)}")
    say(f"endurance: memory grew by {growth:.3f} MiB a minute over {len(samples)} samples")
    say(f"endurance: MiB from time to time: {[round(memory) for _, memory in samples[:: max(1, len(samples) // 12)]]}")
    more = grown(before, after, at_least=FEW // 4)
    say(f"endurance: what there is more of: {more}")
    assert visits.failed == []
    assert differences(before, after) == {}
    assert surplus(before, after) == set()
    assert failures_in(service.log.read_text()) == []
    assert before.counts.spared > SCHEMA
    assert after.counts.blocks < before.counts.blocks * MOST_BLOCKS or not IS_SOAK
    assert after.memory < before.memory + MOST_MEMORY or not IS_SOAK
    assert growth < MOST_GROWTH or not IS_SOAK


@contextlib.asynccontextmanager
async def counted_service(folder: Path, *, database_url: str, counted: Path) -> AsyncIterator[Service]:
    redis = {"INSTALLED_APPS_REDIS_URL": os.environ["TEST_REDIS_URL"]} if os.environ.get("TEST_REDIS_URL") else {}
    environment = {FILE: str(counted), **redis, **UNLIMITED}
    async with served_beside_sandbox(
        folder, database_url=database_url, program="tests.journeys.counted", environment=environment
    ) as service:
        yield service


@contextlib.asynccontextmanager
async def gathered(service: Service) -> AsyncIterator[list[Team]]:
    """Yield teams, each with an installed app and an integration; two of them use a Git server too."""
    teams: list[Team] = []
    try:
        for number in range(TEAMS):
            story = await begin(service, name=f"Team {number}", email=f"ada{number}@example.com")
            quiet, app = await add_quiet_integration(story)
            channels = (await story.admin.ask(CHANNELS, id=app))["installedApp"]["channels"]["nodes"]
            teams.append(Team(story, quiet, app, channels[number % len(channels)]["id"]))
        for team in teams[:2]:
            team.git_server = await add_server(team.story, provider="gitlab-self-managed", path="gitlab")
            person = Person(team.story, "", "ada", team.story.admin, team.story.browser)
            await person.sign_in(team.git_server)
            team.definition = await person.connect(team.git_server, api_name="Payments")
        yield teams
    finally:
        for team in teams:
            await team.story.browser.close()


CHANNELS = "query ($id: ID!) { installedApp(id: $id) { channels(first: 100) { nodes { id name } } } }"


async def begin(service: Service, *, name: str, email: str) -> Story:
    """Make a team with one person, and sign their browser in."""
    async with services_beside(service) as services:
        await console.create_team(name=name, admin_name="Ada", admin_email=email, services=services)
        token = await console.create_token(team=name, email=email, scopes=(), days=None, services=services)
        link = await console.make_sign_in_link(team=name, email=email, services=services)
    api = Api(service.url, token.reveal())
    story = Story(service, api, api)
    page = await story.browser.submit(await story.browser.open(link.reveal()))
    assert page.status == 200, page
    return story


async def settled(service: Service, *, counted: Path, like: Footprint | None = None) -> Footprint:
    """Return what the process holds once it holds no caller any more, and as little as before where that can be waited for.

    Counted in the middle of a turn it may hold what it is about to let go of: the watcher a log whose last listener left.
    """
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        found = await take_footprint(service, counted=counted)
        is_quiet = not found.files.get("callers") and (like is None or not (differences(like, found) or surplus(like, found)))
        if is_quiet or time.monotonic() > end:
            return found
        await asyncio.sleep(1)  # looked at again


def differences(before: Footprint, after: Footprint) -> dict[str, str]:
    """Return what there is more of than there was; pools may be larger or smaller."""
    numbers = {
        "tasks": (before.tasks, after.tasks),
        "threads": (before.threads, after.threads),
        **{f"files: {kind}": (before.files.get(kind, 0), after.files.get(kind, 0)) for kind in before.files | after.files},
        "connections": (before.database_connections, after.database_connections),
    }
    pooled = {"files: database", "files: provider", "connections"}
    return {name: f"{was} → {now}" for name, (was, now) in numbers.items() if now - was > (POOL if name in pooled else SLACK)}


POOL = 10
"""So many connections to the database, or idle ones to one provider, a process has at most."""


def surplus(before: Footprint, after: Footprint) -> set[str]:
    """Return the names of what there is more of, and that has no bound of its own."""
    return {name for name in grown(before, after, at_least=FEW) if not name.startswith(BOUNDED)}


def grown(before: Footprint, after: Footprint, *, at_least: int) -> dict[str, str]:
    """Return the types with so many more objects, and our containers that hold so much more."""
    was, now = before.counts, after.counts
    objects = {name: (was.objects.get(name, 0), number) for name, number in now.objects.items() if name.startswith(OURS)}
    held = {name: (was.held.get(name, 0), number) for name, number in now.held.items()}
    return {name: f"{old} → {new}" for name, (old, new) in (objects | held).items() if new - old >= at_least}


def failures_in(log: str) -> list[str]:
    """Return what the service took for a mistake of its own, with the lines behind it."""
    lines = log.splitlines()
    wrong = (number for number, line in enumerate(lines) if '"level":"error"' in line or "Traceback" in line)
    return ["\n".join(lines[number : number + 60])[:6_000] for number in wrong if not _is_others(lines[number : number + 3])]


def _is_others(lines: list[str]) -> bool:
    """Whether it is no mistake of the service: what its libraries say of odd bytes, and of operations that were given up.

    Of those graphql-core leaves coroutines that nobody awaits; where some are left when the interpreter ends, it says so in vain.
    """
    return "Invalid UTF-8" in lines[0] or (lines[0].startswith("Traceback") and lines[-1] == "KeyError: '__import__'")


async def sample_memory(service: Service) -> list[tuple[float, float]]:
    """Return seconds and MiB, until cancelled."""
    samples = []
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            samples.append((time.monotonic(), memory_of(service)))
            await asyncio.sleep(SAMPLE_EVERY)
    return samples
