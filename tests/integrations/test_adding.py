import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.errors import Refusal, UserErrorCode
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.adding import add
from app.integrations.editing import Edit, edit
from app.integrations.kinds.post_monitoring_results.models import NotifyRule
from app.integrations.kinds.post_monitoring_results.settings import MonitoringPostEdit
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import BySignIn, ThroughApp
from app.log.counters import head
from app.monitors.models import Monitor
from app.sign_ins.grants import note_trouble
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState, RevocationOutcome, StatusReason
from tests.installed_apps.world import World, code_of, log_since, make_people, refusal_of
from tests.integrations.scene import ACME, GLOBEX, channel, place, place_through, post_of, posting

APP, SIGN_IN = ("using", "installedAppId"), ("using", "authorization", "authorizationId")
CHANNEL = ("settings", "postMonitoringResults", "channelId")
MONITOR = ("settings", "postMonitoringResults", "monitorKey")


async def test_an_integration_through_an_app_uses_what_the_app_holds(world: World) -> None:
    app = await world.share(world.people.ada)
    before = await head(world.people.team_id)
    settings = posting(channel_id=channel(2), notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS)

    placed = await place(world, world.people.bob, ThroughApp(app.id), name=" Checkout ", settings=settings)

    kept = await Integration.get(id=placed.integration.id)
    assert (kept.name, kept.kind, kept.provider, kept.status) == (
        "Checkout",
        "post-monitoring-results",
        "slack",
        IntegrationStatus.ACTIVE,
    )
    assert (kept.uses_installed_app, kept.installed_app_id, kept.grant_id, kept.authorized_by_id) == (True, app.id, None, None)
    assert (kept.connected_to, kept.account_id, kept.created_by_id) == ("Acme", ACME, world.people.bob.member_id)
    post = await post_of(kept)
    assert (post.channel_id, post.channel_name, post.channel_is_private) == ("C0ACME002", "monitoring", False)
    assert (post.notify, post.failures_in_a_row) == (NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS, 0)
    assert (await Monitor.get(id=post.monitor_id)).key == "checkout"
    assert placed.new_app is None
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_ADDED"]


async def test_a_channel_is_chosen_by_its_own_id_at_slack_too(world: World) -> None:
    app = await world.share(world.people.ada)

    placed = await place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id="C0ACME002"))

    post = await post_of(placed.integration)
    assert (post.channel_id, post.channel_name) == ("C0ACME002", "monitoring")


async def test_a_sign_in_not_shared_is_the_integration_s_own(world: World) -> None:
    bob = world.people.bob
    authorization = await world.sign_in(bob)

    placed = await place(world, bob, BySignIn(authorization, shares_with_team=False))

    kept = placed.integration
    grant = await Grant.get(id=kept.grant_id)
    assert (kept.uses_installed_app, kept.installed_app_id, kept.authorized_by_id) == (False, None, bob.member_id)
    assert (grant.state, grant.is_shared) == (GrantState.ACTIVE, False)
    assert (await Authorization.get(id=authorization)).status is AuthorizationStatus.USED
    assert await InstalledApp.all().count() == 0


async def test_a_shared_sign_in_makes_an_app_in_the_same_change(world: World) -> None:
    bob = world.people.bob
    authorization = await world.sign_in(bob)
    before = await head(bob.team_id)

    placed = await place(world, bob, BySignIn(authorization, shares_with_team=True))

    assert placed.new_app is not None
    assert (placed.integration.installed_app_id, placed.integration.grant_id) == (placed.new_app.id, None)
    assert (await Grant.get(id=placed.new_app.grant_id)).is_shared
    assert await log_since(before, team_id=bob.team_id) == ["INSTALLED_APP_ADDED", "INTEGRATION_ADDED"]


async def test_two_holders_of_one_workspace_live_side_by_side(world: World) -> None:
    """The same workspace again in the same team as an integration's own, and in another team as an installed app."""
    app = await world.share(world.people.ada)
    others = await make_people(world.services, name="Another")

    own = await place(world, world.people.bob, BySignIn(await world.sign_in(world.people.bob), shares_with_team=False))
    theirs = await place(world, others.bob, BySignIn(await world.sign_in(others.bob), shares_with_team=True))
    await delete(app.id, caller=world.people.ada, services=world.services)
    while await revoke_due(services=world.services):
        pass

    assert (await Grant.get(id=app.grant_id)).revocation is RevocationOutcome.KEPT
    for placed, caller in ((own, world.people.bob), (theirs, others.bob)):
        moved = await edit(
            placed.integration.id,
            Edit(settings=MonitoringPostEdit(channel_id=channel(2))),
            expected_updated_at=None,
            caller=caller,
            services=world.services,
        )
        assert moved.integration.status is IntegrationStatus.ACTIVE


async def test_integrations_of_one_monitor_share_it(world: World) -> None:
    app = await world.share(world.people.ada)

    first, second = [await place_through(world, world.people.bob, app.id) for _ in range(2)]

    assert (await post_of(first)).monitor_id == (await post_of(second)).monitor_id


async def test_a_refused_use_does_not_use_a_sign_in_up(world: World) -> None:
    bob = world.people.bob
    app = await world.share(world.people.ada, name="Ours")
    authorization = await world.sign_in(bob)

    refused = await refusal_of(place(world, bob, BySignIn(authorization, shares_with_team=True)))
    placed = await place(world, bob, BySignIn(authorization, shares_with_team=False))

    assert (refused.code, refused.field) == (UserErrorCode.ALREADY_EXISTS, ("using", "authorization", "shareWithTeam"))
    assert f"“{app.name}”" in refused.message
    assert placed.integration.grant_id is not None


@pytest.mark.parametrize(
    ("channel_id", "code"),
    [
        ("nonsense", UserErrorCode.NOT_FOUND),
        (channel(99), UserErrorCode.NOT_FOUND),
        (channel(4), UserErrorCode.NOT_FOUND),
        (channel(5), UserErrorCode.NOT_FOUND),
        (channel(1, account=GLOBEX), UserErrorCode.INVALID),
    ],
    ids=["no id", "unknown", "archived", "private without the app", "of another workspace"],
)
async def test_a_channel_that_cannot_be_posted_to_is_refused(world: World, channel_id: str, code: UserErrorCode) -> None:
    app = await world.share(world.people.ada)

    attempt = place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=channel_id))

    assert await code_of(attempt) == (code, CHANNEL)


async def test_refused_texts_and_callers_change_nothing(world: World) -> None:
    people = world.people
    app = ThroughApp((await world.share(people.ada)).id)

    assert await code_of(place(world, people.bob, app, name="  ")) == (UserErrorCode.INVALID, ("name",))
    assert await code_of(place(world, people.bob, app, name="x" * 201)) == (UserErrorCode.INVALID, ("name",))
    for key in ("", "x" * 201, "a\nb"):
        attempt = place(world, people.bob, app, settings=posting(monitor_key=key))
        assert await code_of(attempt) == (UserErrorCode.INVALID, MONITOR)
    assert await code_of(place(world, people.vera, app)) == (UserErrorCode.FORBIDDEN, ())


async def test_refused_apps_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    elsewhere = await world.share((await make_people(services, name="Another")).bob)
    deleted = await world.share(people.ada)
    await delete(deleted.id, caller=people.ada, services=services)
    broken = await world.share(people.ada)
    await note_trouble(await Grant.get(id=broken.grant_id), StatusReason.REVOKED, "Slack took it back.", services=services)

    for unknown in (elsewhere.id, deleted.id, uuid4()):
        assert await code_of(place(world, people.bob, ThroughApp(unknown))) == (UserErrorCode.NOT_FOUND, APP)
    refused = await refusal_of(place(world, people.bob, ThroughApp(broken.id)))
    assert (refused.code, refused.field) == (UserErrorCode.CONFLICT, APP)
    assert "Slack took it back." in refused.message
    assert "Re-authenticate it first" in refused.message


async def test_an_app_that_could_not_be_reached_a_moment_ago_can_be_used(world: World) -> None:
    app = await world.share(world.people.ada)
    grant = await Grant.get(id=app.grant_id)
    await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Away.", services=world.services)

    await place_through(world, world.people.bob, app.id)

    assert (await InstalledApp.get(id=app.id)).status is InstalledAppStatus.ACTIVE


async def test_refused_sign_ins_change_nothing(world: World) -> None:
    people = world.people
    pending = (await world.begin(people.bob)).id
    used = await world.sign_in(people.bob)
    await place(world, people.bob, BySignIn(used, shares_with_team=False))
    fresh = await world.sign_in(people.bob)
    cases = [
        (people.bob, pending, UserErrorCode.AUTHORIZATION_PENDING),
        (people.bob, used, UserErrorCode.AUTHORIZATION_USED),
        (people.bob, await world.decline(people.bob), UserErrorCode.AUTHORIZATION_FAILED),
        (people.cid, fresh, UserErrorCode.NOT_FOUND),
        (people.bob, uuid4(), UserErrorCode.NOT_FOUND),
    ]

    for caller, authorization, code in cases:
        for shares in (False, True):
            attempt = place(world, caller, BySignIn(authorization, shares_with_team=shares))
            assert await code_of(attempt) == (code, SIGN_IN)
    world.clock.advance(timedelta(hours=1))
    attempt = place(world, people.bob, BySignIn(fresh, shares_with_team=False))
    assert await code_of(attempt) == (UserErrorCode.AUTHORIZATION_EXPIRED, SIGN_IN)


async def test_a_provider_that_fails_or_asks_for_patience_is_a_refusal(world: World) -> None:
    app = await world.share(world.people.ada)
    world.sandbox.control("faults", provider="slack", endpoint="conversations.info", fault="status", status=503, times=1)

    assert await code_of(place(world, world.people.bob, ThroughApp(app.id))) == (UserErrorCode.PROVIDER_UNREACHABLE, CHANNEL)

    world.sandbox.control("faults", provider="slack", endpoint="conversations.info", fault="rate_limit", times=1)
    refused = await refusal_of(place(world, world.people.bob, ThroughApp(app.id)))

    assert refused.code is UserErrorCode.PROVIDER_BUSY
    assert refused.retry_after is not None


async def test_one_sign_in_used_twice_at_once_is_used_once(world: World) -> None:
    bob = world.people.bob
    using = BySignIn(await world.sign_in(bob), shares_with_team=False)

    outcomes = await asyncio.gather(
        *(add(f"Number {number}", using=using, settings=posting(), caller=bob, services=world.services) for number in range(4)),
        return_exceptions=True,
    )

    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert await Integration.all().count() == 1


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02])
async def test_an_app_deleted_meanwhile_leaves_no_integration_that_believes_in_it(world: World, delay: float) -> None:
    app = await world.share(world.people.ada)

    async def delete_soon() -> None:
        await asyncio.sleep(delay)
        await delete(app.id, caller=world.people.ada, services=world.services)

    placed, _ = await asyncio.gather(place(world, world.people.bob, ThroughApp(app.id)), delete_soon(), return_exceptions=True)

    if isinstance(placed, Refusal):
        assert placed.code in {UserErrorCode.NOT_FOUND, UserErrorCode.PROVIDER_REFUSED}
        assert await Integration.all().count() == 0
    else:
        [kept] = await Integration.all()
        assert (kept.status, kept.reason) == (IntegrationStatus.NEEDS_REAUTHENTICATION, StatusReason.INSTALLED_APP_DELETED)
