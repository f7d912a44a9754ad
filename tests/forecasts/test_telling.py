"""What is said of installed apps and integrations: once, at whoever's the cause is, and taken back when it no longer holds."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.forecasts.jobs import look_due
from app.forecasts.models import Forecast, ForecastCode
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp
from app.installed_apps.reauthenticating import reauthenticate
from app.integrations import deleting, reauthenticating
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import BySignIn
from app.log.counters import head
from app.log.events import Events
from app.outbound.single_flight import SingleFlight
from app.service.reactions import REACTIONS
from app.services import Services
from app.sign_ins.models import Grant, StatusReason
from app.sign_ins.refresh import LONG_COOL_DOWN, refresh
from tests.forecasts.refusing import be_refused, grant_of, rotate
from tests.installed_apps.git_servers import GITHUB, GITLAB, own_grant
from tests.installed_apps.world import World, gid, log_since
from tests.integrations.git_scene import connect
from tests.integrations.scene import place_own, place_through
from tests.sign_ins.world import write

DAY = timedelta(days=1)
NINE_HOURS = timedelta(hours=9)
APPS, APPS_NOT = "INSTALLED_APP_WILL_STOP", "INSTALLED_APP_WILL_NOT_STOP"
ITS, ITS_NOT = "INTEGRATION_WILL_STOP", "INTEGRATION_WILL_NOT_STOP"
READ = """query ($app: ID!, $integration: ID!) {
  installedApp(id: $app) { expiresAt forecast { code message at } }
  integration(id: $integration) { forecast { code message at } }
}"""


async def look(world: World) -> None:
    while await look_due(services=world.services):
        pass


async def read(world: World, app_id: UUID, integration_id: UUID) -> Any:
    return await world.ask(
        READ, world.people.vera, app=gid("InstalledApp", app_id), integration=gid("Integration", integration_id)
    )


async def ending(holder: InstalledApp | Integration, *, after: timedelta, world: World) -> None:
    """Have what it holds end then, with nothing to renew it by."""
    grant = await grant_of(holder)
    ends = world.clock.now() + after
    await write(lambda: Grant.filter(id=grant.id).update(expires_at=ends, sealed_refresh=None))


def another_process(world: World) -> Services:
    events = Events(clock=world.clock, reactions=REACTIONS, wake=lambda _: None)
    return replace(world.services, events=events, single_flight=SingleFlight())


async def test_the_second_refusal_in_a_row_is_said_at_once_and_taken_back_by_a_renewal(world: World) -> None:
    rotate(world)
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    before = await head(app.team_id)
    world.clock.advance(NINE_HOURS)

    await be_refused(world, app)
    after_one = await log_since(before, team_id=app.team_id)
    world.clock.advance(LONG_COOL_DOWN)
    await be_refused(world, app)
    after_two = await log_since(before, team_id=app.team_id)
    shown = await read(world, app.id, integration.id)
    world.clock.advance(LONG_COOL_DOWN)
    await refresh(await grant_of(app), services=world.services)

    assert (after_one, after_two) == ([], [APPS])
    assert await log_since(before, team_id=app.team_id) == [APPS, APPS_NOT]
    assert shown["installedApp"]["forecast"] == shown["integration"]["forecast"]
    assert shown["installedApp"]["forecast"]["code"] == "RENEWAL_REFUSED"
    assert shown["installedApp"]["forecast"]["at"] == shown["installedApp"]["expiresAt"] is not None
    assert (await grant_of(app)).refusals is None
    assert (await read(world, app.id, integration.id))["integration"]["forecast"] is None


async def test_a_third_refusal_says_nothing_more(world: World) -> None:
    rotate(world)
    app = await world.share(world.people.ada)
    before = await head(app.team_id)
    world.clock.advance(NINE_HOURS)

    for _ in range(4):
        await be_refused(world, app)
        world.clock.advance(LONG_COOL_DOWN)
        await look(world)

    assert (await grant_of(app)).refusals == 4
    assert await log_since(before, team_id=app.team_id) == [APPS]


async def test_a_refusal_between_two_renewals_is_none(world: World) -> None:
    rotate(world)
    app = await world.share(world.people.ada)
    before = await head(app.team_id)

    for _ in range(3):
        world.clock.advance(NINE_HOURS)
        await be_refused(world, app)
        world.clock.advance(LONG_COOL_DOWN)
        await refresh(await grant_of(app), services=world.services)

    assert await log_since(before, team_id=app.team_id) == []


async def test_a_provider_that_cannot_be_reached_has_refused_nothing(world: World) -> None:
    rotate(world)
    app = await world.share(world.people.ada)
    world.sandbox.control("faults", provider="slack", endpoint="oauth.v2.access", fault="status", status=503, times=9)
    world.clock.advance(NINE_HOURS)

    for _ in range(3):
        await refresh(await grant_of(app), services=world.services)
        world.clock.advance(LONG_COOL_DOWN)

    assert (await grant_of(app)).refusals is None
    assert await Forecast.all().count() == 0


async def test_an_integration_with_a_sign_in_of_its_own_is_told_of_by_itself(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    await ending(integration, after=5 * DAY, world=world)
    before = await head(integration.team_id)

    await look(world)

    assert await log_since(before, team_id=integration.team_id) == [ITS]
    [said] = await Forecast.all()
    assert (said.subject_id, said.code, said.at) == (
        integration.id,
        ForecastCode.AUTHORIZATION_EXPIRES,
        world.clock.now() + 5 * DAY,
    )


async def test_what_an_installed_app_shares_is_told_of_once_and_shown_at_all_that_use_it(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    await ending(app, after=5 * DAY, world=world)
    before = await head(app.team_id)

    await look(world)

    assert await log_since(before, team_id=app.team_id) == [APPS]
    shown = await read(world, app.id, integration.id)
    assert shown["integration"]["forecast"] == shown["installedApp"]["forecast"] is not None


async def test_what_is_wrong_with_a_members_own_authorization_is_told_of_their_integrations_alone(world: World) -> None:
    people = world.people
    app = await GITHUB.add(world, people.ada)
    await GITHUB.sign_in(world, people.bob, app, "ada")
    theirs = await connect(world, people.bob, app, GITHUB)
    grant = await own_grant(app, people.bob)
    await write(lambda: Grant.filter(id=grant.id).update(scope_names="user"))
    before = await head(app.team_id)

    await look(world)

    assert await log_since(before, team_id=app.team_id) == [ITS]
    shown = await read(world, app.id, theirs.id)
    assert shown["installedApp"] == {"expiresAt": None, "forecast": None}
    assert (shown["integration"]["forecast"]["code"], shown["integration"]["forecast"]["at"]) == ("MISSING_SCOPES", None)


async def test_a_member_who_signs_in_anew_has_the_word_taken_back(world: World) -> None:
    people = world.people
    app = await GITLAB.add(world, people.ada)
    await GITLAB.sign_in(world, people.bob, app, "ada")
    await connect(world, people.bob, app, GITLAB)
    grant = await own_grant(app, people.bob)
    await write(lambda: Grant.filter(id=grant.id).update(scope_names="read_user"))
    await look(world)
    before = await head(app.team_id)

    await GITLAB.sign_in(world, people.bob, app, "ada")

    assert ITS_NOT in await log_since(before, team_id=app.team_id)
    assert await Forecast.all().count() == 0


async def test_what_is_reauthenticated_has_the_word_taken_back(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_own(world, people.bob)
    for each in (app, integration):
        await ending(each, after=5 * DAY, world=world)
    await look(world)
    rotate(world)  # or the same token would come, with its end

    before = await head(app.team_id)
    await reauthenticate(app.id, await world.sign_in(people.ada), caller=people.ada, services=world.services)
    after = await head(app.team_id)
    using = BySignIn(await world.sign_in(people.bob), shares_with_team=False)
    await reauthenticating.reauthenticate(integration.id, using=using, caller=people.bob, services=world.services)

    assert APPS_NOT in await log_since(before, team_id=app.team_id)
    assert ITS_NOT in await log_since(after, team_id=app.team_id)
    assert await Forecast.all().count() == 0


async def test_of_what_is_deleted_nothing_is_left_and_nothing_said(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_own(world, people.bob)
    for each in (app, integration):
        await ending(each, after=5 * DAY, world=world)
    await look(world)
    before = await head(app.team_id)

    await deleting.delete(integration.id, caller=people.ada, services=world.services)
    await delete(app.id, caller=people.ada, services=world.services)
    await look(world)

    assert await Forecast.all().count() == 0
    assert not {APPS, APPS_NOT, ITS, ITS_NOT} & set(await log_since(before, team_id=app.team_id))


async def test_of_what_has_stopped_nothing_is_said_or_shown_and_nothing_again_afterwards(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    await ending(app, after=10 * DAY, world=world)
    await look(world)
    before = await head(app.team_id)

    await write(lambda: InstalledApp.filter(id=app.id).update(status="NEEDS_REAUTHENTICATION", status_reason="REVOKED"))
    stopped = {"status": IntegrationStatus.NEEDS_REAUTHENTICATION, "stopped_by": StatusReason.REVOKED}
    await write(lambda: Integration.filter(id=integration.id).update(**stopped))
    world.clock.advance(4 * DAY)
    await look(world)
    shown, meanwhile = await read(world, app.id, integration.id), await log_since(before, team_id=app.team_id)
    await write(lambda: InstalledApp.filter(id=app.id).update(status="ACTIVE", status_reason=None))
    world.clock.advance(DAY)
    await look(world)

    assert shown == {"installedApp": {"expiresAt": None, "forecast": None}, "integration": {"forecast": None}}
    assert meanwhile == []
    assert await log_since(before, team_id=app.team_id) == [APPS]  # of the step of seven days, which came meanwhile


async def test_several_processes_say_it_once(world: World) -> None:
    app = await world.share(world.people.ada)
    await ending(app, after=5 * DAY, world=world)
    before = await head(app.team_id)

    await asyncio.gather(*(look_due(services=another_process(world)) for _ in range(4)))

    assert await log_since(before, team_id=app.team_id) == [APPS]


@pytest.mark.parametrize("turns", [0, 1, 3, 10, 30, 100])
async def test_a_process_that_ends_in_the_middle_of_it_leaves_nothing_unsaid_or_said_twice(world: World, turns: int) -> None:
    app = await world.share(world.people.ada)
    await ending(app, after=5 * DAY, world=world)
    before = await head(app.team_id)

    dying = asyncio.create_task(look_due(services=another_process(world)))
    for _ in range(turns):
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.wait([dying])
    await look(world)

    assert await log_since(before, team_id=app.team_id) == [APPS]


async def test_it_is_looked_at_daily_and_at_each_step_and_what_a_clock_set_back_has_set_is_not_waited_for(world: World) -> None:
    app = await world.share(world.people.ada)
    await ending(app, after=30 * DAY + timedelta(hours=2), world=world)
    now = world.clock.now()

    await look(world)
    at_step = (await InstalledApp.get(id=app.id)).next_forecast_at
    far = now + 400 * DAY
    await write(lambda: InstalledApp.filter(id=app.id).update(next_forecast_at=far))
    found = await look_due(services=world.services)

    assert at_step == now + timedelta(hours=2)
    assert found == 1
    assert await look_due(services=world.services) == 0


async def test_another_team_sees_nothing_of_it(world: World) -> None:
    app = await world.share(world.people.ada)
    stranger = Forecast(
        id=uuid4(), team_id=uuid4(), subject_id=app.id, code="UNUSED", message="No.", stage=0, told_at=world.clock.now()
    )
    await write(lambda: stranger.save(force_create=True))
    integration = await place_through(world, world.people.bob, app.id)

    assert (await read(world, app.id, integration.id))["installedApp"]["forecast"] is None
