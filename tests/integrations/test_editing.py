from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import UserErrorCode
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete
from app.integrations.editing import Edit, edit
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost, NotifyRule
from app.integrations.kinds.post_monitoring_results.settings import MonitoringPostEdit as PostEdit
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.pausing import pause
from app.integrations.sources import BySignIn, ThroughApp
from app.integrations.status import record_attempt
from app.log.counters import head
from app.log.events import Event
from app.monitors.models import Monitor
from app.providers.contract import Failure, Fault
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, GrantState, StatusReason
from tests.installed_apps.world import World, code_of, log_since, make_people
from tests.integrations.scene import GLOBEX, channel, now_of, place_own, place_through, post_of

CHANNEL = ("settings", "postMonitoringResults", "channelId")


async def change(world: World, integration: Integration, wanted: Edit, *, who: str = "bob") -> Integration:
    placed = await edit(
        integration.id, wanted, expected_updated_at=None, caller=getattr(world.people, who), services=world.services
    )
    return placed.integration


@pytest.mark.parametrize("who", ["ada", "bob"])
async def test_who_made_it_and_admins_change_everything_in_one_save(world: World, who: str) -> None:
    integration = await place_own(world, world.people.bob)
    before = await head(world.people.team_id)
    world.clock.advance(timedelta(seconds=1))
    wanted = Edit(
        name="Payments",
        settings=PostEdit(monitor_key="payments", channel_id=channel(3), notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS),
    )

    edited = await change(world, integration, wanted, who=who)

    kept, post = await now_of(integration), await post_of(integration)
    assert (edited.name, kept.name, kept.updated_at) == ("Payments", "Payments", world.clock.now())
    assert (await Monitor.get(id=post.monitor_id)).key == "payments"
    assert (post.channel_id, post.channel_name, post.notify) == (
        "C0ACME003",
        "random",
        NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS,
    )
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_EDITED"]


async def test_what_is_left_out_stays_and_an_edit_to_the_same_is_none(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    posts, before = await MonitoringPost.all().values(), await head(world.people.team_id)
    world.clock.advance(timedelta(seconds=1))

    for nothing in (
        Edit(),
        Edit(name="Checkout", settings=PostEdit(monitor_key="checkout", channel_id=channel(), notify=NotifyRule.ALL_RUNS)),
    ):
        edited = await change(world, integration, nothing)
        assert edited.updated_at == integration.updated_at

    assert await MonitoringPost.all().values() == posts
    assert await log_since(before, team_id=world.people.team_id) == []


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Edit(settings=PostEdit(notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS)), 0),
        (Edit(settings=PostEdit(monitor_key="payments")), 0),
        (Edit(name="Other"), 2),
        (Edit(settings=PostEdit(channel_id=channel(2))), 2),
        (Edit(name="Other", settings=PostEdit(notify=NotifyRule.ALL_RUNS, monitor_key="checkout")), 2),
    ],
)
async def test_another_rule_or_monitor_starts_the_count_anew(world: World, wanted: Edit, left: int) -> None:
    integration = await place_own(world, world.people.bob)

    async def count(_change: object) -> None:
        await MonitoringPost.filter(integration_id=integration.id).update(failures_in_a_row=2)

    await world.services.events.change(world.people.team_id, count)

    await change(world, integration, wanted)

    assert (await post_of(integration)).failures_in_a_row == left


async def test_a_channel_that_was_found_ends_the_failing(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    gone = Failure(Fault.TARGET_GONE, "The channel is archived.")
    await world.services.events.change(world.people.team_id, lambda under_way: record_attempt(under_way, integration, gone))
    assert (await now_of(integration)).status is IntegrationStatus.FAILING
    before = await head(world.people.team_id)

    await change(world, integration, Edit(settings=PostEdit(channel_id=channel(2))))

    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_EDITED", "INTEGRATION_STATUS_CHANGED"]


async def test_a_stopped_integration_is_signed_in_anew_in_the_same_save(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    integration = await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)
    using = BySignIn(await world.sign_in(people.bob), shares_with_team=False)
    before = await head(people.team_id)

    await change(world, integration, Edit(name="Back", using=using, settings=PostEdit(channel_id=channel(2))))

    kept = await now_of(integration)
    assert (kept.status, kept.name, kept.uses_installed_app, kept.installed_app_id) == (
        IntegrationStatus.ACTIVE,
        "Back",
        False,
        None,
    )
    assert kept.authorized_by_id == people.bob.member_id
    assert (await post_of(integration)).channel_id == "C0ACME002"
    assert await log_since(before, team_id=people.team_id) == [
        "INTEGRATION_EDITED",
        "INTEGRATION_REAUTHENTICATED",
        "INTEGRATION_STATUS_CHANGED",
    ]


async def test_a_shared_sign_in_makes_an_app_and_the_old_grant_is_given_back(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    using = BySignIn(await world.sign_in(world.people.bob), shares_with_team=True)

    placed = await edit(
        integration.id, Edit(using=using), expected_updated_at=None, caller=world.people.bob, services=world.services
    )

    assert placed.new_app is not None
    assert (placed.integration.installed_app_id, placed.integration.grant_id) == (placed.new_app.id, None)
    assert placed.integration.authorized_by_id is None
    assert (await Grant.get(id=integration.grant_id)).state is GrantState.REVOKING


async def test_another_workspace_needs_a_channel_there_in_the_same_call(world: World) -> None:
    bob = world.people.bob
    integration = await place_own(world, bob)
    globex = BySignIn(await world.sign_in(bob, "Globex"), shares_with_team=False)
    app = ThroughApp((await world.share(world.people.ada, "Globex")).id)

    assert await code_of(change(world, integration, Edit(using=globex))) == (
        UserErrorCode.WRONG_ACCOUNT,
        ("using", "authorization", "authorizationId"),
    )
    assert await code_of(change(world, integration, Edit(using=app))) == (
        UserErrorCode.WRONG_ACCOUNT,
        ("using", "installedAppId"),
    )
    assert await code_of(change(world, integration, Edit(using=globex, settings=PostEdit(channel_id=channel(1))))) == (
        UserErrorCode.INVALID,
        CHANNEL,
    )

    moved = await change(world, integration, Edit(using=globex, settings=PostEdit(channel_id=channel(1, account=GLOBEX))))

    assert (moved.connected_to, moved.account_id) == ("Globex", GLOBEX)
    assert (await post_of(moved)).channel_id == "C0GLOBEX001"


async def test_a_channel_cannot_be_chosen_without_an_authorization_that_works(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    grant = await Grant.get(id=integration.grant_id)
    await note_trouble(grant, StatusReason.REVOKED, "Revoked.", services=world.services)

    attempt = change(world, integration, Edit(settings=PostEdit(channel_id=channel(2))))

    assert await code_of(attempt) == (UserErrorCode.CONFLICT, CHANNEL)
    assert (await change(world, integration, Edit(name="Other"))).name == "Other"


async def test_a_paused_integration_stays_paused_when_it_is_signed_in_anew(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    await pause(integration.id, caller=world.people.bob, services=world.services)
    using = BySignIn(await world.sign_in(world.people.bob), shares_with_team=False)
    before = await head(world.people.team_id)

    edited = await change(world, integration, Edit(using=using))

    assert edited.status is IntegrationStatus.PAUSED
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_REAUTHENTICATED"]


async def test_refused_edits_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    integration = await place_own(world, people.bob)
    gone, others = await place_own(world, people.bob), await make_people(services, name="Another")
    await delete(gone.id, caller=people.bob, services=services)
    theirs = await place_own(world, others.bob)
    stale = integration.updated_at - timedelta(milliseconds=1)
    fields = "settings", "postMonitoringResults"

    assert await code_of(change(world, integration, Edit(name="X"), who="cid")) == (UserErrorCode.FORBIDDEN, ())
    assert await code_of(change(world, integration, Edit(name="X"), who="vera")) == (UserErrorCode.FORBIDDEN, ())
    assert await code_of(change(world, integration, Edit(name=""))) == (UserErrorCode.INVALID, ("name",))
    assert await code_of(change(world, integration, Edit(settings=PostEdit(monitor_key="")))) == (
        UserErrorCode.INVALID,
        (*fields, "monitorKey"),
    )
    assert await code_of(change(world, integration, Edit(settings=PostEdit(channel_id="x")))) == (
        UserErrorCode.NOT_FOUND,
        CHANNEL,
    )
    assert await code_of(change(world, integration, Edit(settings=PostEdit(channel_id=channel(4))))) == (
        UserErrorCode.NOT_FOUND,
        CHANNEL,
    )
    elsewhere = channel(1, account=GLOBEX)
    assert await code_of(change(world, integration, Edit(settings=PostEdit(channel_id=elsewhere)))) == (
        UserErrorCode.INVALID,
        CHANNEL,
    )
    attempt = edit(integration.id, Edit(name="X"), expected_updated_at=stale, caller=people.bob, services=services)
    assert await code_of(attempt) == (UserErrorCode.CONFLICT, ("expectedUpdatedAt",))
    for unknown in (gone.id, theirs.id, uuid4()):
        attempt = edit(unknown, Edit(name="X"), expected_updated_at=None, caller=people.ada, services=services)
        assert await code_of(attempt) == (UserErrorCode.NOT_FOUND, ("id",))
    assert await Event.filter(type="INTEGRATION_EDITED").count() == 0
