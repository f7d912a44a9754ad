"""A team whose integrations post to the sandbox's Slack, ready to have runs recorded and delivered."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx2
from pydantic import SecretStr

from app.access.callers import ALL_SCOPES, Caller, Role
from app.deliveries import reactions as deliveries
from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery, DeliveryAttempt
from app.integrations import reactions as integrations
from app.integrations.events import IntegrationDeleted, IntegrationStatusChanged
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change, Event
from app.monitors.actions import Recorded, find_or_make, record_run
from app.monitors.events import RunRecorded
from app.monitors.models import RunOutcome
from app.monitors.reported import ReportedRun
from app.outbound import Outbound
from app.sandbox import create_sandbox
from app.sandbox.slack_app import CLIENT_ID, CLIENT_SECRET
from app.sealing.secret import Secret
from app.services import Services
from app.sign_ins.events import GrantEnded, GrantTroubled
from app.sign_ins.models import Grant, GrantState
from app.storage.slots import Room, Shares, Slots
from app.teams.models import Member, Team
from tests.held import HeldClock
from tests.sandbox.running import REDIRECT_URI, SCOPES, Sandbox
from tests.servers import NO_TLS, run_server
from tests.services import make_services, settings_with

GENERAL, MONITORING = "C0ACME001", "C0ACME002"
SECOND = timedelta(seconds=1)
REACTIONS: dict[type[Any], Any] = {
    RunRecorded: (deliveries.make,),
    IntegrationStatusChanged: (deliveries.follow_integration,),
    IntegrationDeleted: (deliveries.give_up,),
    GrantTroubled: (integrations.stop_those_with_grant,),
    GrantEnded: (integrations.stop_those_with_grant,),
}


@dataclass
class World:
    services: Services
    sandbox: Sandbox
    clock: HeldClock
    caller: Caller
    grant: Grant
    _runs: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    async def add_integration(
        self,
        *,
        channel: str = GENERAL,
        notify: NotifyRule = NotifyRule.ALL_RUNS,
        monitor_key: str = "checkout",
        **settings: Any,
    ) -> Integration:
        async def add(change: Change) -> Integration:
            monitor = await find_or_make(change, key=monitor_key)
            integration = await Integration.create(
                id=uuid4(),
                team_id=change.team_id,
                provider="slack",
                kind="post-monitoring-results",
                name="Checkout to Slack",
                uses_installed_app=False,
                grant_id=self.grant.id,
                authorized_by_id=self.caller.member_id,
                created_by_id=self.caller.member_id,
                connected_to="Acme",
                account_id=self.grant.account_id,
                origin=self.grant.origin,
                status=IntegrationStatus.ACTIVE,
                status_changed_at=change.now,
                created_at=change.now,
                updated_at=change.now,
            )
            await MonitoringPost.create(
                id=uuid4(),
                integration=integration,
                monitor=monitor,
                channel_id=channel,
                channel_name="general",
                channel_is_private=False,
                notify=notify,
                **settings,
            )
            return integration

        return await self.services.events.change(self.caller.team_id, add)

    async def report(
        self, outcome: RunOutcome = RunOutcome.PASSED, *, run_id: str | None = None, monitor_key: str = "checkout"
    ) -> Recorded:
        reported = ReportedRun(
            monitor_key=monitor_key,
            run_id=run_id or f"run-{next(self._runs)}",
            outcome=outcome,
            started_at=self.clock.now(),
            duration_ms=1200,
        )
        return await record_run(reported, caller=self.caller, services=self.services)

    async def turn(self, integration: Integration, turn: Callable[[Integration, Change], Any]) -> None:
        """Change the integration's status in a change of its own, as its actions would."""

        async def apply(change: Change) -> None:
            row = await Integration.get(id=integration.id)
            previous = turn(row, change)
            await row.save()
            if previous is not None:
                await change.record(IntegrationStatusChanged(row.id, row.name, row.status, previous, row.reason, row.message))

        await self.services.events.change(self.caller.team_id, apply)

    async def deliver(self) -> int:
        return await deliver_due(services=self.services)

    async def deliver_for(self, seconds: float, *, step: float = 1.0) -> None:
        """Let so much time pass, and deliver what is due all along."""
        for _ in range(int(seconds / step) + 1):
            while await self.deliver():
                pass
            self.clock.advance(timedelta(seconds=step))

    def messages(self) -> list[dict[str, Any]]:
        posted: list[dict[str, Any]] = self.sandbox.state()["messages"]
        return posted

    def posted_ids(self) -> list[str]:
        return [message["metadata"]["event_payload"]["delivery_id"] for message in self.messages()]

    def break_posting(self, times: int = 1, **fault: object) -> None:
        self.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", times=times, **fault)


async def statuses(integration: Integration) -> list[str]:
    return [row.status.value for row in await Delivery.filter(integration_id=integration.id).order_by("position")]


async def attempts_of(delivery: Delivery) -> list[DeliveryAttempt]:
    return await DeliveryAttempt.filter(delivery_id=delivery.id).order_by("number")


async def events_of(delivery: Delivery) -> list[str]:
    return [event.type for event in await Event.filter(subject_id=delivery.id).order_by("sequence")]


@contextmanager
def run_slack(clock: HeldClock) -> Iterator[Sandbox]:
    with (
        run_server(create_sandbox(clock=clock)) as url,
        httpx2.Client(base_url=url, trust_env=False, verify=NO_TLS, timeout=5) as http,
    ):
        yield Sandbox(url, clock, http)


@asynccontextmanager
async def make_world(*, folder: Path, clock: HeldClock) -> AsyncIterator[World]:
    """Yield a team with a sign-in at the sandbox's Acme, over the database that is open."""
    with run_slack(clock) as sandbox:
        async with make_ground_at(sandbox, folder=folder, clock=clock) as services:
            caller = await create_team(services)
            yield World(services, sandbox, clock, caller, await sign_in(services, caller, sandbox))


@asynccontextmanager
async def make_ground_at(sandbox: Sandbox, *, folder: Path, clock: HeldClock) -> AsyncIterator[Services]:
    parts = urlsplit(sandbox.url)
    settings = settings_with(
        data_dir=folder,
        slack_url=f"{sandbox.url}/slack",
        slack_client_id=CLIENT_ID,
        slack_client_secret=SecretStr(CLIENT_SECRET),
    )
    outbound = Outbound(sandbox=(str(parts.hostname), int(parts.port or 0)))
    async with make_services(folder=folder, clock=clock, reactions=REACTIONS, settings=settings, outbound=outbound) as services:
        yield services


async def create_team(services: Services, *, name: str = "Acme", role: Role = Role.MEMBER) -> Caller:
    async def found(change: Change) -> UUID:
        team = await Team.create(id=change.team_id, name=name, created_at=change.now)
        member = await Member.create(id=uuid4(), team=team, name="Ada", email="ada@example.com", role=role, joined_at=change.now)
        return member.id

    team_id = uuid4()
    member_id = await services.events.found(team_id, found)
    return Caller(
        team_id=team_id,
        member_id=member_id,
        role=role,
        scopes=ALL_SCOPES,
        credential_id=uuid4(),
        is_session=False,
        expires_at=None,
    )


async def sign_in(services: Services, caller: Caller, sandbox: Sandbox) -> Grant:
    installed = sandbox.install("Acme")
    grant = Grant(
        id=uuid4(),
        team_id=caller.team_id,
        member_id=caller.member_id,
        provider="slack",
        origin=sandbox.url,
        client_id=CLIENT_ID,
        redirect_uri=REDIRECT_URI,
        account_id=installed["team"]["id"],
        account_name=installed["team"]["name"],
        scope_names=" ".join(SCOPES),
        state=GrantState.ACTIVE,
        created_at=services.clock.now(),
    )
    grant.sealed_access = await services.vault.seal(Secret(installed["access_token"]), bound_to=grant.binding("sealed_access"))

    async def save(change: Change) -> None:
        del change
        await grant.save(force_create=True)

    await services.events.change(caller.team_id, save)
    return grant


def one_slot() -> Room:
    return Slots(Shares(in_all=1, of_origin=1, of_grant=1)).room()


async def until_asked(world: World) -> None:
    """Return once the sandbox has a post before it."""
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(posts_seen, world):  # noqa: ASYNC110 - the sandbox rings no bell
            await asyncio.sleep(0.01)


def posts_seen(world: World) -> int:
    return sum("chat.postMessage" in seen["path"] for seen in world.sandbox.state()["requests"])


def archived(world: World) -> str:
    return next(str(channel["id"]) for channel in world.sandbox.state()["channels"] if channel["is_archived"])
