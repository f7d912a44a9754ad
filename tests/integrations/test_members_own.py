"""Connected APIs use one member's own authorization: what ends, troubles or renews it, and who comes back by what."""

from uuid import UUID

import pytest

from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.integrations.pausing import pause
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import ThroughApp
from app.log.actors import Actor
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.grants import note_recovery, note_trouble
from app.sign_ins.models import StatusReason
from app.sign_ins.oauth_clients import note_recovery as note_client_recovery, note_trouble as note_client_trouble
from app.teams.removing import remove_member
from tests.installed_apps.git_servers import HOSTS, Host, own_grant
from tests.installed_apps.world import World, log_since
from tests.integrations.git_scene import connect, connection_of
from tests.integrations.scene import now_of
from tests.repositories.scene import open_app

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
STATUS = "INTEGRATION_STATUS_CHANGED"
ACTIVE = ("ACTIVE", None)
ENDED = ("NEEDS_REAUTHENTICATION", "AUTHORIZATION_ENDED")
DELETED = ("NEEDS_REAUTHENTICATION", "INSTALLED_APP_DELETED")


async def standing(integration: Integration) -> tuple[str, str | None]:
    fresh = await now_of(integration)
    return fresh.status.value, fresh.reason.value if fresh.reason is not None else None


async def both(world: World, host: Host) -> tuple[InstalledApp, Integration, Integration]:
    """Let Bob and Cid each connect an API of their own."""
    app = await open_app(world, host, bob="ada", cid="grace")
    bobs = await connect(world, world.people.bob, app, host)
    return app, bobs, await connect(world, world.people.cid, app, host, branch="develop")


@EACH
async def test_a_deleted_server_added_again_adopts_what_it_stopped(world: World, host: Host) -> None:
    people = world.people
    app, bobs, cids = await both(world, host)
    await pause(cids.id, caller=people.cid, services=world.services)
    before = await head(people.team_id)

    await delete_app(app.id, caller=people.ada, services=world.services)

    assert [await standing(one) for one in (bobs, cids)] == [DELETED, DELETED]
    assert "Ada" in str((await now_of(bobs)).message)
    assert (await log_since(before, team_id=people.team_id)).count(STATUS) == 2

    again = await host.add(world, people.ada, name="Again")

    assert [await standing(one) for one in (bobs, cids)] == [ENDED, ENDED]
    assert {(await now_of(one)).installed_app_id for one in (bobs, cids)} == {again.id}

    await host.sign_in(world, people.bob, again, "ada")

    assert [await standing(one) for one in (bobs, cids)] == [ACTIVE, ENDED]
    assert (await connection_of(bobs)).next_check_at == world.clock.now()

    await host.sign_in(world, people.cid, again, "grace")

    assert [await standing(one) for one in (bobs, cids)] == [ACTIVE, ("PAUSED", "PAUSED_BY_MEMBER")]


@EACH
async def test_other_servers_and_other_teams_adopt_nothing(world: World, host: Host) -> None:
    app, bobs, _ = await both(world, host)
    other = next(one for one in HOSTS if one is not host)
    await delete_app(app.id, caller=world.people.ada, services=world.services)

    await other.add(world, world.people.ada, name="Other")
    await world.share(world.people.ada)

    assert await standing(bobs) == DELETED
    assert (await now_of(bobs)).installed_app_id == app.id


@EACH
async def test_a_member_who_leaves_takes_their_authorization_along(world: World, host: Host) -> None:
    people = world.people
    app, bobs, cids = await both(world, host)

    await remove_member(
        team_id=people.team_id,
        actor=Actor(people.ada.member_id),
        member_id=people.bob.member_id,
        services=world.services,
    )

    assert [await standing(one) for one in (bobs, cids)] == [ENDED, ACTIVE]
    assert "Bob" in str((await now_of(bobs)).message)
    await reauthenticate(bobs.id, using=ThroughApp(app.id), caller=people.cid, services=world.services)
    assert await standing(bobs) == ACTIVE
    assert (await now_of(bobs)).authorized_by_id == people.cid.member_id


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (StatusReason.REVOKED, "NEEDS_REAUTHENTICATION"),
        (StatusReason.EXPIRED, "NEEDS_REAUTHENTICATION"),
        (StatusReason.MISSING_SCOPES, "NEEDS_REAUTHENTICATION"),
        (StatusReason.REFRESH_UNCERTAIN, "NEEDS_REAUTHENTICATION"),
        (StatusReason.KEY_UNAVAILABLE, "UNAVAILABLE"),
    ],
)
@EACH
async def test_a_members_trouble_stops_their_own_only_until_they_sign_in_anew(
    world: World, host: Host, reason: StatusReason, status: str
) -> None:
    app, bobs, cids = await both(world, host)

    await note_trouble(await own_grant(app, world.people.bob), reason, "It is over.", services=world.services)

    assert [await standing(one) for one in (bobs, cids)] == [(status, reason.value), ACTIVE]
    assert (await now_of(bobs)).message == "It is over."
    await host.sign_in(world, world.people.bob, app, "ada")
    assert await standing(bobs) == ACTIVE


@pytest.mark.parametrize("reason", [StatusReason.PROVIDER_UNREACHABLE, StatusReason.PROVIDER_ERROR])
@EACH
async def test_what_may_pass_by_itself_stops_nothing(world: World, host: Host, reason: StatusReason) -> None:
    app, bobs, cids = await both(world, host)

    await note_trouble(await own_grant(app, world.people.bob), reason, "Away.", services=world.services)

    assert [await standing(one) for one in (bobs, cids)] == [ACTIVE, ACTIVE]


@EACH
async def test_a_key_that_is_back_lets_it_go_on(world: World, host: Host) -> None:
    app, bobs, _ = await both(world, host)
    reason = StatusReason.KEY_UNAVAILABLE
    await note_trouble(await own_grant(app, world.people.bob), reason, "No key.", services=world.services)

    await note_recovery(await own_grant(app, world.people.bob), services=world.services)

    assert await standing(bobs) == ACTIVE


@pytest.mark.parametrize(
    ("reason", "status"),
    [(StatusReason.CLIENT_REFUSED, "NEEDS_REAUTHENTICATION"), (StatusReason.KEY_UNAVAILABLE, "UNAVAILABLE")],
)
@EACH
async def test_what_stops_the_client_stops_everyone_and_ends_with_it_for_whoever_is_signed_in(
    world: World, host: Host, reason: StatusReason, status: str
) -> None:
    app, bobs, cids = await both(world, host)
    client_id = UUID(str(app.oauth_client_id))

    await note_client_trouble(client_id, reason, "Edit it.", services=world.services)

    assert [await standing(one) for one in (bobs, cids)] == [(status, reason.value)] * 2
    assert "Edit it." in str((await now_of(bobs)).message)
    revoked = StatusReason.REVOKED
    await note_trouble(await own_grant(app, world.people.cid), revoked, "Revoked.", services=world.services)
    assert await standing(cids) == (status, reason.value)

    await note_client_recovery(client_id, services=world.services)

    assert [await standing(one) for one in (bobs, cids)] == [ACTIVE, ("NEEDS_REAUTHENTICATION", "REVOKED")]


@EACH
async def test_signing_in_again_while_all_is_well_changes_nothing(world: World, host: Host) -> None:
    app, bobs, _ = await both(world, host)
    before = await head(world.people.team_id)

    await host.sign_in(world, world.people.bob, app, "ada")

    assert await standing(bobs) == ACTIVE
    assert not await Event.filter(team_id=world.people.team_id, sequence__gt=before, type=STATUS).exists()
