"""Channels and repositories in an integration's settings: as they are now, or null; what was chosen stands beside them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.access.callers import Caller
from app.installed_apps.deleting import delete as delete_app
from app.integrations.sources import ThroughApp
from app.outbound.answers import KEPT_FOR
from app.outbound.budget import Budget
from tests.installed_apps.git_servers import HOSTS, Host
from tests.installed_apps.world import World, schema
from tests.integrations.git_scene import change, connect
from tests.integrations.scene import GLOBEX, channel, place, place_own, place_through, posting
from tests.repositories.scene import calls, open_app, ref_of

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
CHANNELS = """{ integrations(first: 100) { nodes { settings { ... on PostMonitoringResults {
  channelId channelName channel { id name isPrivate } } } } } }"""
REPOSITORIES = """{ integrations(first: 100) { nodes { settings { ... on ConnectApi {
  repositoryId repositoryPath repository { id fullName defaultBranch } } } } } }"""
GENERAL = {"id": channel(), "name": "general", "isPrivate": False}
FAULTS: Mapping[str, dict[str, object]] = {
    "an error of its own": {"fault": "status", "status": 503},
    "too many questions": {"fault": "rate_limit", "retry_after": 30},
    "a broken connection": {"fault": "reset"},
    "nonsense": {"fault": "malformed"},
    "a list in place of an object": {"fault": "malformed", "body": "[]"},
}


async def settings(world: World, caller: Caller, document: str = CHANNELS) -> list[dict[str, Any]]:
    """Return the settings of all integrations; fail on any error."""
    data = await world.ask(document, caller)
    return [node["settings"] for node in data["integrations"]["nodes"]]


def asked(world: World) -> list[str]:
    """Return which of Slack's methods about channels were asked."""
    methods = [str(each["path"]).rpartition("/")[2] for each in world.sandbox.state()["requests"]]
    return [method for method in methods if method in {"conversations.info", "conversations.list"}]


async def test_a_channel_has_the_name_that_it_has_now(world: World) -> None:
    await place_own(world, world.people.bob)
    world.sandbox.control("rename", workspace="Acme", channel="general", name="everything")

    [shown] = await settings(world, world.people.cid)

    assert shown == {"channelId": channel(), "channelName": "general", "channel": {**GENERAL, "name": "everything"}}


async def test_what_was_shown_within_the_minute_is_not_asked_for_again(world: World) -> None:
    await place_own(world, world.people.bob)
    before = await settings(world, world.people.cid)
    world.sandbox.control("rename", workspace="Acme", channel="general", name="everything")
    questions = asked(world)

    again = await settings(world, world.people.ada)
    assert asked(world) == questions
    world.clock.advance(KEPT_FOR)
    [later] = await settings(world, world.people.ada)

    assert again == before
    assert later["channel"]["name"] == "everything"


async def test_a_channel_that_cannot_be_posted_to_is_null_and_what_was_chosen_stays(world: World) -> None:
    await place_own(world, world.people.bob)
    world.sandbox.control("archive", workspace="Acme", channel="general")

    assert await settings(world, world.people.cid) == [{"channelId": channel(), "channelName": "general", "channel": None}]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("count", [1, 5])
async def test_a_provider_that_fails_makes_no_error(world: World, fault: dict[str, object], count: int) -> None:
    app = await world.share(world.people.ada)
    for number in range(count):
        which = posting(channel_id=channel(number % 3 + 1))
        await place(world, world.people.bob, ThroughApp(app.id), settings=which)
    world.clock.advance(KEPT_FOR)
    world.sandbox.control("faults", provider="slack", times=100, **fault)

    shown = await settings(world, world.people.cid)

    assert [each["channel"] for each in shown] == [None] * count
    assert {each["channelName"] for each in shown} <= {"general", "monitoring", "random"}


async def test_a_provider_that_is_slow_makes_no_error(world: World) -> None:
    await place_own(world, world.people.bob)
    world.sandbox.control("faults", provider="slack", fault="slow", seconds=60)
    context = replace(world.context(world.people.cid), budget=Budget(deadline=0.3))

    result = await schema().execute(CHANNELS, context_value=context)

    assert result.errors is None
    assert result.data is not None
    assert result.data["integrations"]["nodes"][0]["settings"]["channel"] is None


async def test_who_only_reads_is_told_what_was_chosen_and_nobody_is_asked(world: World) -> None:
    await place_own(world, world.people.bob)
    questions = asked(world)

    shown = await settings(world, world.people.vera)

    assert shown == [{"channelId": channel(), "channelName": "general", "channel": None}]
    assert asked(world) == questions


async def test_without_its_installed_app_nobody_can_be_asked(world: World) -> None:
    app = await world.share(world.people.ada)
    await place_through(world, world.people.bob, app.id)
    await delete_app(app.id, caller=world.people.ada, services=world.services)
    questions = asked(world)

    [shown] = await settings(world, world.people.bob)

    assert (shown["channelName"], shown["channel"]) == ("general", None)
    assert asked(world) == questions


async def test_many_channels_are_found_in_one_reading_of_the_list(world: World) -> None:
    app = await world.share(world.people.ada, "Globex")
    for number in (1, 6, 7, 8, 9, 10, 10, 6):
        which = posting(channel_id=channel(number, account=GLOBEX))
        await place(world, world.people.bob, ThroughApp(app.id), settings=which)
    before = len(asked(world))

    shown = await settings(world, world.people.cid)

    assert [each["channel"]["name"] for each in shown] == [each["channelName"] for each in shown]
    questions = asked(world)[before:]
    assert set(questions) == {"conversations.list"}
    assert len(questions) <= 5


@EACH
async def test_a_repository_is_shown_as_the_viewer_sees_it(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="ada")
    await connect(world, world.people.bob, app, host)
    where = ref_of(world, host, "acme/payments-api")
    chosen = {"repositoryId": where.id, "repositoryPath": "acme/payments-api"}
    world.clock.advance(KEPT_FOR)
    own = await settings(world, world.people.bob, REPOSITORIES)
    others = await settings(world, world.people.cid, REPOSITORIES)
    before = calls(world, host)
    unknown = await settings(world, world.people.ada, REPOSITORIES)
    reading = await settings(world, world.people.vera, REPOSITORIES)

    assert own == others == [{**chosen, "repository": {"id": where.id, "fullName": "acme/payments-api", "defaultBranch": "main"}}]
    assert unknown == reading == [{**chosen, "repository": None}]
    assert calls(world, host) == before


@EACH
async def test_a_repository_that_is_gone_is_null(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    await connect(world, world.people.bob, app, host)
    world.clock.advance(KEPT_FOR)
    change(world, host, "delete_repository")

    [shown] = await settings(world, world.people.bob, REPOSITORIES)

    assert (shown["repositoryPath"], shown["repository"]) == ("acme/payments-api", None)


@EACH
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_server_that_fails_makes_no_error(world: World, host: Host, fault: dict[str, object]) -> None:
    app = await open_app(world, host, bob="ada")
    await connect(world, world.people.bob, app, host)
    world.clock.advance(KEPT_FOR)
    host.fault(world, **fault, times=100)  # type: ignore[arg-type]  # as the sandbox takes it

    [shown] = await settings(world, world.people.bob, REPOSITORIES)

    assert shown["repository"] is None


@EACH
async def test_many_repositories_take_few_questions(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="grace")
    paths = [f"grace/service-{number:03}" for number in range(1, 9)]
    for path in paths:
        await connect(world, world.people.bob, app, host, repository=path, schema_file=None)
    world.clock.advance(KEPT_FOR)
    before = calls(world, host)

    shown = await settings(world, world.people.bob, REPOSITORIES)

    assert sorted(each["repository"]["fullName"] for each in shown) == paths
    assert calls(world, host) - before == 1
