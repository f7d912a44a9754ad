from datetime import timedelta

import pytest

from app.installed_apps.deleting import delete as delete_app
from app.integrations.models import IntegrationStatus
from app.integrations.pausing import pause, resume
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.models import StatusReason
from tests.installed_apps.world import World, log_since
from tests.integrations.scene import place_own, place_through


@pytest.mark.parametrize("who", ["ada", "bob"])
async def test_who_made_it_and_admins_pause_and_resume_it_once(world: World, who: str) -> None:
    caller = getattr(world.people, who)
    integration = await place_own(world, world.people.bob)
    before = await head(caller.team_id)
    world.clock.advance(timedelta(seconds=1))

    paused = await pause(integration.id, caller=caller, services=world.services)
    again = await pause(integration.id, caller=caller, services=world.services)
    resumed = await resume(integration.id, caller=caller, services=world.services)
    twice = await resume(integration.id, caller=caller, services=world.services)

    assert (paused.status, paused.reason, paused.updated_at) == (
        IntegrationStatus.PAUSED,
        StatusReason.PAUSED_BY_MEMBER,
        world.clock.now(),
    )
    assert (again.updated_at, resumed.status, twice.updated_at) == (
        paused.updated_at,
        IntegrationStatus.ACTIVE,
        resumed.updated_at,
    )
    assert await log_since(before, team_id=caller.team_id) == ["INTEGRATION_STATUS_CHANGED"] * 2
    assert {event.actor_id for event in await Event.filter(sequence__gt=before)} == {caller.member_id}


async def test_a_pause_of_what_is_stopped_is_an_edit_and_kept(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)
    before = await head(people.team_id)

    paused = await pause(integration.id, caller=people.bob, services=world.services)

    assert (paused.status, paused.is_paused) == (IntegrationStatus.NEEDS_REAUTHENTICATION, True)
    assert await log_since(before, team_id=people.team_id) == ["INTEGRATION_EDITED"]
