"""Whether a Git server answers, and what its installed app shows of that."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app.errors import UserErrorCode
from app.installed_apps.checking import check
from app.installed_apps.checks import check_due
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.log.counters import head
from app.sign_ins.models import OAuthClient, StatusReason
from tests.installed_apps.git_servers import GITHUB, GITLAB, own_grant
from tests.installed_apps.world import World, code_of, log_since
from tests.sign_ins.world import write


async def checked_at(app: InstalledApp) -> object:
    return (await OAuthClient.get(id=app.oauth_client_id)).last_checked_at


async def shown(app_id: UUID) -> tuple[InstalledAppStatus, StatusReason | None]:
    app = await InstalledApp.get(id=app_id)
    return app.status, app.status_reason


async def test_a_check_asks_the_server_and_with_the_viewers_own_authorization(world: World) -> None:
    bob, cid = world.people.bob, world.people.cid
    app = await GITHUB.add(world, world.people.ada)
    await GITHUB.sign_in(world, bob, app, "ada")
    await GITHUB.sign_in(world, cid, app, "grace")
    GITHUB.fault(world, "revoke_token", user="ada")
    world.clock.advance(timedelta(hours=1))

    seen = await check(app.id, caller=bob, services=world.services)

    assert (seen.status, seen.status_reason) == (InstalledAppStatus.ACTIVE, None)
    assert await checked_at(app) == world.clock.now()
    assert (await own_grant(app, bob)).trouble is StatusReason.REVOKED
    assert (await own_grant(app, cid)).trouble is None


async def test_a_server_that_does_not_answer_is_unreachable_until_it_does(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    before = await head(app.team_id)
    GITLAB.fault(world, "status", endpoint="version", status=502, times=1)

    away = await check(app.id, caller=world.people.bob, services=world.services)
    assert (away.status, away.status_reason) == (InstalledAppStatus.UNREACHABLE, StatusReason.PROVIDER_ERROR)
    assert (await check(app.id, caller=world.people.bob, services=world.services)).status is InstalledAppStatus.ACTIVE

    assert await log_since(before, team_id=app.team_id) == ["INSTALLED_APP_STATUS_CHANGED"] * 2


async def test_a_server_that_asks_for_patience_is_not_in_trouble(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    GITLAB.fault(world, "rate_limit", endpoint="version", retry_after=7)

    attempt = check(app.id, caller=world.people.bob, services=world.services)

    assert await code_of(attempt) == (UserErrorCode.PROVIDER_BUSY, ())


async def test_every_server_is_asked_once_a_day(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    world.clock.advance(timedelta(hours=20))
    assert await check_due(services=world.services) == 0

    world.clock.advance(timedelta(hours=4))
    assert [await check_due(services=world.services), await check_due(services=world.services)] == [1, 0]

    assert await checked_at(app) == world.clock.now()


async def test_a_server_that_was_away_is_asked_again_within_minutes(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    GITLAB.fault(world, "status", endpoint="version", status=502, times=2)
    await check(app.id, caller=world.people.bob, services=world.services)
    assert await check_due(services=world.services) == 0

    world.clock.advance(timedelta(minutes=5))
    assert await check_due(services=world.services) == 1
    assert await shown(app.id) == (InstalledAppStatus.UNREACHABLE, StatusReason.PROVIDER_ERROR)
    world.clock.advance(timedelta(minutes=5))
    assert await check_due(services=world.services) == 1

    assert await shown(app.id) == (InstalledAppStatus.ACTIVE, None)


async def test_servers_whose_time_comes_later_do_not_hold_up_the_one_that_is_due(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    later = [await copy_of(app, UUID(int=number * 10_800)) for number in range(1, 22)]  # a day after they were asked
    world.clock.advance(timedelta(seconds=1))
    due = await copy_of(app, UUID(int=10_799), asked_at=world.clock.now())  # three hours sooner, as near as it goes
    world.clock.advance(timedelta(hours=21, seconds=1))
    await copy_of(app, app.id, asked_at=world.clock.now())

    checked = await check_due(services=world.services)

    assert checked == 1
    assert await checked_at(due) == world.clock.now()
    assert {await checked_at(one) for one in later} == {await checked_at(later[0])} != {world.clock.now()}


async def copy_of(app: InstalledApp, app_id: UUID, *, asked_at: datetime | None = None) -> InstalledApp:
    """Put an installed app like this one, of that id and with a client of its own, or the same one anew."""
    copied, client = await InstalledApp.get(id=app.id), await OAuthClient.get(id=app.oauth_client_id)

    async def put() -> None:
        if app_id != app.id:
            client.id = uuid4()
            copied.id, copied.live_key, copied.oauth_client_id = app_id, str(app_id), client.id
        client.last_checked_at = asked_at or client.last_checked_at
        await client.save(force_create=app_id != app.id)
        await copied.save(force_create=app_id != app.id)

    await write(put)
    return copied
