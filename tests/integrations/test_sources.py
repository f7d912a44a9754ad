from app.installed_apps.deleting import delete as delete_app
from app.integrations.sources import grant_of
from tests.installed_apps.world import World
from tests.integrations.scene import now_of, place_own, place_through


async def test_it_speaks_with_its_own_grant_or_with_its_living_app_s(world: World) -> None:
    app = await world.share(world.people.ada)
    own, through = await place_own(world, world.people.bob), await place_through(world, world.people.bob, app.id)

    assert (await grant_of(own), await grant_of(through)) == (own.grant_id, app.grant_id)

    await delete_app(app.id, caller=world.people.ada, services=world.services)

    assert await grant_of(await now_of(through)) is None
