"""A membership that ends on a day is seen where GitLab tells of it, and said before."""

from datetime import datetime, timedelta

from app.forecasts.jobs import look_due
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import ThroughApp
from app.log.counters import head
from tests.forecasts.test_telling import ITS, ITS_NOT
from tests.installed_apps.git_servers import GITHUB, GITLAB
from tests.installed_apps.world import World, gid, log_since
from tests.integrations.git_scene import change, check_now, connect

DAY = timedelta(days=1)
READ = "query ($id: ID!) { integration(id: $id) { forecast { code message at } } }"


def midnight(world: World, *, days: int) -> datetime:
    return (world.clock.now() + days * DAY).replace(hour=0, minute=0)


async def test_the_end_of_a_membership_is_said_and_comes_true(world: World) -> None:
    people = world.people
    app = await GITLAB.add(world, people.ada)
    await GITLAB.sign_in(world, people.bob, app, "grace")
    connected = await connect(world, people.bob, app, GITLAB)
    ends = midnight(world, days=20)
    change(world, GITLAB, "end_access", user="grace", on=ends.date().isoformat())
    before = await head(app.team_id)

    world.clock.advance(DAY)
    await check_now(world)
    shown = (await world.ask(READ, people.vera, id=gid("Integration", connected.id)))["integration"]["forecast"]
    world.clock.advance(20 * DAY)
    await check_now(world)

    assert (shown["code"], shown["at"]) == ("ACCESS_EXPIRES", ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    assert (await log_since(before, team_id=app.team_id))[0] == ITS
    assert (await Integration.get(id=connected.id)).status is IntegrationStatus.FAILING


async def test_who_is_given_more_time_has_the_word_taken_back(world: World) -> None:
    people = world.people
    app = await GITLAB.add(world, people.ada)
    await GITLAB.sign_in(world, people.bob, app, "grace")
    await connect(world, people.bob, app, GITLAB)
    change(world, GITLAB, "end_access", user="grace", on=midnight(world, days=20).date().isoformat())
    world.clock.advance(DAY)
    await check_now(world)
    before = await head(app.team_id)

    change(world, GITLAB, "end_access", user="grace", on=None)
    world.clock.advance(DAY)
    await check_now(world)

    assert await log_since(before, team_id=app.team_id) == [ITS_NOT]


async def test_another_members_authorization_has_another_end(world: World) -> None:
    people = world.people
    app = await GITLAB.add(world, people.ada)
    await GITLAB.sign_in(world, people.bob, app, "grace")
    await GITLAB.sign_in(world, people.cid, app, "ada")
    connected = await connect(world, people.bob, app, GITLAB)
    change(world, GITLAB, "end_access", user="grace", on=midnight(world, days=20).date().isoformat())
    world.clock.advance(DAY)
    await check_now(world)
    before = await head(app.team_id)

    await reauthenticate(connected.id, using=ThroughApp(app.id), caller=people.cid, services=world.services)

    assert ITS_NOT in await log_since(before, team_id=app.team_id)
    assert (await Integration.get(id=connected.id)).access_ends_at is None


async def test_github_does_not_tell_and_is_not_asked(world: World) -> None:
    people = world.people
    app = await GITHUB.add(world, people.ada)
    await GITHUB.sign_in(world, people.bob, app, "ada")
    connected = await connect(world, people.bob, app, GITHUB)

    world.clock.advance(DAY)
    await check_now(world)
    await look_due(services=world.services)

    assert (await Integration.get(id=connected.id)).access_ends_at is None
    assert not [each for each in world.sandbox.state()["requests"] if "/members/" in each["path"]]
