from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.retention import GIVEN_BACK
from app.log.retention import remove_old
from app.services import Services
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState
from app.storage import database
from app.teams.models import Member
from tests.held import HeldClock
from tests.teams.people import found

KEPT = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)


async def test_a_grant_goes_thirty_days_after_it_was_given_back(services: Services, clock: HeldClock) -> None:
    await keep(grant_of((await found(services)).admin, clock))

    clock.advance(KEPT - MILLISECOND)
    early = await remove_old([GIVEN_BACK], events=services.events)
    clock.advance(MILLISECOND)
    removed = [await remove_old([GIVEN_BACK], events=services.events) for _ in range(2)]

    assert (early, removed) == (0, [1, 0])
    assert await Grant.all().count() == 0


@pytest.mark.parametrize("state", [GrantState.WAITING, GrantState.ACTIVE, GrantState.REVOKING])
async def test_one_that_was_not_given_back_stays(services: Services, clock: HeldClock, state: GrantState) -> None:
    await keep(grant_of((await found(services)).admin, clock, state=state))
    clock.advance(timedelta(days=1000))

    assert await remove_old([GIVEN_BACK], events=services.events) == 0
    assert await Grant.all().count() == 1


@pytest.mark.parametrize("named_by", ["authorization", "installed app", "integration"])
async def test_one_that_is_still_named_stays_until_it_no_longer_is(services: Services, clock: HeldClock, named_by: str) -> None:
    admin = (await found(services)).admin
    named, other = grant_of(admin, clock), grant_of(admin, clock)
    user = {"authorization": authorization, "installed app": installed_app, "integration": integration}[named_by](named, clock)
    await keep(named, other, user)
    clock.advance(KEPT)

    first = await remove_old([GIVEN_BACK], events=services.events)
    left = await Grant.all()
    await put(user.delete)
    second = await remove_old([GIVEN_BACK], events=services.events)

    assert (first, second) == (1, 1)
    assert [row.id for row in left] == [named.id]


def grant_of(member: Member, clock: HeldClock, *, state: GrantState = GrantState.GONE) -> Grant:
    return Grant(
        id=uuid4(),
        team_id=member.team_id,
        member_id=member.id,
        **_place(),
        client_id="ours",
        redirect_uri="https://here.example/callback/slack",
        account_name="Acme",
        scope_names="",
        state=state,
        created_at=clock.now(),
        revoking_since=clock.now(),
    )


def authorization(grant: Grant, clock: HeldClock) -> Authorization:
    return Authorization(
        id=uuid4(),
        team_id=grant.team_id,
        member_id=grant.member_id,
        provider="slack",
        origin=grant.origin,
        client_id=grant.client_id,
        redirect_uri=grant.redirect_uri,
        ticket_hash=uuid4().hex,
        status=AuthorizationStatus.USED,
        grant_id=grant.id,
        begun_at=clock.now(),
        ended_at=clock.now(),
    )


def installed_app(grant: Grant, clock: HeldClock) -> InstalledApp:
    named = _named(grant.team_id, clock)
    return InstalledApp(**named, **_place(), grant_id=grant.id, status=InstalledAppStatus.ACTIVE)


def integration(grant: Grant, clock: HeldClock) -> Integration:
    return Integration(
        **_named(grant.team_id, clock),
        **_place(),
        kind="post-monitoring-results",
        uses_installed_app=False,
        grant_id=grant.id,
        status=IntegrationStatus.ACTIVE,
        status_changed_at=clock.now(),
    )


def _place() -> dict[str, Any]:
    return {"provider": "slack", "origin": "https://slack.example", "account_id": "T0ACME"}


def _named(team_id: UUID, clock: HeldClock) -> dict[str, Any]:
    now = clock.now()
    return {"id": uuid4(), "team_id": team_id, "name": "Acme", "connected_to": "Acme", "created_at": now, "updated_at": now}


async def keep(*rows: Model) -> None:
    for row in rows:
        await put(row.save)


async def put(action: Callable[[], Awaitable[object]]) -> None:
    async def run(_: BaseDBAsyncClient) -> None:
        await action()

    await database.write(run)
