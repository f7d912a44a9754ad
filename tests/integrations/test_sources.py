from uuid import UUID

from app.installed_apps.deleting import delete as delete_app
from app.integrations.kinds.listening import listeners_of
from app.integrations.models import Integration
from app.integrations.sources import WITH_GRANTS, grant_of, grant_read_with
from app.monitors.models import Monitor
from tests.installed_apps.world import World
from tests.integrations.scene import now_of, place_own, place_through


async def test_it_speaks_with_its_own_grant_or_with_its_living_app_s(world: World) -> None:
    app = await world.share(world.people.ada)
    own, through = await place_own(world, world.people.bob), await place_through(world, world.people.bob, app.id)

    assert (await grant_of(own), await grant_of(through)) == (own.grant_id, app.grant_id)

    await delete_app(app.id, caller=world.people.ada, services=world.services)

    assert await grant_of(await now_of(through)) is None


async def test_whichever_way_it_is_read_with_its_grant_that_is_the_same(world: World) -> None:
    own = await place_own(world, world.people.bob)
    deleted = await world.share(world.people.ada)
    before = await place_through(world, world.people.bob, deleted.id)
    await delete_app(deleted.id, caller=world.people.ada, services=world.services)
    app = await world.share(world.people.ada)
    through = await place_through(world, world.people.bob, app.id)

    read, heard = await by_reading(), await by_hearing()

    assert read == heard == {own.id: own.grant_id, through.id: app.grant_id, before.id: None}


async def by_reading() -> dict[UUID, UUID | None]:
    found = {each.id: grant_read_with(each) for each in await Integration.all().select_related(*WITH_GRANTS)}
    return {key: grant.id if grant is not None else None for key, grant in found.items()}


async def by_hearing() -> dict[UUID, UUID | None]:
    heard = [one for monitor in await Monitor.all() for one in await listeners_of(monitor.id, with_grants=True)]
    return {one.integration.id: one.grant.id if one.grant is not None else None for one in heard}
