from datetime import timedelta

from app.errors import UserErrorCode
from app.installed_apps.checking import check
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledAppStatus
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.world import World, code_of


async def test_a_check_of_an_app_that_works_says_so_and_when(world: World) -> None:
    app = await world.share(world.people.bob)
    world.clock.advance(timedelta(minutes=7))

    checked = await check(app.id, caller=world.people.cid, services=world.services)

    assert checked.status is InstalledAppStatus.ACTIVE
    assert (await Grant.get(id=app.grant_id)).last_checked_at == world.clock.now()


async def test_a_check_finds_out_that_the_app_was_uninstalled(world: World) -> None:
    app = await world.share(world.people.bob)
    world.sandbox.control("faults", provider="slack", endpoint="auth.test", fault="uninstall_app", times=1)

    checked = await check(app.id, caller=world.people.cid, services=world.services)

    assert (checked.status, checked.status_reason) == (InstalledAppStatus.NEEDS_REAUTHENTICATION, StatusReason.REVOKED)
    assert checked.status_message


async def test_a_provider_that_fails_is_unreachable_until_the_next_check(world: World) -> None:
    app = await world.share(world.people.bob)
    world.sandbox.control("faults", provider="slack", endpoint="auth.test", fault="status", status=503, times=1)

    failing = await check(app.id, caller=world.people.cid, services=world.services)
    works = await check(app.id, caller=world.people.cid, services=world.services)

    assert failing.status is InstalledAppStatus.UNREACHABLE
    assert (works.status, works.status_reason) == (InstalledAppStatus.ACTIVE, None)


async def test_a_provider_that_asks_for_patience_is_not_found_out_about(world: World) -> None:
    app = await world.share(world.people.bob)
    world.sandbox.control("faults", provider="slack", endpoint="auth.test", fault="rate_limit", times=1)

    attempt = check(app.id, caller=world.people.cid, services=world.services)

    assert await code_of(attempt) == (UserErrorCode.PROVIDER_BUSY, ())


async def test_a_deleted_app_is_not_there_to_be_checked(world: World) -> None:
    app = await world.share(world.people.bob)
    await delete(app.id, caller=world.people.ada, services=world.services)

    assert await code_of(check(app.id, caller=world.people.bob, services=world.services)) == (UserErrorCode.NOT_FOUND, ("id",))
