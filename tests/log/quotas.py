"""A team with quotas of the test's own, and what it takes to reach them."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.access.callers import Role, Scope
from app.errors import Refusal, UserErrorCode
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.integrations.sources import ThroughApp
from app.log.events import Events
from app.log.quota_settings import Quotas
from app.monitors.actions import record_run
from app.monitors.models import RunOutcome
from app.monitors.reported import ReportedRun
from app.service.reactions import REACTIONS
from app.teams.adding import add_member
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, Member
from tests.installed_apps.world import World, refusal_of
from tests.integrations.scene import place


def limit(world: World, **most: int) -> None:
    """Let teams have and do so much from now on, as another start of the service with these settings does."""
    services = world.services
    events = Events(clock=world.clock, reactions=REACTIONS, wake=services.watcher.wake, quotas=Quotas(**most))
    world.services = replace(services, events=events)


def run(world: World, run_id: str, **more: Any) -> ReportedRun:
    plain = ReportedRun(
        monitor_key="checkout", run_id=run_id, outcome=RunOutcome.FAILED, started_at=world.clock.now(), duration_ms=7
    )
    return replace(plain, **more)


async def record(world: World, run_id: str, **more: Any) -> UUID:
    return (await record_run(run(world, run_id, **more), caller=world.people.bob, services=world.services)).run.id


async def join(world: World, name: str) -> Member:
    adding = add_member(
        team_id=world.people.team_id,
        actor=world.people.ada.actor,
        name=name,
        email=f"{name.lower()}@example.com",
        role=Role.MEMBER,
        services=world.services,
    )
    return (await adding).member


async def make_token(world: World, name: str = "CI") -> AccessToken:
    caller = world.people.ada
    made = await create_access_token(caller=caller, name=name, scopes=[Scope.READ], expires_in_days=1, services=world.services)
    return made.row


async def place_another(world: World, app: InstalledApp) -> Integration:
    return (await place(world, world.people.bob, ThroughApp(app.id))).integration


async def conflict_of(attempt: Awaitable[object]) -> Refusal:
    """Return the refusal, which is a CONFLICT and has left every row as it was."""
    refused = await refusal_of(attempt)
    assert refused.code is UserErrorCode.CONFLICT
    return refused


async def told(attempt: Awaitable[object]) -> str:
    return (await conflict_of(attempt)).message
