"""What stops and starts integrations: each cause and what follows from it are one change."""

import pytest

from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.reauthenticating import reauthenticate as reauthenticate_app
from app.integrations.deleting import delete
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.pausing import pause
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.grants import end, note_recovery, note_trouble
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.world import World, log_since
from tests.integrations.scene import now_of, place_own, place_through

HARD = [
    StatusReason.REVOKED,
    StatusReason.EXPIRED,
    StatusReason.MISSING_SCOPES,
    StatusReason.REFRESH_UNCERTAIN,
    StatusReason.CLIENT_REFUSED,
]
SOFT = [StatusReason.PROVIDER_UNREACHABLE, StatusReason.PROVIDER_ERROR]
STATUS = "INTEGRATION_STATUS_CHANGED"


async def statuses(*integrations: Integration) -> list[IntegrationStatus]:
    return [(await now_of(integration)).status for integration in integrations]


async def test_a_deleted_app_stops_whatever_uses_it_in_the_same_change(world: World) -> None:
    people = world.people
    app, other = await world.share(people.ada), await world.share(people.ada, "Globex")
    first, second = [await place_through(world, people.bob, app.id) for _ in range(2)]
    gone = await place_through(world, people.bob, app.id)
    await delete(gone.id, caller=people.bob, services=world.services)
    own = await place_own(world, people.bob)
    await pause(second.id, caller=people.bob, services=world.services)
    before = await head(people.team_id)

    await delete_app(app.id, caller=people.ada, services=world.services)

    assert await log_since(before, team_id=people.team_id) == ["INSTALLED_APP_DELETED", STATUS, STATUS]
    events = await Event.filter(team_id=people.team_id, sequence__gt=before).order_by("sequence")
    assert {(event.occurred_at, event.actor_id) for event in events} == {(world.clock.now(), people.ada.member_id)}
    assert [(event.subject_id, event.previous_status, event.reason) for event in events[1:]] == [
        (row.id, previous, "INSTALLED_APP_DELETED")
        for row, previous in sorted([(first, "ACTIVE"), (second, "PAUSED")], key=lambda pair: pair[0].id.bytes)
    ]
    stopped = await now_of(first)
    assert (stopped.uses_installed_app, stopped.connected_to, stopped.installed_app_id) == (True, "Acme", app.id)
    assert stopped.message == (
        "The installed app “Acme” was deleted by Ada. Re-authenticate this integration to go on: sign in anew, or use another "
        "installed app for the same account."
    )
    assert await statuses(own) == [IntegrationStatus.ACTIVE]
    assert other.deleted_at is None


@pytest.mark.parametrize("reason", [*HARD, StatusReason.KEY_UNAVAILABLE])
async def test_what_stops_an_app_stops_what_uses_it_and_ends_with_it(world: World, reason: StatusReason) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration, own = await place_through(world, people.bob, app.id), await place_own(world, people.bob)
    before = await head(people.team_id)

    await note_trouble(await Grant.get(id=app.grant_id), reason, "Slack took it back.", services=world.services)

    stopped = await now_of(integration)
    expected = "UNAVAILABLE" if reason is StatusReason.KEY_UNAVAILABLE else "NEEDS_REAUTHENTICATION"
    assert (stopped.status, stopped.reason) == (expected, reason)
    assert stopped.message == "The installed app “Acme” no longer works. Slack took it back."
    assert await statuses(own) == [IntegrationStatus.ACTIVE]

    await note_recovery(await Grant.get(id=app.grant_id), services=world.services)

    assert await statuses(integration) == [IntegrationStatus.ACTIVE]
    assert await log_since(before, team_id=people.team_id) == ["INSTALLED_APP_STATUS_CHANGED", STATUS] * 2


@pytest.mark.parametrize("reason", SOFT)
async def test_what_may_pass_by_itself_stops_nothing(world: World, reason: StatusReason) -> None:
    app = await world.share(world.people.ada)
    integration, own = await place_through(world, world.people.bob, app.id), await place_own(world, world.people.bob)

    for grant_id in (app.grant_id, own.grant_id):
        await note_trouble(await Grant.get(id=grant_id), reason, "Away.", services=world.services)

    assert await statuses(integration, own) == [IntegrationStatus.ACTIVE] * 2


async def test_a_key_that_is_back_while_the_provider_is_away_lets_integrations_go_on(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.KEY_UNAVAILABLE, "No key.", services=world.services)

    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)

    assert await statuses(integration) == [IntegrationStatus.ACTIVE]


async def test_an_app_re_authenticated_brings_back_all_that_use_it_but_the_paused_stay_paused(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    running, paused = [await place_through(world, people.bob, app.id) for _ in range(2)]
    await pause(paused.id, caller=people.bob, services=world.services)
    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.REVOKED, "Revoked.", services=world.services)
    assert await statuses(running, paused) == [IntegrationStatus.NEEDS_REAUTHENTICATION] * 2
    fresh = await world.sign_in(people.cid)
    before = await head(people.team_id)

    await reauthenticate_app(app.id, fresh, caller=people.cid, services=world.services)

    assert await statuses(running, paused) == [IntegrationStatus.ACTIVE, IntegrationStatus.PAUSED]
    assert await log_since(before, team_id=people.team_id) == ["INSTALLED_APP_REAUTHENTICATED", STATUS, STATUS]


@pytest.mark.parametrize("reason", HARD)
async def test_a_grant_of_its_own_that_dies_stops_it_until_it_recovers(world: World, reason: StatusReason) -> None:
    integration = await place_own(world, world.people.bob)
    other = await place_own(world, world.people.cid)

    await note_trouble(await Grant.get(id=integration.grant_id), reason, "Revoked.", services=world.services)

    stopped = await now_of(integration)
    assert (stopped.status, stopped.reason, stopped.message) == (
        IntegrationStatus.NEEDS_REAUTHENTICATION,
        reason,
        "Revoked.",
    )
    await note_recovery(await Grant.get(id=integration.grant_id), services=world.services)
    assert await statuses(integration, other) == [IntegrationStatus.ACTIVE] * 2


async def test_a_grant_that_ends_stops_what_had_it_for_good(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    grant = await Grant.get(id=integration.grant_id)

    await world.services.events.change(
        world.people.team_id,
        lambda change: end(change, grant.id, reason=StatusReason.AUTHORIZATION_ENDED, message="Ended."),
    )
    await note_recovery(grant, services=world.services)

    stopped = await now_of(integration)
    assert (stopped.status, stopped.reason) == (
        IntegrationStatus.NEEDS_REAUTHENTICATION,
        StatusReason.AUTHORIZATION_ENDED,
    )
