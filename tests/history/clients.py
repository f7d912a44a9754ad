"""Clients that do at random whatever a team's members do, for as long as they are let."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.history.asking import Caller
from tests.history.records import JSON, Call, Outcome
from tests.journeys.test_burst import run_of

MOST_INTEGRATIONS = 5
MONITORS = 8
_GIT_SERVERS = (("gitlab-self-managed", "gitlab"), ("github-enterprise-server", "github"))


@dataclass
class Roster:
    """What a team's clients know of: ids of what lives, as far as they were told, and what was reported."""

    outside: str
    integrations: set[str] = field(default_factory=set)
    apps: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    reports: list[JSON] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))


@dataclass
class Client:
    """A caller with habits."""

    caller: Caller
    roster: Roster
    longest_pause: float = 1.2

    async def live(self, over: asyncio.Event) -> None:
        """Do one thing after the other until it is over."""
        random = self.caller.random
        habits: list[tuple[Callable[[], Awaitable[object]], int]] = [
            (self._read, 8),
            (self._report, 5),
            (self._report_again, 1),
            (self._add_integration, 3),
            (self._rename_integration, 2),
            (self._pause_or_resume, 2),
            (self._delete_integration, 1),
            (self._add_app, 1),
            (self._rename_app, 1),
            (self._delete_app, 1),
            (self._add_member, 1),
            (self._change_role, 1),
            (self._remove_member, 1),
        ]
        actions, weights = zip(*habits, strict=True)
        while not over.is_set():
            [act] = random.choices(actions, weights)
            await act()
            await asyncio.sleep(random.uniform(0, self.longest_pause))

    async def _read(self) -> None:
        roster = self.roster
        asked = [*roster.integrations, *roster.apps, *roster.gone[-10:], *roster.runs[-20:]]
        await self.caller.read(*self.caller.random.sample(sorted(asked), k=min(10, len(asked))))

    async def _report(self) -> None:
        random = self.caller.random
        monitor, run = f"{self._tag} monitor {random.randrange(MONITORS)}", self._name("run")
        report = run_of(monitor, run, random.choice(["PASSED", "FAILED", "ERROR"]))
        self.roster.reports.append(report)
        await self._send(report)

    async def _report_again(self) -> None:
        """As pipelines do that had no answer, and some that had one."""
        if self.roster.reports:
            await self._send(self.caller.random.choice(self.roster.reports[-20:]))

    async def _send(self, report: JSON) -> None:
        call = await self.caller.write("recordMonitorRun", report)
        if call.outcome is Outcome.OK:
            self.roster.runs.append(call.answer["run"]["id"])

    async def _add_integration(self) -> None:
        if len(self.roster.integrations) >= MOST_INTEGRATIONS:
            return
        random, team = self.caller.random, self.caller.team
        settings = {
            "monitorKey": f"{self._tag} monitor {random.randrange(MONITORS)}",
            "channelId": random.choice(team.channels),
            "notify": random.choice(["ALL_RUNS", "ALL_RUNS", "THREE_FAILURES_THEN_FIRST_SUCCESS"]),
        }
        asked = {"name": self._name("integration"), "using": {"installedAppId": team.slack}}
        call = await self.caller.write("addIntegration", {**asked, "settings": {"postMonitoringResults": settings}})
        self._take(call, "integration", self.roster.integrations)

    async def _rename_integration(self) -> None:
        if chosen := self._any(self.roster.integrations):
            await self.caller.write("editIntegration", {"id": chosen, "name": self._name("renamed integration")})

    async def _pause_or_resume(self) -> None:
        if chosen := self._any(self.roster.integrations):
            await self.caller.write(self.caller.random.choice(["pauseIntegration", "resumeIntegration"]), {"id": chosen})

    async def _delete_integration(self) -> None:
        await self._delete("deleteIntegration", self.roster.integrations)

    async def _add_app(self) -> None:
        """A Git server's: it needs no sign-in, and there are two addresses for all of the team's clients to quarrel over."""
        provider, path = self.caller.random.choice(_GIT_SERVERS)
        client = {
            "provider": provider,
            "url": f"{self.roster.outside}/{path}",
            "clientId": f"sandbox-{path}",
            "clientSecret": f"sandbox-{path}-secret",
        }
        call = await self.caller.write("addInstalledApp", {"name": self._name("app"), "using": {"client": client}})
        self._take(call, "installedApp", self.roster.apps)

    async def _rename_app(self) -> None:
        if chosen := self._any(self.roster.apps):
            await self.caller.write("editInstalledApp", {"id": chosen, "name": self._name("renamed app")})

    async def _delete_app(self) -> None:
        await self._delete("deleteInstalledApp", self.roster.apps)

    async def _add_member(self) -> None:
        name = self._name("member")
        email = f"{name.rpartition(' ')[2]}@{self.caller.team.label}.example.com"
        call = await self.caller.write("addTeamMember", {"name": name, "email": email, "role": "MEMBER"})
        self._take(call, "member", self.roster.members)

    async def _change_role(self) -> None:
        if chosen := self._any(self.roster.members):
            role = self.caller.random.choice(["VIEWER", "MEMBER"])
            await self.caller.write("changeTeamMemberRole", {"id": chosen, "role": role})

    async def _remove_member(self) -> None:
        await self._delete("removeTeamMember", self.roster.members)

    async def _delete(self, name: str, of: set[str]) -> None:
        if chosen := self._any(of):
            call = await self.caller.write(name, {"id": chosen})
            if call.outcome is not Outcome.REFUSED or "NOT_FOUND" in call.codes:
                of.discard(chosen)
                self.roster.gone.append(chosen)

    def _take(self, call: Call, what: str, known: set[str]) -> None:
        if call.outcome is Outcome.OK:
            known.add(call.answer[what]["id"])

    def _any(self, known: set[str]) -> str | None:
        return self.caller.random.choice(sorted(known)) if known else None

    def _name(self, what: str) -> str:
        return f"{self._tag} {what} {next(self.roster.numbers)}"

    @property
    def _tag(self) -> str:
        return f"[{self.caller.team.label}]"
