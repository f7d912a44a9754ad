from uuid import uuid4

import pytest

from app.errors import Refusal, UserErrorCode
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete
from app.integrations.models import IntegrationStatus
from app.integrations.pausing import pause
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import BySignIn, ThroughApp
from app.log.actors import Actor
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.models import Grant, GrantState
from app.teams.removing import remove_member
from tests.installed_apps.world import World, code_of, log_since, make_people
from tests.integrations.scene import now_of, place_own, place_through


async def test_any_member_brings_back_what_an_app_s_deletion_stopped(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)
    using = BySignIn(await world.sign_in(people.cid), shares_with_team=True)
    before = await head(people.team_id)

    placed = await reauthenticate(integration.id, using=using, caller=people.cid, services=world.services)

    kept = await now_of(integration)
    assert placed.new_app is not None
    assert (kept.status, kept.reason, kept.message) == (IntegrationStatus.ACTIVE, None, None)
    assert (kept.installed_app_id, kept.created_by_id) == (placed.new_app.id, people.bob.member_id)
    assert await log_since(before, team_id=people.team_id) == [
        "INSTALLED_APP_ADDED",
        "INTEGRATION_REAUTHENTICATED",
        "INTEGRATION_STATUS_CHANGED",
    ]
    event = await Event.get(team_id=people.team_id, sequence=before + 3)
    assert (event.status, event.previous_status, event.actor_id) == (
        "ACTIVE",
        "NEEDS_REAUTHENTICATION",
        people.cid.member_id,
    )


async def test_the_workspace_s_app_added_again_brings_nothing_back_until_it_is_used(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)

    again = await world.share(people.ada)
    assert (await now_of(integration)).status is IntegrationStatus.NEEDS_REAUTHENTICATION
    await reauthenticate(integration.id, using=ThroughApp(again.id), caller=people.cid, services=world.services)

    kept = await now_of(integration)
    assert (kept.status, kept.installed_app_id) == (IntegrationStatus.ACTIVE, again.id)


async def test_a_paused_integration_is_paused_again(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_through(world, people.bob, app.id)
    await pause(integration.id, caller=people.bob, services=world.services)
    await delete_app(app.id, caller=people.ada, services=world.services)
    stopped = await now_of(integration)
    assert (stopped.status, stopped.is_paused) == (IntegrationStatus.NEEDS_REAUTHENTICATION, True)

    using = BySignIn(await world.sign_in(people.cid), shares_with_team=False)
    placed = await reauthenticate(integration.id, using=using, caller=people.cid, services=world.services)

    assert (placed.integration.status, placed.integration.authorized_by_id) == (
        IntegrationStatus.PAUSED,
        people.cid.member_id,
    )


async def test_a_member_who_leaves_takes_their_own_sign_in_along_and_another_brings_it_back(world: World) -> None:
    people = world.people
    integration = await place_own(world, people.bob)
    await remove_member(
        team_id=people.team_id, actor=Actor(people.ada.member_id), member_id=people.bob.member_id, services=world.services
    )
    stopped = await now_of(integration)
    assert (stopped.status, stopped.reason) == (IntegrationStatus.NEEDS_REAUTHENTICATION, "AUTHORIZATION_ENDED")
    assert stopped.message == "Bob, whose own sign-in it used, has left the team."

    using = BySignIn(await world.sign_in(people.cid), shares_with_team=False)
    await reauthenticate(integration.id, using=using, caller=people.cid, services=world.services)

    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE


async def test_one_that_works_takes_another_authorization_too_and_gives_its_own_back(world: World) -> None:
    people = world.people
    integration = await place_own(world, people.bob)
    app = await world.share(people.ada)
    before = await head(people.team_id)

    placed = await reauthenticate(integration.id, using=ThroughApp(app.id), caller=people.cid, services=world.services)

    assert (placed.integration.grant_id, placed.integration.installed_app_id) == (None, app.id)
    assert (await Grant.get(id=integration.grant_id)).state is GrantState.REVOKING
    assert await log_since(before, team_id=people.team_id) == ["INTEGRATION_REAUTHENTICATED"]


async def test_another_workspace_is_refused_with_the_names_of_both(world: World) -> None:
    people, services = world.people, world.services
    integration = await place_own(world, people.bob)
    globex = BySignIn(await world.sign_in(people.cid, "Globex"), shares_with_team=False)
    app = ThroughApp((await world.share(people.ada, "Globex")).id)

    with pytest.raises(Refusal) as by_sign_in:
        await reauthenticate(integration.id, using=globex, caller=people.cid, services=services)
    with pytest.raises(Refusal) as through_app:
        await reauthenticate(integration.id, using=app, caller=people.cid, services=services)

    assert by_sign_in.value.message == (
        "This sign-in is for Globex, and this needs one for Acme: sign in again, and choose Acme."
    )
    assert through_app.value.message.startswith("This is for Globex, and the integration is for Acme: use one for Acme")


async def test_refused_reauthentications_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    integration, gone = await place_own(world, people.bob), await place_own(world, people.bob)
    await delete(gone.id, caller=people.bob, services=services)
    theirs = await place_own(world, (await make_people(services, name="Another")).bob)
    fresh = BySignIn(await world.sign_in(people.cid), shares_with_team=False)
    globex = BySignIn(await world.sign_in(people.cid, "Globex"), shares_with_team=True)
    app = ThroughApp((await world.share(people.ada, "Globex")).id)

    assert await code_of(reauthenticate(integration.id, using=globex, caller=people.cid, services=services)) == (
        UserErrorCode.WRONG_ACCOUNT,
        ("using", "authorization", "authorizationId"),
    )
    assert await code_of(reauthenticate(integration.id, using=app, caller=people.cid, services=services)) == (
        UserErrorCode.WRONG_ACCOUNT,
        ("using", "installedAppId"),
    )
    assert await code_of(reauthenticate(integration.id, using=fresh, caller=people.vera, services=services)) == (
        UserErrorCode.FORBIDDEN,
        (),
    )
    for unknown in (gone.id, theirs.id, uuid4()):
        assert await code_of(reauthenticate(unknown, using=fresh, caller=people.cid, services=services)) == (
            UserErrorCode.NOT_FOUND,
            ("id",),
        )
