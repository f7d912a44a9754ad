"""Whenever the server is killed, nothing that was answered with success is lost, and the story goes on."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random

import httpx2

from app.graphql.ids import decode_id
from tests.callers import socket_to
from tests.journeys.ledger import RECORD_WITH_INTEGRATIONS, Kept, Ledger, look
from tests.journeys.soaking import (
    CUT_OFF,
    IS_SOAK,
    JSON,
    fresh_random,
    full,
    log_of,
    messages,
    say,
    statuses_of,
    telling,
    until,
    until_answers,
    until_none_waits,
)
from tests.journeys.story import DELETE, REAUTHENTICATE, Story
from tests.journeys.test_burst import run_of
from tests.journeys.test_early_completion import PAUSE, RESUME
from tests.processes import Service, _make_keyring

KILLS = full(50, ci=4)
LONGEST_LIFE = 2.5
LONGEST_START = 3.0
DYING_YOUNG = full(10, ci=0)
"""How many of the kills come while the server is starting."""

MOST_INTEGRATIONS = 5
AT_A_TIME = 8
"""How many deliveries one process has in hand at most: so many may be posted twice by one kill."""

LEASES_END_SECONDS = 240.0

EDIT = (
    "mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) { integration { name } userErrors { message } } }"
)
REMOVE = "mutation ($id: ID!) { deleteIntegration(input: {id: $id}) { deletedIntegrationId userErrors { message } } }"
WATCH_ALL = "subscription ($after: String) { eventRecorded(after: $after) { sequence type cursor subjectId } }"
BEFORE_ALL = "query { events(first: 1) { pageInfo { startCursor } nodes { sequence type cursor subjectId } } }"
AUTHORIZATION = "query ($id: ID!) { authorization(id: $id) { status } }"


@dataclass
class Life:
    """The story in random steps. The ledger has what was acknowledged, step by step."""

    story: Story
    random: Random
    ledger: Ledger = field(default_factory=Ledger)
    channels: dict[str, str] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    steps: int = 0

    async def live(self) -> None:
        """Take step after step until the server is gone."""
        with contextlib.suppress(httpx2.TransportError):
            while True:
                await self._step()
                self.steps += 1

    async def _step(self) -> None:
        world = self.ledger.world
        choices = [self._report] * 4
        if len(world.integrations) < MOST_INTEGRATIONS:
            choices += [self._add_alone, *[self._add_with_app if world.has_app else self._share] * 3]
        if world.integrations:
            choices += [self._rename, self._pause_or_resume, self._pause_or_resume, self._remove]
        if world.has_app:
            choices += [self._delete_app]
        if any(each.is_stopped for each in world.integrations):
            choices += [self._come_back] * 3
        await self.random.choice(choices)()

    async def _share(self) -> None:
        added = self._new(shares=True)
        authorization = await self._sign_in()
        self.ledger.in_flight = self.ledger.world.having(added).with_app()
        await self._add(added, {"authorization": {"authorizationId": authorization, "shareWithTeam": True}})

    async def _add_alone(self) -> None:
        added = self._new(shares=False)
        authorization = await self._sign_in()
        self.ledger.in_flight = self.ledger.world.having(added)
        await self._add(added, {"authorization": {"authorizationId": authorization, "shareWithTeam": False}})

    async def _add_with_app(self) -> None:
        added = self._new(shares=True)
        app = (await look(self.story.admin)).app
        self.ledger.in_flight = self.ledger.world.having(added)
        await self._add(added, {"installedAppId": app})

    async def _add(self, added: Kept, using: JSON) -> None:
        channel = self.channels[self.random.choice(["general", "monitoring"])]
        await self.story.add(self.story.admin, name=added.name, using=using, monitor=added.monitor, channel=channel)
        self._acknowledge()

    async def _rename(self) -> None:
        chosen = self._any()
        renamed = replace(chosen, name=f"{chosen.name.split(',')[0]}, edition {next(self.numbers)}")
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(renamed, without=chosen)
        answer = (await self.story.admin.ask(EDIT, input={"id": integration, "name": renamed.name}))["editIntegration"]
        assert answer["userErrors"] == []
        self._acknowledge()

    async def _pause_or_resume(self) -> None:
        chosen = self._any()
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(replace(chosen, is_paused=not chosen.is_paused), without=chosen)
        answer = await self.story.admin.ask(RESUME if chosen.is_paused else PAUSE, id=integration)
        assert [payload["userErrors"] for payload in answer.values()] == [[]]
        self._acknowledge()

    async def _remove(self) -> None:
        chosen = self._any()
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(without=chosen)
        answer = (await self.story.admin.ask(REMOVE, id=integration))["deleteIntegration"]
        assert (answer["userErrors"], answer["deletedIntegrationId"]) == ([], integration)
        self._acknowledge()

    async def _delete_app(self) -> None:
        app = (await look(self.story.admin)).app
        self.ledger.in_flight = self.ledger.world.without_app()
        answer = (await self.story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]
        assert (answer["userErrors"], answer["deletedInstalledAppId"]) == ([], app)
        self._acknowledge()

    async def _come_back(self) -> None:
        chosen = self._any(is_stopped=True)
        found = await look(self.story.admin)
        integration = found.integrations[chosen.name]
        using: JSON = {"installedAppId": found.app}
        if found.app is None:
            authorization = await self._sign_in(integrationId=integration)
            using = {"authorization": {"authorizationId": authorization, "shareWithTeam": True}}
        self.ledger.in_flight = self.ledger.world.with_app().having(replace(chosen, is_stopped=False), without=chosen)
        answer = (await self.story.admin.ask(REAUTHENTICATE, input={"id": integration, "using": using}))[
            "reauthenticateIntegration"
        ]
        assert answer["userErrors"] == []
        self._acknowledge()

    async def _report(self) -> None:
        monitors = sorted({each.monitor for each in self.ledger.world.integrations}) or ["monitor-0"]
        reported = run_of(self.random.choice(monitors), f"run-{next(self.numbers)}", self.random.choice(["PASSED", "FAILED"]))
        self.ledger.reports_in_flight.append(reported)
        answer = (await self.story.admin.ask(RECORD_WITH_INTEGRATIONS, input=reported))["recordMonitorRun"]
        assert answer["userErrors"] == []
        self.ledger.reports_in_flight.remove(reported)
        self.ledger.take_run(reported, answer)

    async def _sign_in(self, **purpose: str) -> str:
        authorization = await self.story.sign_in_at_slack(**purpose)
        seen = (await self.story.admin.ask(AUTHORIZATION, id=authorization))["authorization"]
        assert seen["status"] == "COMPLETED"
        if not self.channels:
            names = ("general", "monitoring", "random")
            self.channels = {name: await self.story.channel(authorization, name=name) for name in names}
        return authorization

    def _new(self, *, shares: bool) -> Kept:
        number = next(self.numbers)
        return Kept(name=f"Integration {number}", monitor=f"monitor-{self.random.randrange(4)}", shares=shares)

    def _any(self, *, is_stopped: bool | None = None) -> Kept:
        fitting = [each for each in self.ledger.world.integrations if is_stopped is None or each.is_stopped is is_stopped]
        return self.random.choice(sorted(fitting, key=lambda each: each.name))

    async def _id(self, chosen: Kept) -> str:
        return (await look(self.story.admin)).integrations[chosen.name]

    def _acknowledge(self) -> None:
        assert self.ledger.in_flight is not None
        self.ledger.world, self.ledger.in_flight = self.ledger.in_flight, None


async def test_a_server_killed_at_any_moment_loses_nothing_that_it_answered_with_success(
    database_url: str, tmp_path: Path
) -> None:
    random = fresh_random()
    async with served_beside_sandbox(tmp_path, database_url=database_url) as service, telling(service) as story:
        life = Life(story, random)
        listening = asyncio.create_task(listen(story, life.ledger))

        for number in range(KILLS):
            living = asyncio.create_task(life.live())
            await asyncio.wait([living], timeout=random.uniform(0, LONGEST_LIFE))
            service.kill()
            await living
            if number < DYING_YOUNG:
                await die_young(service, random)
            await service.start("--sandbox")
            assert_unharmed(database_url)
            await life.ledger.verify(story.admin)

        if IS_SOAK:
            await until_none_waits(story.admin, await living_deliveries(story, life.ledger), seconds=LEASES_END_SECONDS)
        await something_new_is_delivered(life)
        await until_told_all(story, life.ledger)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await life.ledger.verify(story.admin)
        twice = await assert_posted(service, life.ledger)
    say(
        f"kills: {KILLS} and {DYING_YOUNG} at the start; {life.steps} steps, {len(life.ledger.runs)} runs, "
        f"{len(life.ledger.told)} events, {len(life.ledger.delivered)} deliveries, {twice} of them posted more than once"
    )


@contextlib.asynccontextmanager
async def served_beside_sandbox(folder: Path, *, database_url: str) -> AsyncIterator[Service]:
    """Yield a running service whose sandbox is a process of its own, and lives on."""
    service = Service(folder=folder, database_url=database_url)
    if not database_url.startswith("sqlite:"):
        _make_keyring(folder)
    command = [sys.executable, "-m", "app", "sandbox", "--port", str(service.sandbox_port)]
    with (folder / "sandbox.log").open("ab") as log:
        sandbox = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; it does not wait
            [*command, "--events-url", f"{service.url}/hooks/slack"], env=dict(os.environ), stdout=log, stderr=log
        )
    try:
        await until_answers(f"{service.sandbox_url}/control/state")
        await service.start("--sandbox")
        yield service
    finally:
        service.kill()
        sandbox.kill()
        sandbox.wait()


async def die_young(service: Service, random: Random) -> None:
    """Start the server, and kill it while it starts."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(random.uniform(0, LONGEST_START)):
            await service.start("--sandbox")
    service.kill()


def assert_unharmed(database_url: str) -> None:
    if database_url.startswith("sqlite:"):
        with contextlib.closing(sqlite3.connect(f"file:{database_url.removeprefix('sqlite:///')}?mode=ro", uri=True)) as opened:
            assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


async def listen(story: Story, ledger: Ledger) -> None:
    """Follow the log from its first event on, across all that happens to the server."""
    ledger.told = (await story.admin.ask(BEFORE_ALL))["events"]["nodes"]
    while True:
        try:
            async with socket_to(story.service.url, story.member.token) as socket:
                async for seen in socket.subscribe(WATCH_ALL, after=ledger.told[-1]["cursor"]):
                    ledger.told.append(seen["eventRecorded"])
        except CUT_OFF:
            await until_answers(f"{story.service.url}/readyz")


async def until_told_all(story: Story, ledger: Ledger) -> None:
    async def have_been_told() -> bool:
        return len(await log_of(story.admin)) <= len(ledger.told)

    await until(have_been_told, seconds=30)


async def living_deliveries(story: Story, ledger: Ledger) -> list[str]:
    known = await statuses_of(story.admin, list(ledger.deliveries))
    return [one for one, status in known.items() if status is not None]


async def something_new_is_delivered(life: Life) -> None:
    """What earlier processes left behind does not stand in the way of what is new."""
    story = life.story
    authorization = await story.sign_in_at_slack()
    added = Kept(name="At last", monitor="at-last", shares=False)
    using = {"authorization": {"authorizationId": authorization, "shareWithTeam": False}}
    channel = await story.channel(authorization, name="random")
    await story.add(story.admin, name=added.name, using=using, monitor=added.monitor, channel=channel)
    life.ledger.world = life.ledger.world.having(added)
    reported = run_of(added.monitor, "at-last", "PASSED")
    answer = (await story.admin.ask(RECORD_WITH_INTEGRATIONS, input=reported))["recordMonitorRun"]
    life.ledger.take_run(reported, answer)
    [delivery] = answer["deliveries"]
    assert await until_none_waits(story.admin, [delivery["id"]], seconds=30) == {delivery["id"]: "DELIVERED"}


async def assert_posted(service: Service, ledger: Ledger) -> int:
    """What is DELIVERED stands in Slack; return how many messages stand there more than once, which kills alone explain."""
    posted = [message["metadata"]["event_payload"]["delivery_id"] for message in await messages(service)]
    delivered = {str(decode_id(one, "Delivery")) for one in ledger.delivered}
    assert delivered <= set(posted)
    twice = len(posted) - len(set(posted))
    assert twice <= (KILLS + DYING_YOUNG) * AT_A_TIME
    return twice
