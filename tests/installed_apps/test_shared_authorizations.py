from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import UserErrorCode
from app.installed_apps.adding import add
from app.installed_apps.deleting import delete
from app.installed_apps.editing import edit
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.reauthenticating import reauthenticate
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, StatusReason
from app.teams.changing_roles import change_role
from app.teams.removing import remove_member
from tests.installed_apps.world import World, code_of, log_since, make_people, refusal_of

USING = ("using", "authorizationId")


async def test_a_sign_in_is_shared_as_an_app_named_after_its_workspace(world: World) -> None:
    bob = world.people.bob
    authorization = await world.sign_in(bob)
    before = await head(bob.team_id)

    app = await add(authorization, name=None, caller=bob, services=world.services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.name, kept.connected_to, kept.account_id, kept.provider) == ("Acme", "Acme", "T0ACME001", "slack")
    assert (kept.status, kept.status_reason, kept.installed_by_id) == (InstalledAppStatus.ACTIVE, None, bob.member_id)
    grant = await Grant.get(id=kept.grant_id)
    assert (grant.state, grant.is_shared, kept.origin) == (GrantState.ACTIVE, True, grant.origin)
    assert (await Authorization.get(id=authorization)).status is AuthorizationStatus.USED
    assert await log_since(before, team_id=bob.team_id) == ["INSTALLED_APP_ADDED"]
    event = await Event.get(team_id=bob.team_id, sequence=before + 1)
    assert (event.actor_id, event.subject_id) == (bob.member_id, app.id)
    assert event.summary == "The installed app “Acme” was added, connected to Acme."


async def test_a_name_is_kept_without_the_space_around_it(world: World) -> None:
    app = await world.share(world.people.bob, name="  The team's Slack ")

    assert app.name == "The team's Slack"


async def test_a_second_app_for_the_same_workspace_is_refused_and_names_the_first(world: World) -> None:
    await world.share(world.people.ada, name="Ours")
    again = await world.sign_in(world.people.bob)

    refused = await refusal_of(add(again, name=None, caller=world.people.bob, services=world.services))

    assert (refused.code, refused.field) == (UserErrorCode.ALREADY_EXISTS, USING)
    assert "“Ours”" in refused.message


async def test_another_team_shares_the_same_workspace_and_this_team_another(world: World) -> None:
    others = await make_people(world.services, name="Another")
    await world.share(world.people.bob)

    theirs = await world.share(others.bob)
    second = await world.share(world.people.bob, "Globex")

    assert (theirs.connected_to, second.connected_to) == ("Acme", "Globex")


async def test_a_workspace_whose_app_was_deleted_is_shared_anew(world: World) -> None:
    first = await world.share(world.people.bob)
    await delete(first.id, caller=world.people.ada, services=world.services)

    second = await world.share(world.people.cid)

    assert second.id != first.id
    assert await InstalledApp.filter(team_id=world.people.team_id).count() == 2


async def test_refused_sign_ins_change_nothing(world: World) -> None:
    bob, services = world.people.bob, world.services
    pending = (await world.begin(bob)).id
    failed = await world.decline(bob)
    used = await world.sign_in(bob)
    await add(used, name=None, caller=bob, services=services)
    fresh = await world.sign_in(bob, "Globex")
    elsewhere = await world.sign_in((await make_people(services, name="Another")).bob, "Initech")

    assert await code_of(add(pending, name=None, caller=bob, services=services)) == (UserErrorCode.AUTHORIZATION_PENDING, USING)
    assert await code_of(add(failed, name=None, caller=bob, services=services)) == (UserErrorCode.AUTHORIZATION_FAILED, USING)
    assert await code_of(add(used, name=None, caller=bob, services=services)) == (UserErrorCode.AUTHORIZATION_USED, USING)
    assert await code_of(add(uuid4(), name=None, caller=bob, services=services)) == (UserErrorCode.NOT_FOUND, USING)
    assert await code_of(add(elsewhere, name=None, caller=bob, services=services)) == (UserErrorCode.NOT_FOUND, USING)
    assert await code_of(add(fresh, name=None, caller=world.people.cid, services=services)) == (UserErrorCode.NOT_FOUND, USING)
    assert await code_of(add(fresh, name=" ", caller=bob, services=services)) == (UserErrorCode.INVALID, ("name",))
    assert await code_of(add(fresh, name="x" * 201, caller=bob, services=services)) == (UserErrorCode.INVALID, ("name",))
    assert await code_of(add(fresh, name=None, caller=world.people.vera, services=services)) == (UserErrorCode.FORBIDDEN, ())
    world.clock.advance(timedelta(hours=1))
    assert await code_of(add(fresh, name=None, caller=bob, services=services)) == (UserErrorCode.AUTHORIZATION_EXPIRED, USING)


@pytest.mark.parametrize("who", ["ada", "bob"])
async def test_admins_and_who_set_it_up_rename_it(world: World, who: str) -> None:
    app = await world.share(world.people.bob)
    before = await head(world.people.team_id)
    world.clock.advance(timedelta(seconds=1))

    edited = await edit(
        app.id, name="Slack", expected_updated_at=app.updated_at, caller=getattr(world.people, who), services=world.services
    )

    assert (edited.name, edited.updated_at) == ("Slack", world.clock.now())
    assert await log_since(before, team_id=world.people.team_id) == ["INSTALLED_APP_EDITED"]


async def test_an_edit_that_changes_nothing_is_no_event_and_no_revision(world: World) -> None:
    app = await world.share(world.people.bob)
    before = await head(world.people.team_id)
    world.clock.advance(timedelta(seconds=1))

    edited = await edit(app.id, name="Acme", expected_updated_at=None, caller=world.people.bob, services=world.services)

    assert edited.updated_at == app.updated_at
    assert await log_since(before, team_id=world.people.team_id) == []


async def test_refused_edits_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.bob)
    elsewhere = await world.share((await make_people(services, name="Another")).bob)
    deleted = await world.share(people.bob, "Globex")
    await delete(deleted.id, caller=people.ada, services=services)
    stale = app.updated_at - timedelta(milliseconds=1)

    assert await code_of(edit(app.id, name="X", expected_updated_at=None, caller=people.cid, services=services)) == (
        UserErrorCode.FORBIDDEN,
        (),
    )
    assert await code_of(edit(app.id, name="X", expected_updated_at=stale, caller=people.bob, services=services)) == (
        UserErrorCode.CONFLICT,
        ("expectedUpdatedAt",),
    )
    assert await code_of(edit(app.id, name="", expected_updated_at=None, caller=people.bob, services=services)) == (
        UserErrorCode.INVALID,
        ("name",),
    )
    for unknown in (elsewhere.id, deleted.id, uuid4()):
        assert await code_of(edit(unknown, name="X", expected_updated_at=None, caller=people.ada, services=services)) == (
            UserErrorCode.NOT_FOUND,
            ("id",),
        )


async def test_a_member_who_was_made_a_viewer_meanwhile_is_refused(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.bob)
    await change_role(
        team_id=people.team_id, actor=None, member_id=people.bob.member_id, role=people.vera.role, services=services
    )

    attempt = edit(app.id, name="X", expected_updated_at=None, caller=people.bob, services=services)

    assert await code_of(attempt) == (UserErrorCode.FORBIDDEN, ())


async def test_only_admins_delete_and_its_authorization_is_given_back(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.bob)
    for other in (people.bob, people.vera):
        assert await code_of(delete(app.id, caller=other, services=services)) == (UserErrorCode.FORBIDDEN, ())
    before = await head(people.team_id)

    await delete(app.id, caller=people.ada, services=services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.live_key, kept.deleted_at) == (None, world.clock.now())
    assert (await Grant.get(id=app.grant_id)).state is GrantState.REVOKING
    assert await log_since(before, team_id=people.team_id) == ["INSTALLED_APP_DELETED"]
    assert await code_of(delete(app.id, caller=people.ada, services=services)) == (UserErrorCode.NOT_FOUND, ("id",))


async def test_any_member_puts_a_fresh_sign_in_for_the_same_workspace_into_it(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.bob)
    old = await Grant.get(id=app.grant_id)
    await note_trouble(old, StatusReason.REVOKED, "Slack says that it was revoked.", services=services)
    fresh = await world.sign_in(people.cid)
    before = await head(people.team_id)

    again = await reauthenticate(app.id, fresh, caller=people.cid, services=services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.status, kept.status_reason, kept.status_message) == (InstalledAppStatus.ACTIVE, None, None)
    assert again.grant_id == kept.grant_id != old.id
    assert (await Grant.get(id=old.id)).state is GrantState.REVOKING
    assert (await Grant.get(id=kept.grant_id)).is_shared
    assert kept.installed_by_id == people.bob.member_id
    assert await log_since(before, team_id=people.team_id) == ["INSTALLED_APP_REAUTHENTICATED"]
    event = await Event.get(team_id=people.team_id, sequence=before + 1)
    assert (event.status, event.previous_status) == ("ACTIVE", "NEEDS_REAUTHENTICATION")


async def test_refused_reauthentications_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.bob)
    globex, same = await world.sign_in(people.bob, "Globex"), await world.sign_in(people.bob)
    field = ("authorizationId",)

    assert await code_of(reauthenticate(app.id, globex, caller=people.bob, services=services)) == (
        UserErrorCode.WRONG_ACCOUNT,
        field,
    )
    assert await code_of(reauthenticate(app.id, same, caller=people.cid, services=services)) == (UserErrorCode.NOT_FOUND, field)
    assert await code_of(reauthenticate(uuid4(), same, caller=people.bob, services=services)) == (
        UserErrorCode.NOT_FOUND,
        ("id",),
    )
    assert await code_of(reauthenticate(app.id, same, caller=people.vera, services=services)) == (UserErrorCode.FORBIDDEN, ())


async def test_an_app_stays_when_who_set_it_up_leaves(world: World) -> None:
    app = await world.share(world.people.bob)

    await remove_member(team_id=world.people.team_id, actor=None, member_id=world.people.bob.member_id, services=world.services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.status, kept.installed_by_id, kept.deleted_at) == (
        InstalledAppStatus.ACTIVE,
        world.people.bob.member_id,
        None,
    )
    assert (await Grant.get(id=app.grant_id)).state is GrantState.ACTIVE
