"""Everything back at once: what does not go, why, and what a refusal leaves as it was."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import Caller, Role
from app.errors import UserErrorCode
from app.installed_apps.deleting import delete as delete_app
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.reauthenticating_all import StoppedBy, UsedBy, reauthenticate_all
from app.integrations.sources import BySignIn, ThroughApp
from app.log.counters import head
from app.outbound.budget import Budget
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, StatusReason
from app.teams.changing_roles import change_role
from tests.installed_apps.world import World, code_of, gid, log_since, make_people, rows
from tests.integrations.activity_scene import have_told
from tests.integrations.bringing_back import bring_back, stopped_crowd
from tests.integrations.crowd import GLOBEX_CHANNELS, archive, asked_of_channels
from tests.integrations.scene import now_of, place_through

REFUSED = """mutation ($input: ReauthenticateIntegrationsInput!, $first: Int, $after: String, $last: Int, $before: String) {
  reauthenticateIntegrations(input: $input) { refused(first: $first, after: $after, last: $last, before: $before) {
    nodes { integration { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def test_a_channel_that_is_not_there_is_named_and_the_others_go(world: World) -> None:
    channels = GLOBEX_CHANNELS[:12]
    app = await stopped_crowd(world, 24, channels=channels)
    for gone in channels[::2]:
        archive(world, gone)
    present = await world.share(world.people.ada, "Globex")
    asked, before = asked_of_channels(world), await head(app.team_id)
    given = {"stoppedBy": gid("InstalledApp", app.id), "using": {"installedAppId": gid("InstalledApp", present.id)}}

    shown = await bring_back(world, world.people.cid, **given, preview=True)
    asked_once = asked_of_channels(world) - asked
    done = await bring_back(world, world.people.cid, **given)

    assert shown["refused"] == done["refused"]
    assert (done["integrations"]["totalCount"], done["refused"]["totalCount"]) == (12, 12)
    assert {node["code"] for node in done["refused"]["nodes"]} == {"NOT_FOUND"}
    assert {node["integration"]["status"] for node in done["refused"]["nodes"]} == {"NEEDS_REAUTHENTICATION"}
    assert "The channel #project-001 is archived: choose another." in {node["message"] for node in done["refused"]["nodes"]}
    assert 1 <= asked_once <= len(channels)
    posts = {post.integration_id: post.channel_id for post in await MonitoringPost.all()}
    stopped = await Integration.filter(status=IntegrationStatus.NEEDS_REAUTHENTICATION)
    assert {posts[row.id] for row in stopped} == set(channels[::2])
    assert len(await log_since(before, team_id=app.team_id)) == 24


async def test_the_channel_of_one_that_tells_of_the_log_has_to_be_there_too(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    told = await have_told(world, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)
    archive(world, "general", workspace="Acme")
    present = await world.share(people.ada)

    outcome = await reauthenticate_all(
        StoppedBy(app.id), using=ThroughApp(present.id), caller=people.cid, services=world.services
    )

    assert [(each.row.id, each.refusal.code) for each in outcome.refused] == [(told.id, UserErrorCode.NOT_FOUND)]
    assert (await now_of(told)).status is IntegrationStatus.NEEDS_REAUTHENTICATION


async def test_what_is_refused_is_read_in_pages_in_both_directions(world: World) -> None:
    app = await stopped_crowd(world, 5, channels=GLOBEX_CHANNELS[:1])
    archive(world, GLOBEX_CHANNELS[0])
    present = await world.share(world.people.ada, "Globex")
    using = {"installedAppId": gid("InstalledApp", present.id)}
    given = {"stoppedBy": gid("InstalledApp", app.id), "using": using, "preview": True}
    newest_first = [gid("Integration", row.id) for row in await Integration.all().order_by("-created_at", "-id")]

    async def page(**arguments: object) -> tuple[list[str], dict[str, Any]]:
        data = await world.ask(REFUSED, world.people.cid, input=given, **arguments)
        refused = data["reauthenticateIntegrations"]["refused"]
        return [node["integration"]["id"] for node in refused["nodes"]], refused["pageInfo"]

    first, info = await page(first=2)
    second, further = await page(first=3, after=info["endCursor"])
    assert (first, second) == (newest_first[:2], newest_first[2:])
    assert (info["hasNextPage"], further["hasNextPage"], further["hasPreviousPage"]) == (True, False, True)
    assert (await page(last=2))[0] == newest_first[-2:]
    assert (await page(last=1, before=further["startCursor"]))[0] == [newest_first[1]]


async def test_where_none_can_go_a_sign_in_is_not_used_up(world: World) -> None:
    app = await stopped_crowd(world, 4, channels=GLOBEX_CHANNELS[:2])
    for channel in GLOBEX_CHANNELS[:2]:
        archive(world, channel)
    fresh = await world.sign_in(world.people.cid, "Globex")
    before = await rows()

    outcome = await reauthenticate_all(
        StoppedBy(app.id), using=BySignIn(fresh, shares_with_team=True), caller=world.people.cid, services=world.services
    )

    assert (len(outcome.gone_over), len(outcome.refused), outcome.new_app) == (0, 4, None)
    assert await rows() == before
    assert (await Authorization.get(id=fresh)).status is AuthorizationStatus.COMPLETED


async def test_a_provider_that_cannot_be_asked_hinders_nothing(world: World) -> None:
    app = await stopped_crowd(world, 6)
    present = await world.share(world.people.ada, "Globex")
    world.sandbox.http.post("/control/fail", json={"endpoint": "conversations.list", "fault": "error_500", "times": 9})

    outcome = await reauthenticate_all(
        StoppedBy(app.id), using=ThroughApp(present.id), caller=world.people.cid, services=world.services
    )
    spent = await reauthenticate_all(
        UsedBy(present.id), using=ThroughApp(present.id), caller=world.people.ada, services=world.services, budget=Budget(0)
    )

    assert (len(outcome.gone_over), len(spent.gone_over)) == (6, 6)


async def test_an_authorization_that_the_provider_refuses_is_refused_as_a_whole(world: World) -> None:
    app = await stopped_crowd(world, 6)
    present = await world.share(world.people.ada, "Globex")
    await note_trouble(await Grant.get(id=present.grant_id), StatusReason.REVOKED, "Slack took it back.", services=world.services)

    refused = await code_of(
        reauthenticate_all(StoppedBy(app.id), using=ThroughApp(present.id), caller=world.people.cid, services=world.services)
    )

    assert refused == (UserErrorCode.CONFLICT, ("using", "installedAppId"))


async def test_other_refusals_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.ada)
    await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=services)
    theirs = await world.share((await make_people(services, name="Another")).ada)
    globex, present = await world.share(people.ada, "Globex"), await world.share(people.ada)
    through = ThroughApp(present.id)

    async def code(which: StoppedBy | UsedBy, using: ThroughApp | BySignIn = through, caller: Caller = people.cid) -> Any:
        return await code_of(reauthenticate_all(which, using=using, caller=caller, services=services))

    assert await code(UsedBy(app.id)) == (UserErrorCode.NOT_FOUND, ("installedAppId",))
    for unknown in (theirs.id, uuid4()):
        assert await code(StoppedBy(unknown)) == (UserErrorCode.NOT_FOUND, ("stoppedBy",))
        assert await code(StoppedBy(app.id), ThroughApp(unknown)) == (UserErrorCode.NOT_FOUND, ("using", "installedAppId"))
    assert await code(StoppedBy(app.id), ThroughApp(globex.id)) == (UserErrorCode.WRONG_ACCOUNT, ("using", "installedAppId"))
    assert await code(StoppedBy(app.id), caller=people.vera) == (UserErrorCode.FORBIDDEN, ())


@pytest.mark.parametrize("named", [(), ("stoppedBy", "installedAppId")])
async def test_which_is_said_by_exactly_one_app(world: World, named: Sequence[str]) -> None:
    app_id = gid("InstalledApp", (await world.share(world.people.ada)).id)
    before = await rows()

    refused = await bring_back(world, world.people.ada, **dict.fromkeys(named, app_id), using={"installedAppId": app_id})

    assert refused["userErrors"] == [
        {
            "code": "INVALID",
            "field": ["stoppedBy"],
            "message": "Say which integrations: by exactly one of `stoppedBy` and `installedAppId`.",
        }
    ]
    assert (refused["integrations"], refused["refused"]) == (None, None)
    assert await rows() == before


async def test_a_role_taken_away_meanwhile_counts(world: World) -> None:
    people, services = world.people, world.services
    app = await stopped_crowd(world, 2)
    present = await world.share(people.ada, "Globex")
    await change_role(
        team_id=people.team_id, actor=people.ada.actor, member_id=people.cid.member_id, role=Role.VIEWER, services=services
    )

    refused = await code_of(
        reauthenticate_all(StoppedBy(app.id), using=ThroughApp(present.id), caller=people.cid, services=services)
    )

    assert refused == (UserErrorCode.FORBIDDEN, ())
