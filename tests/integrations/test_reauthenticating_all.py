"""Everything back at once: what goes over, what does not and why, and that it is one change."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from app.deliveries.models import Delivery
from app.errors import UserErrorCode
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.models import IntegrationStatus
from app.integrations.pausing import pause
from app.integrations.reauthenticating import reauthenticate
from app.integrations.reauthenticating_all import Outcome, StoppedBy, UsedBy, reauthenticate_all
from app.integrations.sources import BySignIn, ThroughApp
from app.log.counters import head
from app.log.events import Event
from app.monitors.actions import record_run
from app.monitors.models import MonitorRun, RunOutcome
from app.monitors.reported import ReportedRun
from app.sign_ins.models import Grant, GrantState, StatusReason
from tests.installed_apps.git_servers import GITHUB
from tests.installed_apps.world import World, gid, log_since, make_people, rows
from tests.integrations.bringing_back import bring_back, stopped_crowd
from tests.integrations.crowd import GLOBEX_CHANNELS, OF_A_MONITOR, archive, asked_of_channels
from tests.integrations.git_scene import change, connect
from tests.integrations.scene import now_of, place_own, place_through
from tests.journeys.soaking import full, say

ADD = """mutation ($input: AddInstalledAppInput!) { addInstalledApp(input: $input) {
  installedApp { id } couldBringBack(first: 1) { totalCount nodes { id status } pageInfo { hasNextPage } } } }"""
ADD_INTEGRATION = """mutation ($input: AddIntegrationInput!) { addIntegration(input: $input) {
  installedApp { id } couldBringBack { nodes { id } } userErrors { message } } }"""


async def test_any_member_brings_back_all_that_stopped_with_an_app_in_one_change_having_seen_before_what_that_is(
    world: World,
) -> None:
    people = world.people
    app = await world.share(people.ada)
    first, second = [await place_through(world, people.bob, app.id) for _ in range(2)]
    await pause(second.id, caller=people.bob, services=world.services)
    await delete_app(app.id, caller=people.ada, services=world.services)
    fresh = await world.sign_in(people.cid)
    using = {"authorization": {"authorizationId": gid("Authorization", fresh), "shareWithTeam": True}}
    untouched, before = await rows(), await head(people.team_id)

    shown = await bring_back(world, people.cid, stoppedBy=gid("InstalledApp", app.id), using=using, preview=True)
    assert await rows() == untouched
    done = await bring_back(world, people.cid, stoppedBy=gid("InstalledApp", app.id), using=using)

    ids = {gid("Integration", each.id) for each in (first, second)}
    assert {node["id"] for node in shown["integrations"]["nodes"]} == ids
    assert {node["status"] for node in shown["integrations"]["nodes"]} == {"NEEDS_REAUTHENTICATION"}
    assert shown["installedApp"] is None
    assert (done["integrations"]["totalCount"], done["refused"]["totalCount"], done["hasMore"]) == (2, 0, False)
    assert {node["id"]: node["status"] for node in done["integrations"]["nodes"]} == {
        gid("Integration", first.id): "ACTIVE",
        gid("Integration", second.id): "PAUSED",
    }
    kept = [await now_of(each) for each in (first, second)]
    assert {gid("InstalledApp", each.installed_app_id) for each in kept if each.installed_app_id} == {done["installedApp"]["id"]}
    assert [(each.status, each.reason) for each in kept] == [
        (IntegrationStatus.ACTIVE, None),
        (IntegrationStatus.PAUSED, StatusReason.PAUSED_BY_MEMBER),
    ]
    assert kept[0].updated_at > first.updated_at
    assert await log_since(before, team_id=people.team_id) == [
        "INSTALLED_APP_ADDED",
        *["INTEGRATION_REAUTHENTICATED", "INTEGRATION_STATUS_CHANGED"] * 2,
    ]


async def test_what_stopped_with_an_earlier_app_of_the_same_workspace_comes_along_and_nothing_else(world: World) -> None:
    people, services = world.people, world.services
    own, elsewhere = await place_own(world, people.bob), await world.share(people.ada, "Initech")
    apps = []
    for _ in range(2):
        app = await world.share(people.ada)
        apps.append((app, await place_through(world, people.bob, app.id)))
        await delete_app(app.id, caller=people.ada, services=services)
    another = await make_people(services, name="Another")
    theirs = await place_through(world, another.bob, (await world.share(another.ada)).id)
    present = await world.share(people.ada)

    outcome = await reauthenticate_all(StoppedBy(present.id), using=ThroughApp(present.id), caller=people.cid, services=services)

    assert {row.id for row in outcome.gone_over} == {integration.id for _, integration in apps}
    assert (await now_of(own)).installed_app_id is None
    assert (await now_of(theirs)).installed_app_id not in {present.id, elsewhere.id}
    again = await reauthenticate_all(StoppedBy(apps[0][0].id), using=ThroughApp(present.id), caller=people.cid, services=services)
    assert (again.gone_over, again.refused) == ([], [])


async def test_what_works_goes_over_for_who_made_it_and_for_admins(world: World) -> None:
    people, services = world.people, world.services
    app = await GITHUB.add(world, people.ada)
    for caller in (people.ada, people.bob, people.cid):
        await GITHUB.sign_in(world, caller, app)
    bobs = await connect(world, people.bob, app, GITHUB, schema_file=None, branch="main")
    cids = await connect(world, people.cid, app, GITHUB, branch="main")

    by_cid = await reauthenticate_all(UsedBy(app.id), using=ThroughApp(app.id), caller=people.cid, services=services)

    assert [row.id for row in by_cid.gone_over] == [cids.id]
    [refused] = by_cid.refused
    assert (refused.row.id, refused.refusal.code) == (bobs.id, UserErrorCode.FORBIDDEN)
    assert refused.refusal.message == ("“Payments” works: only who made it and Team Admins may give it another authorization.")
    by_ada = await reauthenticate_all(UsedBy(app.id), using=ThroughApp(app.id), caller=people.ada, services=services)
    assert {row.id for row in by_ada.gone_over} == {bobs.id, cids.id}
    assert {(await now_of(each)).authorized_by_id for each in (bobs, cids)} == {people.ada.member_id}


async def test_at_a_git_server_who_takes_them_over_has_to_see_each_repository(world: World) -> None:
    people, services = world.people, world.services
    app = await GITHUB.add(world, people.ada)
    for caller in (people.ada, people.bob):
        await GITHUB.sign_in(world, caller, app)
    kept = await connect(world, people.bob, app, GITHUB)
    gone = await connect(world, people.bob, app, GITHUB, repository="acme/many-branches", schema_file="README.md")
    change(world, GITHUB, "delete_repository", repository="acme/many-branches")

    outcome = await reauthenticate_all(UsedBy(app.id), using=ThroughApp(app.id), caller=people.ada, services=services)

    assert [row.id for row in outcome.gone_over] == [kept.id]
    assert [(each.row.id, each.refusal.code) for each in outcome.refused] == [(gone.id, UserErrorCode.NOT_FOUND)]


async def test_a_sign_in_for_the_integrations_alone_ends_with_the_last_of_them(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.ada)
    integrations = [await place_through(world, people.bob, app.id) for _ in range(3)]
    using = BySignIn(await world.sign_in(people.bob), shares_with_team=False)

    await reauthenticate_all(UsedBy(app.id), using=using, caller=people.bob, services=services)

    first, second, third = [await now_of(each) for each in integrations]
    assert {(each.grant_id, each.authorized_by_id) for each in (first, second, third)} == {(first.grant_id, people.bob.member_id)}

    async def state() -> GrantState:
        return (await Grant.get(id=first.grant_id)).state

    await delete(first.id, caller=people.bob, services=services)
    assert await state() is GrantState.ACTIVE
    await reauthenticate(second.id, using=ThroughApp(app.id), caller=people.bob, services=services)
    assert await state() is GrantState.ACTIVE
    await reauthenticate(third.id, using=ThroughApp(app.id), caller=people.bob, services=services)
    assert await state() is GrantState.REVOKING


async def test_adding_the_workspace_again_offers_what_it_could_bring_back(world: World) -> None:
    people, services = world.people, world.services
    app = await world.share(people.ada)
    stopped = [await place_through(world, people.bob, app.id) for _ in range(2)]
    await delete_app(app.id, caller=people.ada, services=services)
    using = {"using": {"authorizationId": gid("Authorization", await world.sign_in(people.cid))}}

    added = (await world.ask(ADD, people.cid, input=using))["addInstalledApp"]

    offered = added["couldBringBack"]
    assert (offered["totalCount"], offered["pageInfo"]["hasNextPage"], len(offered["nodes"])) == (2, True, 1)
    assert offered["nodes"][0]["id"] in {gid("Integration", each.id) for each in stopped}
    new = added["installedApp"]["id"]
    done = await bring_back(world, people.cid, stoppedBy=new, using={"installedAppId": new})
    assert done["integrations"]["totalCount"] == 2


async def test_so_does_the_check_box_while_adding_an_integration(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    stopped = await place_through(world, people.bob, app.id)
    await delete_app(app.id, caller=people.ada, services=world.services)

    async def add(*, shares: bool) -> Any:
        signed_in = gid("Authorization", await world.sign_in(people.cid))
        using = {"authorization": {"authorizationId": signed_in, "shareWithTeam": shares}}
        settings = {"postMonitoringResults": {"monitorKey": "checkout", "channelId": "C0ACME001", "notify": "ALL_RUNS"}}
        data = await world.ask(ADD_INTEGRATION, people.cid, input={"name": "New", "using": using, "settings": settings})
        assert data["addIntegration"]["userErrors"] == []
        return data["addIntegration"]["couldBringBack"]

    assert await add(shares=False) is None
    assert await add(shares=True) == {"nodes": [{"id": gid("Integration", stopped.id)}]}


async def test_a_hundred_take_no_more_statements_than_ten(world: World, caplog: pytest.LogCaptureFixture) -> None:
    counts = []
    for count in (10, 100):
        people = await make_people(world.services, name=f"Team of {count}")
        app = await stopped_crowd(world, count, people=people)
        present = await world.share(people.ada, "Globex")
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            outcome = await reauthenticate_all(
                StoppedBy(app.id), using=ThroughApp(present.id), caller=people.cid, services=world.services
            )
        assert len(outcome.gone_over) == count
        counts.append(len(caplog.records))

    assert counts[0] == counts[1] <= 24


@pytest.mark.endurance
async def test_a_thousand_over_two_apps_come_back_in_one_change_while_runs_are_recorded(world: World) -> None:
    people, services, each = world.people, world.services, full(500, ci=60)
    channels = GLOBEX_CHANNELS[: full(260, ci=40)]
    for _ in range(2):
        await stopped_crowd(world, each, channels=channels)
    missing = channels[::2]
    for channel in missing:
        archive(world, channel)
    present = await world.share(people.ada, "Globex")
    asked, before = asked_of_channels(world), await head(people.team_id)
    monitors = [f"monitor-{number}" for number in range(-(-each // OF_A_MONITOR))]

    async def report(number: int) -> UUID:
        run = ReportedRun(
            monitor_key=monitors[number % len(monitors)],
            run_id=f"run-{number}",
            outcome=RunOutcome.PASSED,
            started_at=services.clock.now(),
            duration_ms=10,
        )
        return (await record_run(run, caller=people.bob, services=services)).run.id

    async def report_some(worker: int) -> None:
        for number in range(full(25, ci=5)):
            await report(worker * 1_000 + number)

    async def bring_back_all() -> tuple[Outcome, float]:
        began = time.monotonic()
        which = StoppedBy(present.id)
        outcome = await reauthenticate_all(which, using=ThroughApp(present.id), caller=people.cid, services=services)
        return outcome, time.monotonic() - began

    reports = asyncio.gather(*map(report_some, range(4)))
    (outcome, took), _ = await asyncio.gather(bring_back_all(), reports)

    questions = asked_of_channels(world) - asked
    assert (len(outcome.gone_over), len(outcome.refused)) == (each, each)
    assert questions <= len(channels)
    events = await Event.filter(team_id=people.team_id, sequence__gt=before).order_by("sequence")
    assert [event.sequence for event in events] == list(range(before + 1, before + 1 + len(events)))
    ours = [event.sequence for event in events if event.type.startswith("INTEGRATION_")]
    assert ours == list(range(ours[0], ours[0] + 2 * each))
    await _assert_each_run_delivered_once(events, brought_back_at=ours[0])
    say(
        f"{2 * each} integrations over two apps: {len(outcome.gone_over)} back and {len(outcome.refused)} named, {questions} "
        f"questions for {len(channels)} channels, {took:.2f} s beside {await MonitorRun.all().count()} runs"
    )


async def _assert_each_run_delivered_once(events: Sequence[Event], *, brought_back_at: int) -> None:
    """Each run has one delivery for each that hears of it: FAILED before it was brought back, waiting or made from then on."""
    back = {event.subject_id for event in events if event.type == "INTEGRATION_REAUTHENTICATED"}
    created = {event.subject_id: event for event in events if event.type == "DELIVERY_CREATED"}
    deliveries = await Delivery.all()
    posts = await MonitoringPost.all()
    listening = Counter(post.monitor_id for post in posts)
    runs = await MonitorRun.all()
    assert {delivery.id for delivery in deliveries} == created.keys()
    assert Counter(delivery.run_id for delivery in deliveries) == {run.id: listening[run.monitor_id] for run in runs}
    assert len({(delivery.run_id, delivery.integration_id) for delivery in deliveries}) == len(deliveries)
    for delivery in deliveries:
        event = created[delivery.id]
        works = delivery.integration_id in back and event.sequence > brought_back_at
        assert event.status == ("PENDING" if works else "FAILED")
