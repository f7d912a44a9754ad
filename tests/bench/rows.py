"""What the servers that are compared find in the database: teams of several sizes, each with a token of its own."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.access.callers import Role, Scope
from app.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus
from app.graphql.ids import encode_id
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.models import Integration, IntegrationStatus
from app.log.counters import Counter
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.providers.contract import Occasion
from app.service.tables import MIGRATIONS, MODELS
from app.storage import database, upgrade
from app.storage.outages import PATIENCE
from app.teams.models import AccessToken, Member, Team
from app.teams.secrets import hash_of, make_token
from tests import databases
from tests.abuse import dearest

APPS = 50
INTEGRATIONS = 5
SIZES = (1, 25, 50, 75, 100)
"""How many installed apps the teams have, of which the growth is seen."""

MONITOR = "smoke"
_DELIVERIES = 60
_AT_ONCE = 500
PATIENT = replace(PATIENCE, statement=120.0, lock=120.0)
"""Filling waits for a busy machine."""

_BEGIN = datetime(2026, 11, 1, 10, tzinfo=UTC)
_numbers = count(1)


@dataclass(frozen=True)
class Filled:
    """A team that has rows: the token of its admin, the newest installed app, and the integration that has deliveries."""

    token: str
    team: UUID
    member: UUID
    app: UUID
    integration: UUID

    @property
    def variables(self) -> Mapping[str, str]:
        return {"app": encode_id("InstalledApp", self.app), "integration": encode_id("Integration", self.integration)}


@asynccontextmanager
async def filled(folder: Path, *, server: str) -> AsyncIterator[tuple[str, Mapping[int, Filled]]]:
    """Yield the address of a database on that server (empty: in a file), and its teams by how many installed apps they have."""
    async with databases.blank(folder, server=server) as url:
        await upgrade.migrate(url, models=MODELS, migrations=MIGRATIONS, now=datetime.now(UTC))
        async with databases.opened(url, patience=PATIENT):
            teams = {size: await database.write(partial(_fill, size)) for size in SIZES}
            await dearest.fill(team_id=teams[APPS].team, member_id=teams[APPS].member)
        databases.fold_log(url)
        yield url, teams


async def _fill(size: int, _connection: BaseDBAsyncClient) -> Filled:
    team = await Team.create(id=uuid4(), name=f"Team of {size}", created_at=_moment())
    await Counter.create(team_id=team.id, sequence=0)
    members = [_member(team, number) for number in range(10)]
    await Member.bulk_create(members)
    token = make_token(secrets.token_bytes)
    await AccessToken.create(
        id=uuid4(),
        member_id=members[0].id,
        name="bench",
        hash=hash_of(token),
        last_four=token.last_four,
        scope_names=" ".join(Scope),
        created_at=_moment(),
        expires_at=datetime.now(UTC) + timedelta(days=1),
        last_used_at=datetime.now(UTC),
    )
    apps = [_app(team, members[number % 10], number) for number in range(size)]
    await InstalledApp.bulk_create(apps, batch_size=_AT_ONCE)
    integrations = [_integration(app, members[number % 10], number) for app in apps for number in range(INTEGRATIONS)]
    await Integration.bulk_create(integrations, batch_size=_AT_ONCE)
    if size == APPS:
        await _deliver(integrations[-1])
    return Filled(token.reveal(), team.id, members[0].id, apps[-1].id, integrations[-1].id)


async def _deliver(integration: Integration) -> None:
    monitor = await Monitor.create(id=uuid4(), team_id=integration.team_id, key=MONITOR, name="Smoke test", created_at=_moment())
    runs = [_run(monitor, position) for position in range(1, _DELIVERIES + 1)]
    await MonitorRun.bulk_create(runs, batch_size=_AT_ONCE)
    deliveries = [_delivery(integration, run) for run in runs]
    await Delivery.bulk_create(deliveries, batch_size=_AT_ONCE)
    await DeliveryAttempt.bulk_create([_attempt(each, number) for each in deliveries for number in (1, 2)], batch_size=_AT_ONCE)


def _member(team: Team, number: int) -> Member:
    name = f"Member {number}"
    return Member(
        id=uuid4(), team_id=team.id, name=name, email=f"member{number}@example.com", role=Role.ADMIN, joined_at=_moment()
    )


def _app(team: Team, by: Member, number: int) -> InstalledApp:
    moment = _moment()
    return InstalledApp(
        id=uuid4(),
        team_id=team.id,
        provider="slack",
        name=f"Workspace number {number}",
        connected_to=f"Example {number}",
        account_id=f"T{number}",
        origin="https://slack.com",
        url=f"https://example-{number}.slack.com",
        live_key=f"slack {number}",
        status=InstalledAppStatus.ACTIVE,
        installed_by_id=by.id,
        created_at=moment,
        updated_at=moment,
    )


def _integration(app: InstalledApp, by: Member, number: int) -> Integration:
    moment = _moment()
    return Integration(
        id=uuid4(),
        team_id=app.team_id,
        provider=app.provider,
        kind="post-monitoring-results",
        name=f"Results of monitor {number}",
        uses_installed_app=True,
        installed_app_id=app.id,
        connected_to=app.connected_to,
        account_id=app.account_id,
        origin=app.origin,
        status=IntegrationStatus.ACTIVE,
        status_changed_at=moment,
        created_by_id=by.id,
        created_at=moment,
        updated_at=moment,
    )


def _run(monitor: Monitor, position: int) -> MonitorRun:
    return MonitorRun(
        id=uuid4(),
        team_id=monitor.team_id,
        monitor_id=monitor.id,
        position=position,
        run_id=f"run-{position}",
        outcome=RunOutcome.PASSED,
        started_at=_moment(),
        duration_ms=1_200 + position,
        request_count=10,
        test_count=30,
        failed_test_count=0,
        error_count=0,
        failures_json="[]",
        recorded_at=_moment(),
    )


def _delivery(integration: Integration, run: MonitorRun) -> Delivery:
    return Delivery(
        id=uuid4(),
        team_id=integration.team_id,
        integration_id=integration.id,
        run_id=run.id,
        position=run.position,
        occasion=Occasion.RUN,
        status=DeliveryStatus.DELIVERED,
        attempt_count=2,
        created_at=_moment(),
    )


def _attempt(delivery: Delivery, number: int) -> DeliveryAttempt:
    succeeded = number > 1
    error = None if succeeded else "channel_not_found"
    return DeliveryAttempt(
        id=uuid4(), delivery_id=delivery.id, number=number, at=_moment(), duration_ms=87, succeeded=succeeded, error=error
    )


def _moment() -> datetime:
    """Return one that is like no other."""
    return _BEGIN + timedelta(seconds=next(_numbers), microseconds=123_456)
