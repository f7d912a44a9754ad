"""Integrations that open incidents at the sandbox's PagerDuty, made through the real actions, and runs of their monitors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from app.access.callers import Caller
from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery
from app.installed_apps.models import InstalledApp
from app.installed_apps.shared_secrets import PastedField, add
from app.integrations.kinds.open_incidents.settings import OpenIncidentsSettings
from app.integrations.models import Integration
from app.integrations.sources import ThroughApp
from app.monitors.actions import Recorded, record_run
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun
from app.providers.incidents import Severity
from app.sandbox.pagerduty import ROUTING_KEY
from app.sealing.secret import Secret
from tests.installed_apps.world import World
from tests.integrations.scene import place

PASSED, FAILED, ERROR, NOTHING_RAN = RunOutcome.PASSED, RunOutcome.FAILED, RunOutcome.ERROR, RunOutcome.NOTHING_RAN
DOWN = (FAILED, ERROR, FAILED)
SECOND = timedelta(seconds=1)

_numbers = count(1)


@dataclass(frozen=True)
class Told:
    """What PagerDuty was told: of which incident, and what."""

    key: str
    action: str


def pasted(world: World, *, key: str = ROUTING_KEY) -> list[PastedField]:
    return [PastedField("routingKey", Secret(key)), PastedField("address", Secret(f"{world.sandbox.url}/pagerduty"))]


async def share_key(world: World, caller: Caller | None = None, *, key: str = ROUTING_KEY) -> InstalledApp:
    """Have an admin paste the key that the sandbox's PagerDuty knows."""
    return await add(
        "pagerduty", pasted(world, key=key), name="On call", caller=caller or world.people.ada, services=world.services
    )


async def put_to_use(
    world: World,
    app: InstalledApp,
    *,
    monitor_key: str = "checkout",
    severity: Severity = Severity.ERROR,
    caller: Caller | None = None,
) -> Integration:
    settings = OpenIncidentsSettings(monitor_key, severity)
    by = caller or world.people.bob
    return (await place(world, by, ThroughApp(app.id), name="Wake us", settings=settings)).integration


async def report(
    world: World, outcome: RunOutcome, *, monitor_key: str = "checkout", began: datetime | None = None, run_id: str = ""
) -> Recorded:
    """Record a run a second after the one before; `began`: when it began, where that is not now."""
    world.clock.advance(SECOND)
    run = ReportedRun(
        monitor_key=monitor_key,
        monitor_name="Checkout",
        run_id=run_id or f"run-{next(_numbers)}",
        outcome=outcome,
        started_at=began or world.clock.now(),
        duration_ms=1200,
        failures=(Failure("Pay by card", "expected 200, got 502"),) if outcome.is_failure else (),
        url="https://ci.example.com/runs/7",
    )
    return await record_run(run, caller=world.people.bob, services=world.services)


async def report_all(world: World, outcomes: Sequence[RunOutcome], *, monitor_key: str = "checkout") -> None:
    """Record runs, and deliver what each makes before the next."""
    for outcome in outcomes:
        await report(world, outcome, monitor_key=monitor_key)
        await deliver(world)


async def deliver(world: World, *, during: timedelta = timedelta()) -> None:
    """Deliver what is due, at once or over so much time, until nothing is."""
    until = world.clock.now() + during
    while True:
        while await deliver_due(services=world.services):
            world.clock.advance(SECOND)
        if world.clock.now() >= until:
            return
        world.clock.advance(timedelta(seconds=max(during.total_seconds() / 40, 1)))


def break_pagerduty(world: World, times: int, **fault: Any) -> None:
    world.sandbox.control("faults", provider="pagerduty", endpoint="enqueue", times=times, **fault)


def incidents(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.sandbox.state()["incidents"]
    return found


def statuses(world: World) -> list[str]:
    """Return the status of every incident that was ever opened, the oldest first."""
    return [incident["status"] for incident in incidents(world)]


def told(world: World) -> list[Told]:
    """Return every event that PagerDuty took, in order, but for those that only tried the key."""
    events = world.sandbox.state()["incident_events"]
    return [Told(event["dedup_key"], event["action"]) for event in events if event["dedup_key"] != "installed-apps-check"]


async def deliveries_of(integration: Integration) -> list[str]:
    rows = await Delivery.filter(integration_id=integration.id).order_by("position")
    return [row.status.value for row in rows]
