"""Integrations that tell of the team's log at the sandbox's Slack and at webhooks, made through the real actions."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app.access.callers import Caller, Role
from app.deliveries.activity.jobs import tell_due
from app.deliveries.activity.models import ActivityDelivery
from app.integrations.kinds.post_team_activity.settings import ActivityPostSettings
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import ThroughApp
from app.integrations.status import save_status, snapshot_of
from app.log.event_types import EventType
from app.log.events import Change
from app.monitors.actions import record_run
from app.monitors.models import RunOutcome
from app.monitors.reported import ReportedRun
from app.teams.adding import add_member
from tests.installed_apps.world import World
from tests.integrations.scene import channel, place

SECOND = timedelta(seconds=1)


def telling(
    *, channel_id: str | None = None, types: Sequence[EventType] | None = None, apps: Sequence[UUID] | None = None
) -> ActivityPostSettings:
    return ActivityPostSettings(channel_id or channel(), types, apps)


async def have_told(
    world: World,
    app_id: UUID,
    *,
    name: str = "Tell us",
    settings: ActivityPostSettings | None = None,
    caller: Caller | None = None,
) -> Integration:
    """Add an integration that tells of the log."""
    return (
        await place(world, caller or world.people.bob, ThroughApp(app_id), name=name, settings=settings or telling())
    ).integration


async def tell(world: World, *, during: timedelta = timedelta()) -> None:
    """Tell what is due, at once or over so much time, until nothing is."""
    until = world.clock.now() + during
    while True:
        while await tell_due(services=world.services):
            world.clock.advance(SECOND)
        if world.clock.now() >= until:
            return
        world.clock.advance(timedelta(seconds=max(during.total_seconds() / 40, 1)))


async def turn(
    world: World, integration: Integration, turned: Callable[[Integration, datetime], IntegrationStatus | None]
) -> None:
    """Change the integration's status in a change of its own, as its actions would."""

    async def apply(change: Change) -> None:
        row = await Integration.get(id=integration.id)
        before = snapshot_of(row)
        turned(row, change.now)
        await save_status(change, row, before=before)

    await world.services.events.change(integration.team_id, apply)


async def copy(world: World, integration: Integration, count: int) -> None:
    """Add so many that use the same, without a word in the log."""
    columns = {name: getattr(integration, name) for name in integration._meta.db_fields}  # noqa: SLF001 - Tortoise tells them nowhere else

    async def add(_: Change) -> None:
        await Integration.bulk_create([Integration(**columns | {"id": uuid4()}) for _ in range(count)])

    await world.services.events.change(integration.team_id, add)


async def report(world: World, *, monitor_key: str = "checkout") -> None:
    """Record a run that failed."""
    run = ReportedRun(
        monitor_key=monitor_key, run_id=str(uuid4()), outcome=RunOutcome.FAILED, started_at=world.clock.now(), duration_ms=1200
    )
    await record_run(run, caller=world.people.bob, services=world.services)


async def have_joined(world: World, name: str) -> None:
    """Have an admin add a member."""
    ada, services = world.people.ada, world.services
    email = f"{name.lower()}@example.com"
    await add_member(team_id=ada.team_id, actor=ada.actor, name=name, email=email, role=Role.MEMBER, services=services)


def messages(world: World) -> list[dict[str, Any]]:
    """Return what Slack shows, the oldest first."""
    posted: list[dict[str, Any]] = world.sandbox.state()["messages"]
    return posted


def texts(world: World) -> list[str]:
    return [message["text"] for message in messages(world)]


def received(world: World) -> list[dict[str, Any]]:
    """Return what the webhooks' receiver took, the oldest first."""
    return [each["message"] for each in world.sandbox.state()["webhooks"]]


async def made(integration: Integration) -> list[ActivityDelivery]:
    return await ActivityDelivery.filter(integration_id=integration.id).order_by("position")


async def statuses(integration: Integration) -> list[str]:
    return [row.status.value for row in await made(integration)]
