import logging
from datetime import timedelta
from typing import Any

import pytest

from app.access.callers import Caller
from app.integrations.deleting import delete
from app.integrations.models import Integration
from app.integrations.pausing import pause
from app.integrations.sources import ThroughApp
from tests.installed_apps.world import World, gid, make_people
from tests.integrations.incident_scene import put_to_use, share_key
from tests.integrations.scene import channel, place, place_own, post_of, posting

INTEGRATION = """{ id name status statusReason statusMessage statusChangedAt isPaused connectedTo usesInstalledApp
  provider { key } kind { key supportsInstalledApps } installedApp { name } authorizedBy { name } createdBy { name }
  createdAt updatedAt viewerCanEdit viewerCanDelete viewerCanReauthenticate
  settings { __typename ... on PostMonitoringResults { monitor { key } channelId channelName notify
    channel { id providerId name isPrivate } } } }"""
LIST = """query ($filter: IntegrationFilter, $first: Int, $after: String, $last: Int) {
  integrations(filter: $filter, first: $first, after: $after, last: $last) {
    totalCount pageInfo { hasNextPage endCursor } nodes { name } } }"""


SHOWN = {"id": channel(), "providerId": "C0ACME001", "name": "general", "isPrivate": False}


async def names(world: World, caller: Caller, **filter: object) -> list[str]:
    data = await world.ask(LIST, caller, filter=filter)
    return [node["name"] for node in data["integrations"]["nodes"]]


async def place_named(world: World, app_id: Any, *names: str) -> list[Integration]:
    placed = []
    for name in names:
        placed.append((await place(world, world.people.bob, ThroughApp(app_id), name=name)).integration)
        world.clock.advance(timedelta(seconds=1))
    return placed


async def test_an_integration_shows_what_it_does_with_what(world: World) -> None:
    integration = await place_own(world, world.people.bob)

    data = await world.ask(
        f"query ($id: ID!) {{ integration(id: $id) {INTEGRATION} }}", world.people.cid, id=gid("Integration", integration.id)
    )

    assert data["integration"] == {
        "id": gid("Integration", integration.id),
        "name": "Checkout",
        "status": "ACTIVE",
        "statusReason": None,
        "statusMessage": None,
        "statusChangedAt": "2026-11-21T10:00:00.000Z",
        "isPaused": False,
        "connectedTo": "Acme",
        "usesInstalledApp": False,
        "provider": {"key": "slack"},
        "kind": {"key": "post-monitoring-results", "supportsInstalledApps": True},
        "installedApp": None,
        "authorizedBy": {"name": "Bob"},
        "createdBy": {"name": "Bob"},
        "createdAt": "2026-11-21T10:00:00.000Z",
        "updatedAt": "2026-11-21T10:00:00.000Z",
        "viewerCanEdit": False,
        "viewerCanDelete": False,
        "viewerCanReauthenticate": True,
        "settings": {
            "__typename": "PostMonitoringResults",
            "monitor": {"key": "checkout"},
            "channelId": channel(),
            "channelName": "general",
            "channel": SHOWN,
            "notify": "ALL_RUNS",
        },
    }


@pytest.mark.parametrize(
    ("who", "expected"), [("ada", (True, True, True)), ("bob", (True, True, True)), ("vera", (False, False, False))]
)
async def test_what_the_viewer_may_do(world: World, who: str, expected: tuple[bool, ...]) -> None:
    integration = await place_own(world, world.people.bob)
    document = "query ($id: ID!) { integration(id: $id) { viewerCanEdit viewerCanDelete viewerCanReauthenticate } }"

    data = await world.ask(document, getattr(world.people, who), id=gid("Integration", integration.id))

    assert tuple(data["integration"].values()) == expected


async def test_deleted_integrations_and_those_of_other_teams_are_null(world: World) -> None:
    gone = await place_own(world, world.people.bob)
    await delete(gone.id, caller=world.people.bob, services=world.services)
    theirs = await place_own(world, (await make_people(world.services, name="Another")).bob)
    document = "query ($id: ID!) { integration(id: $id) { name } node(id: $id) { id } }"

    for unknown in (gid("Integration", gone.id), gid("Integration", theirs.id), gid("Monitor", gone.id), "nonsense"):
        assert await world.ask(document, world.people.ada, id=unknown) == {"integration": None, "node": None}


async def test_integrations_are_listed_newest_first_in_pages(world: World) -> None:
    app = await world.share(world.people.ada)
    await place_named(world, app.id, "One", "Two", "Three")
    await place_own(world, (await make_people(world.services, name="Another")).bob)
    bob = world.people.bob

    first = (await world.ask(LIST, bob, first=2))["integrations"]
    rest = (await world.ask(LIST, bob, first=2, after=first["pageInfo"]["endCursor"]))["integrations"]
    last = (await world.ask(LIST, bob, last=1))["integrations"]

    assert (first["totalCount"], first["nodes"]) == (3, [{"name": "Three"}, {"name": "Two"}])
    assert (rest["nodes"], rest["pageInfo"]["hasNextPage"]) == ([{"name": "One"}], False)
    assert last["nodes"] == [{"name": "One"}]


async def test_integrations_are_filtered_by_all_that_is_given(world: World) -> None:
    bob = world.people.bob
    acme, globex = await world.share(world.people.ada), await world.share(world.people.ada, "Globex")
    [checkout, _] = await place_named(world, acme.id, "Checkout", "Payments")
    there = posting(channel_id=channel(account="T0GLOBEX002"))
    await place(world, bob, ThroughApp(globex.id), name="Elsewhere", settings=there)
    await pause(checkout.id, caller=bob, services=world.services)

    assert await names(world, bob, statuses=["PAUSED"]) == ["Checkout"]
    assert await names(world, bob, statuses=["ACTIVE", "PAUSED"], installedAppId=gid("InstalledApp", acme.id)) == [
        "Payments",
        "Checkout",
    ]
    assert await names(world, bob, installedAppId="nonsense") == []
    assert await names(world, bob, provider="slack", kind="post-monitoring-results", search="gLOB") == ["Elsewhere"]
    assert await names(world, bob, kind="connect-api") == []
    assert await names(world, bob, provider="gitlab-self-managed") == []
    assert await names(world, bob, statuses=[]) == []
    assert await names(world, bob, search="CHECK") == ["Checkout"]


async def test_a_search_finds_the_names_of_providers_and_kinds_too(world: World) -> None:
    bob = world.people.bob
    app = await world.share(world.people.ada)
    await place_named(world, app.id, "Checkout", "Payments")

    assert await names(world, bob, search="sLACK") == ["Payments", "Checkout"]
    assert await names(world, bob, search="monitoring RES") == ["Payments", "Checkout"]
    assert await names(world, bob, search="GitLab") == []
    assert await names(world, bob, search="slack", kind="connect-api") == []


async def test_integrations_are_found_by_the_monitor_whose_runs_they_hear_of(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    [one, two] = await place_named(world, app.id, "One", "Two")
    await place(world, people.bob, ThroughApp(app.id), name="Other", settings=posting(monitor_key="other"))
    incidents = await put_to_use(world, await share_key(world, people.ada), caller=people.bob)
    await pause(one.id, caller=people.bob, services=world.services)
    monitor = gid("Monitor", (await post_of(one)).monitor_id)

    assert incidents.name in await names(world, people.vera, monitorKey="checkout")
    assert await names(world, people.vera, monitorKey="checkout", provider="slack") == ["Two", "One"]
    assert await names(world, people.vera, monitorId=monitor, statuses=["PAUSED"]) == ["One"]
    assert await names(world, people.vera, monitorId=monitor, search="tW") == ["Two"]
    assert await names(world, people.vera, monitorId=monitor, installedAppId=gid("InstalledApp", two.id)) == []
    assert await names(world, people.vera, monitorId=monitor, monitorKey="other") == []
    assert await names(world, people.vera, monitorId=gid("Integration", one.id)) == []
    assert await names(world, people.vera, monitorKey="che\u0000ckout") == []
    assert await names(world, people.vera, monitorKey="none") == []


async def test_what_hears_of_a_monitor_is_counted_and_read_in_pages(world: World) -> None:
    app = await world.share(world.people.ada)
    [gone, *_] = await place_named(world, app.id, "One", "Two", "Three", "Four")
    await delete(gone.id, caller=world.people.bob, services=world.services)
    wanted = {"filter": {"monitorKey": "checkout"}}

    first = (await world.ask(LIST, world.people.vera, first=2, **wanted))["integrations"]
    rest = (await world.ask(LIST, world.people.vera, first=2, after=first["pageInfo"]["endCursor"], **wanted))["integrations"]

    assert (first["totalCount"], first["nodes"]) == (3, [{"name": "Four"}, {"name": "Three"}])
    assert (rest["nodes"], rest["pageInfo"]["hasNextPage"]) == ([{"name": "Two"}], False)


async def test_another_teams_monitor_of_the_same_key_is_no_part_of_it(world: World) -> None:
    others = await make_people(world.services, name="Another")
    theirs = await place_own(world, others.bob)
    monitor = gid("Monitor", (await post_of(theirs)).monitor_id)

    assert await names(world, world.people.bob, monitorKey="checkout") == []
    assert await names(world, world.people.bob, monitorId=monitor) == []
    assert await names(world, others.bob, monitorId=monitor) == ["Checkout"]


async def test_an_app_says_what_would_stop_and_its_deletion_what_has(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    await place_named(world, app.id, "One", "Two", "Three")
    await place_own(world, people.bob)
    before = """query ($id: ID!) { installedApp(id: $id) {
      integrations(first: 2) { totalCount nodes { name } pageInfo { hasNextPage } } } }"""
    deletion = """mutation ($id: ID!) { deleteInstalledApp(input: {id: $id}) { deletedInstalledAppId
      stoppedIntegrations(last: 2) { totalCount nodes { name status statusReason installedApp { name } usesInstalledApp } }
      userErrors { code } } }"""

    would = (await world.ask(before, people.vera, id=gid("InstalledApp", app.id)))["installedApp"]["integrations"]
    has = (await world.ask(deletion, people.ada, id=gid("InstalledApp", app.id)))["deleteInstalledApp"]

    assert would == {
        "totalCount": 3,
        "nodes": [{"name": "Three"}, {"name": "Two"}],
        "pageInfo": {"hasNextPage": True},
    }
    stopped = {
        "status": "NEEDS_REAUTHENTICATION",
        "statusReason": "INSTALLED_APP_DELETED",
        "installedApp": None,
        "usesInstalledApp": True,
    }
    assert has == {
        "deletedInstalledAppId": gid("InstalledApp", app.id),
        "stoppedIntegrations": {"totalCount": 3, "nodes": [{"name": "Two"} | stopped, {"name": "One"} | stopped]},
        "userErrors": [],
    }


async def test_a_refused_deletion_has_stopped_nothing(world: World) -> None:
    app = await world.share(world.people.bob)
    document = """mutation ($id: ID!) { deleteInstalledApp(input: {id: $id}) {
      deletedInstalledAppId stoppedIntegrations { totalCount } userErrors { code } } }"""

    data = await world.ask(document, world.people.bob, id=gid("InstalledApp", app.id))

    assert data["deleteInstalledApp"] == {
        "deletedInstalledAppId": None,
        "stoppedIntegrations": None,
        "userErrors": [{"code": "FORBIDDEN"}],
    }


async def test_a_list_reads_as_many_times_for_three_as_for_one(world: World, caplog: pytest.LogCaptureFixture) -> None:
    app = await world.share(world.people.ada)
    document = (
        f"{{ integrations {{ nodes {INTEGRATION} }} installedApps {{ nodes {{ scopes integrations {{ totalCount }} }} }} }}"
    )
    counts = []

    for names in (("One",), ("Two", "Three")):
        await place_named(world, app.id, *names)
        await world.ask(document, world.people.bob)  # Slack has told of the channel: that is remembered for a while
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            caplog.clear()
            await world.ask(document, world.people.bob)
            counts.append(len(caplog.records))

    assert counts[0] == counts[1] > 0


_PAGE = """{ installedApps { nodes { name %s integrations(first: 1) { nodes { id %s } pageInfo { endCursor } } } } }"""


async def test_no_other_columns_are_read_than_are_shown(world: World, caplog: pytest.LogCaptureFixture) -> None:
    app = await world.share(world.people.ada)
    await place_named(world, app.id, "One", "Two")

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        narrow = await world.ask(_PAGE % ("", ""), world.people.bob)
        said = caplog.text
        caplog.clear()
        wide = await world.ask(_PAGE % ("viewerCanEdit", "viewerCanEdit"), world.people.bob)

    assert [column for column in ("connected_to", "live_key", "stopped_message") if column in said] == []
    assert [column for column in ("connected_to", "live_key", "stopped_message") if column not in caplog.text] == []
    [of_narrow], [of_wide] = narrow["installedApps"]["nodes"], wide["installedApps"]["nodes"]
    assert of_narrow["integrations"]["pageInfo"] == of_wide["integrations"]["pageInfo"]
    assert of_wide["integrations"]["nodes"] == [{**of_narrow["integrations"]["nodes"][0], "viewerCanEdit": True}]


async def test_a_row_that_is_shown_in_two_ways_is_read_with_what_each_shows(world: World) -> None:
    app = await world.share(world.people.ada)
    await place_named(world, app.id, "One")

    data = await world.ask(
        "{ integrations { nodes { a: installedApp { name } b: installedApp { status connectedTo } } } }", world.people.bob
    )

    [node] = data["integrations"]["nodes"]
    assert node == {"a": {"name": app.name}, "b": {"status": "ACTIVE", "connectedTo": app.connected_to}}
