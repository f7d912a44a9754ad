from uuid import uuid4

from app.errors import UserErrorCode
from app.integrations.deleting import delete
from app.integrations.pausing import pause, resume
from tests.installed_apps.world import World, code_of, make_people
from tests.integrations.scene import place_own


async def test_refused_callers_and_unknown_ids_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    integration, gone = await place_own(world, people.bob), await place_own(world, people.bob)
    await delete(gone.id, caller=people.bob, services=services)
    theirs = await place_own(world, (await make_people(services, name="Another")).bob)

    for act in (pause, resume, delete):
        for other in (people.cid, people.vera):
            assert await code_of(act(integration.id, caller=other, services=services)) == (UserErrorCode.FORBIDDEN, ())
        for unknown in (gone.id, theirs.id, uuid4()):
            assert await code_of(act(unknown, caller=people.ada, services=services)) == (UserErrorCode.NOT_FOUND, ("id",))
