"""What an installed app's status is, whatever happens to the grant that it holds, against a model of three lines."""

import asyncio

import pytest
from hypothesis import given, strategies as st

from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.grants import note_recovery, note_trouble
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.world import World, log_since

REASONS = [
    (StatusReason.REVOKED, InstalledAppStatus.NEEDS_REAUTHENTICATION),
    (StatusReason.EXPIRED, InstalledAppStatus.NEEDS_REAUTHENTICATION),
    (StatusReason.MISSING_SCOPES, InstalledAppStatus.NEEDS_REAUTHENTICATION),
    (StatusReason.REFRESH_UNCERTAIN, InstalledAppStatus.NEEDS_REAUTHENTICATION),
    (StatusReason.CLIENT_REFUSED, InstalledAppStatus.NEEDS_REAUTHENTICATION),
    (StatusReason.KEY_UNAVAILABLE, InstalledAppStatus.UNAVAILABLE),
    (StatusReason.PROVIDER_UNREACHABLE, InstalledAppStatus.UNREACHABLE),
    (StatusReason.PROVIDER_ERROR, InstalledAppStatus.UNREACHABLE),
]


@given(st.lists(st.sampled_from([None, *(reason for reason, _ in REASONS)]), max_size=20))
def test_the_last_trouble_is_the_status_and_a_change_is_told_once(troubles: list[StatusReason | None]) -> None:
    app = InstalledApp(status=InstalledAppStatus.ACTIVE)
    expected = dict(REASONS)

    for trouble in troubles:
        before = (app.status, app.status_reason)
        told = app.set_trouble(trouble, "words" if trouble else None)
        assert app.status is (expected[trouble] if trouble else InstalledAppStatus.ACTIVE)
        assert app.status_reason is trouble
        assert told is (before[0] if before != (app.status, app.status_reason) else None)


@pytest.mark.parametrize(("reason", "status"), REASONS)
async def test_a_grant_s_trouble_is_its_app_s_status_until_it_recovers(
    world: World, reason: StatusReason, status: InstalledAppStatus
) -> None:
    app = await world.share(world.people.bob)
    before = await head(world.people.team_id)

    await note_trouble(await Grant.get(id=app.grant_id), reason, "These words.", services=world.services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.status, kept.status_reason, kept.status_message) == (status, reason, "These words.")
    event = await Event.get(team_id=world.people.team_id, sequence=before + 1)
    assert (event.type, event.status, event.previous_status) == ("INSTALLED_APP_STATUS_CHANGED", status, "ACTIVE")
    assert (event.reason, event.message, event.actor_id) == (reason, "These words.", None)

    await note_recovery(await Grant.get(id=app.grant_id), services=world.services)

    kept = await InstalledApp.get(id=app.id)
    assert (kept.status, kept.status_reason, kept.status_message) == (InstalledAppStatus.ACTIVE, None, None)
    assert await log_since(before, team_id=world.people.team_id) == ["INSTALLED_APP_STATUS_CHANGED"] * 2


async def test_what_may_pass_by_itself_does_not_hide_what_needs_a_member_s_hand(world: World) -> None:
    app = await world.share(world.people.bob)
    grant = await Grant.get(id=app.grant_id)
    await note_trouble(grant, StatusReason.REVOKED, "Revoked.", services=world.services)

    await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)

    assert (await InstalledApp.get(id=app.id)).status_reason is StatusReason.REVOKED


async def test_two_troubles_at_the_same_moment_are_told_once(world: World) -> None:
    app = await world.share(world.people.bob)
    grant = await Grant.get(id=app.grant_id)
    before = await head(world.people.team_id)

    await asyncio.gather(*(note_trouble(grant, StatusReason.REVOKED, "Revoked.", services=world.services) for _ in range(5)))

    assert await log_since(before, team_id=world.people.team_id) == ["INSTALLED_APP_STATUS_CHANGED"]


async def test_another_app_s_grant_is_none_of_its_business(world: World) -> None:
    app, other = await world.share(world.people.bob), await world.share(world.people.bob, "Globex")

    await note_trouble(await Grant.get(id=other.grant_id), StatusReason.REVOKED, "Revoked.", services=world.services)

    assert (await InstalledApp.get(id=app.id)).status is InstalledAppStatus.ACTIVE
