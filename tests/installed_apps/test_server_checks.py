"""Whether a Git server answers, and what its installed app shows of that."""

from datetime import timedelta
from uuid import UUID

from app.errors import UserErrorCode
from app.installed_apps.checking import check
from app.installed_apps.checks import check_due
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.log.events import head
from app.sign_ins.models import OAuthClient, StatusReason
from tests.installed_apps.git_servers import GITHUB, GITLAB, own_grant
from tests.installed_apps.world import World, code_of, log_since


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
