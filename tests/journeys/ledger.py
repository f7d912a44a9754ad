"""What a team was told that it has: to be found again, whatever happens to the server."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.callers import Api
from tests.journeys.soaking import JSON, assert_no_gap, log_of, statuses_of
from tests.journeys.story import RECORD

WORLD = """
query {
  installedApps(first: 100) { nodes { id } }
  integrations(first: 100) {
    nodes { id name status isPaused usesInstalledApp settings { ... on PostMonitoringResults { monitor { key } } } }
  }
}"""
SIGN_IN = "query ($id: ID!) { authorization(id: $id) { status } }"
RUNS = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on MonitorRun { runId monitor { key } } } }"
RECORD_WITH_INTEGRATIONS = """
mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id } deliveries { id status integration { id } } userErrors { code message field } }
}"""

_AT_ONCE = 100


@dataclass(frozen=True)
class Kept:
    """An integration, as far as the story decides about it."""

    name: str
    monitor: str
    shares: bool
    is_paused: bool = False
    is_stopped: bool = False


@dataclass(frozen=True)
class World:
    """What the team has: at most one installed app, and integrations, each of another name."""

    has_app: bool = False
    integrations: frozenset[Kept] = frozenset()

    def having(self, *added: Kept, without: Kept | None = None) -> "World":
        return replace(self, integrations=(self.integrations - {without}) | set(added))

    def with_app(self) -> "World":
        return replace(self, has_app=True)

    def without_app(self) -> "World":
        stopped = (replace(each, is_stopped=True) if each.shares else each for each in self.integrations)
        return World(has_app=False, integrations=frozenset(stopped))


@dataclass(frozen=True)
class Found:
    """What the API shows: the world, and the ids of what is in it."""

    world: World
    app: str | None
    integrations: dict[str, str]


@dataclass
class Ledger:
    """What was answered with success; `in_flight` is the world as it may be, where an answer never came."""

    world: World = field(default_factory=World)
    in_flight: World | None = None
    sign_in: str | None = None
    """A sign-in that was COMPLETED, and what it was for not acknowledged yet."""

    runs: dict[str, JSON] = field(default_factory=dict)
    """Each acknowledged run by its id, with what had been reported."""

    deliveries: dict[str, str] = field(default_factory=dict)
    """Each acknowledged delivery, with its integration."""

    delivered: set[str] = field(default_factory=set)
    reports_in_flight: list[JSON] = field(default_factory=list)
    told: list[JSON] = field(default_factory=list)
    """What a subscriber was told, from the log's beginning on."""

    def acknowledge(self) -> None:
        """What was in flight is the world now."""
        assert self.in_flight is not None
        self.world, self.in_flight, self.sign_in = self.in_flight, None, None

    def take_run(self, reported: JSON, answer: JSON) -> None:
        self.runs[answer["run"]["id"]] = reported
        self.deliveries |= {delivery["id"]: delivery["integration"]["id"] for delivery in answer["deliveries"]}

    async def verify(self, api: Api) -> None:
        """Find everything again; go on with what has become of what was in flight."""
        found = await look(api)
        assert found.world in (self.world, self.in_flight), (found.world, self.world, self.in_flight)
        await self._verify_sign_in(api, is_used=found.world == self.in_flight)
        self.world, self.in_flight = found.world, None
        await self._report_again(api)
        await self._verify_runs(api)
        await self._verify_deliveries(api, living=set(found.integrations.values()))
        await self.verify_log(api)

    async def verify_log(self, api: Api) -> None:
        log = await log_of(api)
        assert_no_gap(log)
        told = list(self.told)
        assert told == log[: len(told)]

    async def _verify_sign_in(self, api: Api, *, is_used: bool) -> None:
        if self.sign_in is not None:
            seen = (await api.ask(SIGN_IN, id=self.sign_in))["authorization"]
            assert seen["status"] == ("USED" if is_used else "COMPLETED")
            self.sign_in = None

    async def _report_again(self, api: Api) -> None:
        """Report again what had no answer, as pipelines do, and some of what had one."""
        for reported in self.reports_in_flight:
            answer = (await api.ask(RECORD_WITH_INTEGRATIONS, input=reported))["recordMonitorRun"]
            assert answer["userErrors"] == []
            self.take_run(reported, answer)
        self.reports_in_flight.clear()
        for run, reported in list(self.runs.items())[-3:]:
            answer = (await api.ask(RECORD, input=reported))["recordMonitorRun"]
            assert (answer["userErrors"], answer["run"]["id"]) == ([], run)

    async def _verify_runs(self, api: Api) -> None:
        ids = list(self.runs)
        for start in range(0, len(ids), _AT_ONCE):
            asked = ids[start : start + _AT_ONCE]
            nodes = (await api.ask(RUNS, ids=asked))["nodes"]
            kept = [(self.runs[run]["runId"], self.runs[run]["monitorKey"]) for run in asked]
            assert [node and (node["runId"], node["monitor"]["key"]) for node in nodes] == kept

    async def _verify_deliveries(self, api: Api, *, living: set[str]) -> None:
        """Those of a deleted integration are gone with it; all others are there, and what was DELIVERED stays so."""
        statuses = await statuses_of(api, [one for one, integration in self.deliveries.items() if integration in living])
        assert None not in statuses.values()
        assert {statuses[one] for one in self.delivered & statuses.keys()} <= {"DELIVERED"}
        self.delivered |= {one for one, status in statuses.items() if status == "DELIVERED"}


async def look(api: Api) -> Found:
    """Read what the team has."""
    seen = await api.ask(WORLD)
    nodes: Sequence[JSON] = seen["integrations"]["nodes"]
    apps = [node["id"] for node in seen["installedApps"]["nodes"]]
    assert len(apps) <= 1
    kept = frozenset(
        Kept(
            name=node["name"],
            monitor=node["settings"]["monitor"]["key"],
            shares=node["usesInstalledApp"],
            is_paused=node["isPaused"],
            is_stopped=node["status"] == "NEEDS_REAUTHENTICATION",
        )
        for node in nodes
    )
    assert len(kept) == len(nodes)
    return Found(
        World(has_app=bool(apps), integrations=kept), next(iter(apps), None), {node["name"]: node["id"] for node in nodes}
    )
