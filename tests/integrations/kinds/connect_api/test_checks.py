"""The status of a connected API follows the truth at its Git server."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.integrations.deleting import delete
from app.integrations.editing import Edit, edit
from app.integrations.kinds.connect_api.checks import AGAIN_AFTER, CHECK_EVERY, check_due
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import ApiConnectionEdit
from app.integrations.models import Integration
from app.integrations.pausing import pause
from app.log.counters import head
from app.log.events import Event
from app.sign_ins.models import Grant
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host
from tests.installed_apps.world import World, log_since
from tests.integrations.git_scene import OPENAPI, change, check_now, connect, connection_of
from tests.integrations.scene import now_of
from tests.repositories.scene import calls, open_app
from tests.sign_ins.world import write

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
STATUS = "INTEGRATION_STATUS_CHANGED"
FINE = ("ACTIVE", None)
GONE = ("FAILING", "TARGET_UNAVAILABLE")


async def standing(integration: Integration) -> tuple[str, str | None]:
    fresh = await now_of(integration)
    return fresh.status.value, fresh.reason.value if fresh.reason is not None else None


async def connected(world: World, host: Host, **changed: Any) -> Integration:
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(world, world.people.bob, app, host, **changed)
    await check_now(world)
    assert await standing(integration) == FINE
    return integration


async def check_again(world: World, *, after: timedelta = CHECK_EVERY) -> None:
    world.clock.advance(after)
    await check_now(world)


@pytest.mark.parametrize(
    ("what", "order"),
    [
        ("delete_branch", {"branch": "develop"}),
        ("rename_branch", {"branch": "develop", "to": "dev"}),
        ("delete_file", {"branch": "develop", "path": OPENAPI}),
        ("rename_file", {"branch": "develop", "path": OPENAPI, "to": "api.yaml"}),
        ("delete_repository", {}),
        ("remove_access", {"user": "ada"}),
    ],
)
@EACH
async def test_what_is_gone_or_no_longer_seen_is_failing_until_it_is_mended(
    world: World, host: Host, what: str, order: dict[str, Any]
) -> None:
    integration = await connected(world, host, branch="develop")
    before = await head(world.people.team_id)
    change(world, host, what, **order)

    assert await standing(integration) == FINE
    await check_again(world)

    assert await standing(integration) == GONE
    assert (await now_of(integration)).message
    assert await log_since(before, team_id=world.people.team_id) == [STATUS]
    event = await Event.filter(team_id=world.people.team_id).order_by("-sequence").first()
    assert event is not None
    assert (event.subject_id, event.status, event.previous_status, event.reason) == (integration.id, *GONE[:1], "ACTIVE", GONE[1])
    assert (await own_grant_trouble(integration)) is None


async def own_grant_trouble(integration: Integration) -> object:
    grant = await Grant.get(member_id=integration.authorized_by_id, provider=integration.provider)
    return grant.trouble


@EACH
async def test_it_heals_as_soon_as_its_file_is_back(world: World, host: Host) -> None:
    integration = await connected(world, host)
    before = await head(world.people.team_id)
    change(world, host, "rename_file", branch="main", path=OPENAPI, to="api.yaml")
    await check_again(world)
    assert await standing(integration) == GONE
    change(world, host, "rename_file", branch="main", path="api.yaml", to=OPENAPI)

    await check_again(world, after=2 * AGAIN_AFTER)

    assert await standing(integration) == FINE
    assert await log_since(before, team_id=world.people.team_id) == [STATUS, STATUS]


@pytest.mark.parametrize(
    ("fault", "more", "expected"),
    [
        ("status", {"status": 503}, ("FAILING", "PROVIDER_ERROR")),
        ("reset", {}, ("FAILING", "PROVIDER_UNREACHABLE")),
        ("malformed", {}, ("FAILING", "PROVIDER_ERROR")),
        ("rate_limit", {"retry_after": 1}, FINE),
    ],
)
@EACH
async def test_a_server_that_is_down_is_failing_until_it_is_back(
    world: World, host: Host, fault: str, more: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    integration = await connected(world, host)
    host.fault(world, fault, times=1, **more)

    await check_again(world)
    assert (await standing(integration))[0] == expected[0]

    await check_again(world, after=2 * AGAIN_AFTER)
    assert await standing(integration) == FINE


@EACH
async def test_a_revoked_authorization_stops_it(world: World, host: Host) -> None:
    integration = await connected(world, host)
    before = await head(world.people.team_id)
    host.fault(world, "revoke_token", user="ada")

    await check_again(world)

    assert await standing(integration) == ("NEEDS_REAUTHENTICATION", "REVOKED")
    assert STATUS in await log_since(before, team_id=world.people.team_id)


async def test_checks_come_daily_each_at_its_own_time(world: World) -> None:
    integration = await connected(world, GITLAB)
    connection, asked = await connection_of(integration), calls(world, GITLAB)

    assert connection.next_check_at is not None
    wait = connection.next_check_at - world.clock.now()
    assert CHECK_EVERY - timedelta(hours=3) <= wait <= CHECK_EVERY
    world.clock.advance(wait - timedelta(seconds=1))
    assert await check_due(services=world.services) == 0
    assert calls(world, GITLAB) == asked
    world.clock.advance(timedelta(seconds=1))
    assert await check_due(services=world.services) == 1


@EACH
async def test_two_workers_look_once(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    await connect(world, world.people.bob, app, host, schema_file=None)
    asked = calls(world, host)

    looked = await asyncio.gather(*(check_due(services=world.services) for _ in range(4)))

    assert sum(looked) == 1
    assert calls(world, host) - asked == (3 if host is GITLAB else 2)  # GitLab tells for how long access was given


async def test_an_edit_is_looked_at_at_once_and_heals(world: World) -> None:
    integration = await connected(world, GITHUB, branch="develop")
    change(world, GITHUB, "delete_branch", branch="develop")
    await check_again(world)
    assert await standing(integration) == GONE

    wanted = Edit(settings=ApiConnectionEdit(branch="main"))
    await edit(integration.id, wanted, expected_updated_at=None, caller=world.people.bob, services=world.services)

    assert await standing(integration) == FINE
    assert (await connection_of(integration)).next_check_at == world.clock.now()
    await check_now(world)
    assert await standing(integration) == FINE


async def test_what_was_edited_while_it_was_looked_at_keeps_its_status(world: World) -> None:
    integration = await connected(world, GITHUB, branch="develop")
    change(world, GITHUB, "delete_branch", branch="develop")
    world.clock.advance(CHECK_EVERY)
    GITHUB.fault(world, "slow", seconds=0.5, endpoint="payments-api")
    asked = calls(world, GITHUB)
    looking = asyncio.create_task(check_due(services=world.services))
    await reach(world, asked + 1)

    wanted = Edit(settings=ApiConnectionEdit(branch="main"))
    await edit(integration.id, wanted, expected_updated_at=None, caller=world.people.bob, services=world.services)
    await looking

    assert await standing(integration) == FINE


@pytest.mark.parametrize("changed", [{"branch": "main"}, {"schema_file": "other.yaml"}, {"live_key": None}])
async def test_the_answer_says_nothing_of_what_it_is_connected_to_by_then(world: World, changed: dict[str, Any]) -> None:
    integration = await connected(world, GITHUB, branch="develop")
    change(world, GITHUB, "delete_branch", branch="develop")
    world.clock.advance(CHECK_EVERY)
    GITHUB.fault(world, "slow", seconds=1.0, endpoint="payments-api")
    asked = calls(world, GITHUB)
    looking = asyncio.create_task(check_due(services=world.services))
    await reach(world, asked + 1)

    await write(lambda: ApiConnection.filter(integration_id=integration.id).update(**changed))
    await looking

    assert await standing(integration) == FINE


async def reach(world: World, count: int) -> None:
    """Wait until the server was asked so many times."""
    for _ in range(1000):
        if calls(world, GITHUB) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the server was not asked")


async def test_paused_deleted_and_stopped_ones(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada", cid="grace")
    paused = await connect(world, world.people.bob, app, GITLAB)
    deleted = await connect(world, world.people.bob, app, GITLAB, branch="develop")
    await check_now(world)
    await pause(paused.id, caller=world.people.bob, services=world.services)
    await delete(deleted.id, caller=world.people.bob, services=world.services)
    change(world, GITLAB, "delete_repository")

    await check_again(world)

    assert await standing(paused) == ("PAUSED", "PAUSED_BY_MEMBER")
    assert (await now_of(paused)).failing_by == "TARGET_UNAVAILABLE"
    assert (await now_of(deleted)).failing_by is None
    assert await ApiConnection.filter(live_key__isnull=False).count() == 1


async def test_it_is_asked_for_with_nobodys_authorization_but_its_members(world: World) -> None:
    integration = await connected(world, GITHUB)
    grant = await Grant.get(member_id=world.people.bob.member_id, provider=GITHUB.provider)
    assert integration.authorized_by_id == grant.member_id
    seen = len(world.sandbox.state()["requests"])

    await check_again(world)

    callers = {each["caller"] for each in world.sandbox.state()["requests"][seen:]}
    assert len(callers) == 1
    assert "ada" in str(callers)
