from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import UserErrorCode
from app.installed_apps.actions import delete as delete_app
from app.integrations.actions import delete, pause, resume
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import grant_of
from app.integrations.status import record_attempt
from app.log.events import Change, Event, head
from app.providers.contract import Failure, Fault
from app.sign_ins.models import Grant, GrantState, StatusReason
from tests.installed_apps.world import World, code_of, log_since, make_people, rows
from tests.integrations.scene import now_of, place_own, place_through


async def note(world: World, integration: Integration, failure: Failure | None) -> None:
    async def apply(change: Change) -> None:
        await record_attempt(change, integration, failure)

    await world.services.events.change(world.people.team_id, apply)


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


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.TARGET_GONE, StatusReason.TARGET_UNAVAILABLE),
        (Fault.UNREACHABLE, StatusReason.PROVIDER_UNREACHABLE),
        (Fault.NOT_ALLOWED, StatusReason.PROVIDER_UNREACHABLE),
        (Fault.BROKEN, StatusReason.PROVIDER_ERROR),
        (Fault.REFUSED, StatusReason.PROVIDER_ERROR),
    ],
)
async def test_an_attempt_that_fails_is_shown_until_one_succeeds(world: World, fault: Fault, reason: StatusReason) -> None:
    integration = await place_own(world, world.people.bob)
    before = await head(world.people.team_id)

    for _ in range(2):
        await note(world, integration, Failure(fault, "It said no."))
    failing = await now_of(integration)
    for _ in range(2):
        await note(world, integration, None)

    assert (failing.status, failing.reason, failing.message) == (IntegrationStatus.FAILING, reason, "It said no.")
    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_STATUS_CHANGED"] * 2


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DEAD_GRANT, Fault.EXPIRED, Fault.MISSING_SCOPES, Fault.CLIENT_REFUSED])
async def test_patience_and_what_is_the_authorization_s_are_no_failing_of_its_own(world: World, fault: Fault) -> None:
    integration = await place_own(world, world.people.bob)
    before = await rows()

    await note(world, integration, Failure(fault, "It said no."))

    assert await rows() == before


async def test_a_late_word_about_a_deleted_integration_changes_nothing(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    await delete(integration.id, caller=world.people.bob, services=world.services)
    before = await rows()

    await note(world, integration, Failure(Fault.TARGET_GONE, "Gone."))

    assert await rows() == before


async def test_it_speaks_with_its_own_grant_or_with_its_living_app_s(world: World) -> None:
    app = await world.share(world.people.ada)
    own, through = await place_own(world, world.people.bob), await place_through(world, world.people.bob, app.id)

    assert (await grant_of(own), await grant_of(through)) == (own.grant_id, app.grant_id)

    await delete_app(app.id, caller=world.people.ada, services=world.services)

    assert await grant_of(await now_of(through)) is None
