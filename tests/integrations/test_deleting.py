from app.integrations.deleting import delete
from app.log.counters import head
from app.sign_ins.models import Grant, GrantState
from tests.installed_apps.world import World, log_since
from tests.integrations.scene import now_of, place_own, place_through


async def test_a_deleted_integration_gives_its_own_grant_back_and_is_gone(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    before = await head(world.people.team_id)

    await delete(integration.id, caller=world.people.bob, services=world.services)

    assert (await now_of(integration)).deleted_at == world.clock.now()
    assert (await Grant.get(id=integration.grant_id)).state is GrantState.REVOKING
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_DELETED"]


async def test_a_deleted_integration_leaves_the_app_that_it_used_alone(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)

    await delete(integration.id, caller=world.people.ada, services=world.services)

    assert (await Grant.get(id=app.grant_id)).state is GrantState.ACTIVE
