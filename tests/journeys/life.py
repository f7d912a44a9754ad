"""The story in random steps, for as long as the server lives."""

import contextlib
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

import httpx2

from tests.journeys.ledger import RECORD_WITH_INTEGRATIONS, SIGN_IN, Kept, Ledger, look
from tests.journeys.soaking import JSON
from tests.journeys.story import DELETE, REAUTHENTICATE, Story
from tests.journeys.test_burst import run_of
from tests.journeys.test_early_completion import PAUSE, RESUME

MOST_INTEGRATIONS = 5

EDIT = (
    "mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) { integration { name } userErrors { message } } }"
)
REMOVE = "mutation ($id: ID!) { deleteIntegration(input: {id: $id}) { deletedIntegrationId userErrors { message } } }"


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
        self.ledger.acknowledge()

    async def _rename(self) -> None:
        chosen = self._any()
        renamed = replace(chosen, name=f"{chosen.name.split(',')[0]}, edition {next(self.numbers)}")
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(renamed, without=chosen)
        answer = (await self.story.admin.ask(EDIT, input={"id": integration, "name": renamed.name}))["editIntegration"]
        assert answer["userErrors"] == []
        self.ledger.acknowledge()

    async def _pause_or_resume(self) -> None:
        chosen = self._any()
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(replace(chosen, is_paused=not chosen.is_paused), without=chosen)
        answer = await self.story.admin.ask(RESUME if chosen.is_paused else PAUSE, id=integration)
        assert [payload["userErrors"] for payload in answer.values()] == [[]]
        self.ledger.acknowledge()

    async def _remove(self) -> None:
        chosen = self._any()
        integration = await self._id(chosen)
        self.ledger.in_flight = self.ledger.world.having(without=chosen)
        answer = (await self.story.admin.ask(REMOVE, id=integration))["deleteIntegration"]
        assert (answer["userErrors"], answer["deletedIntegrationId"]) == ([], integration)
        self.ledger.acknowledge()

    async def _delete_app(self) -> None:
        app = (await look(self.story.admin)).app
        self.ledger.in_flight = self.ledger.world.without_app()
        answer = (await self.story.admin.ask(DELETE, input={"id": app}))["deleteInstalledApp"]
        assert (answer["userErrors"], answer["deletedInstalledAppId"]) == ([], app)
        self.ledger.acknowledge()

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
        self.ledger.acknowledge()

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
        seen = (await self.story.admin.ask(SIGN_IN, id=authorization))["authorization"]
        assert seen["status"] == "COMPLETED"
        self.ledger.sign_in = authorization
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
