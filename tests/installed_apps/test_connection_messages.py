"""What a member is told of their connection, by an installed app and by a sign-in of their own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.access.callers import Caller, Role, Scope
from app.installed_apps.models import InstalledApp
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Authorization, Grant, StatusReason
from app.sign_ins.revoking import revoke
from app.teams.removing import remove_member
from tests.installed_apps.git_servers import GITHUB, GITLAB, own_grant
from tests.installed_apps.test_git_schema import ADD, by_token, client_input
from tests.installed_apps.world import World, gid, rows

APP = "query ($id: ID!) { installedApp(id: $id) { viewerConnectionMessage viewerIsAuthenticated } }"
SIGN_IN = "query ($id: ID!) { authorization(id: $id) { viewerConnectionMessage } }"


async def told(world: World, app: InstalledApp, caller: Caller) -> tuple[str, bool]:
    seen = (await world.ask(APP, caller, id=gid("InstalledApp", app.id)))["installedApp"]
    return seen["viewerConnectionMessage"], seen["viewerIsAuthenticated"]


async def told_of(world: World, row: Authorization, caller: Caller) -> str:
    message: str = (await world.ask(SIGN_IN, caller, id=gid("Authorization", row.id)))["authorization"]["viewerConnectionMessage"]
    return message


async def test_an_app_names_what_it_connects_to_and_who_set_it_up_also_when_they_left(world: World) -> None:
    people = world.people
    app = await world.share(people.bob)

    assert await told(world, app, people.cid) == ("Connected to Acme as set up by Bob.", True)
    await remove_member(team_id=people.team_id, actor=people.ada.actor, member_id=people.bob.member_id, services=world.services)
    assert await told(world, app, people.cid) == ("Connected to Acme as set up by Bob.", True)
    assert await told(world, app, people.vera) == (
        "Connected to Acme as set up by Bob. Your role, VIEWER, only reads: you cannot put it to use.",
        False,
    )


async def test_an_app_that_does_not_work_says_why(world: World) -> None:
    app = await world.share(world.people.ada)

    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.REVOKED, "Slack took it back.", services=world.services)

    assert await told(world, app, world.people.bob) == ("Slack took it back.", False)


async def test_a_git_server_s_app_tells_each_of_their_own_sign_in(world: World) -> None:
    people = world.people
    app = await GITLAB.add(world, people.ada)
    server = GITLAB.url(world)
    await GITLAB.sign_in(world, people.bob, app, "grace")

    assert await told(world, app, people.bob) == (f"Connected to {server} as grace.", True)
    assert await told(world, app, people.cid) == (
        f"You are not connected to {server} yet: sign in there once, as yourself.",
        False,
    )
    assert await told(world, app, people.vera) == (
        f"Members sign in at {server} themselves. Your role, VIEWER, only reads: you cannot sign in there.",
        False,
    )


async def test_a_git_server_s_app_says_when_the_sign_in_no_longer_works(world: World) -> None:
    bob = world.people.bob
    app = await GITHUB.add(world, world.people.ada)
    await GITHUB.sign_in(world, bob, app)

    await note_trouble(await own_grant(app, bob), StatusReason.EXPIRED, "Sign in again.", services=world.services)

    assert await told(world, app, bob) == (f"You are no longer connected to {GITHUB.url(world)}. Sign in again.", False)


async def test_a_sign_in_says_what_it_has_connected_at_each_step(world: World) -> None:
    ada = world.people.ada
    row = await world.begin(ada)
    finished = await Authorization.get(id=await world.sign_in(ada))
    declined = await Authorization.get(id=await world.decline(ada))

    assert await told_of(world, row, ada) == "Not connected yet: finish signing in at Slack in the browser."
    assert await told_of(world, finished, ada) == (
        "Connected to Acme. It is not in use yet: add an installed app or an integration with it."
    )
    assert (await told_of(world, declined, ada)).startswith("Not connected. ")
    world.clock.advance(timedelta(hours=2))
    assert await told_of(world, finished, ada) == (
        "Not connected: the sign-in at Slack was not finished or not used in time. Begin another."
    )


async def test_a_sign_in_in_use_is_connected_and_a_revoked_one_no_longer(world: World) -> None:
    ada = world.people.ada
    await world.share(ada)
    used = await Authorization.get(provider="slack")
    app = await GITLAB.add(world, ada)
    own = await GITLAB.sign_in(world, ada, app, "grace")

    assert await told_of(world, used, ada) == "Connected to Acme."
    assert await told_of(world, own, ada) == "Connected to GitLab Self-Managed as grace."
    await revoke(own.id, caller=ada, services=world.services)
    assert await told_of(world, own, ada) == (
        "No longer connected: the sign-in at GitLab Self-Managed was ended. Begin another to connect again."
    )


@pytest.mark.parametrize("scope", [Scope.READ, Scope.INTEGRATIONS_WRITE, Scope.RUNS_WRITE])
async def test_who_asks_for_what_admins_do_is_told_of_the_role_whatever_scope_they_came_with(world: World, scope: Scope) -> None:
    bob = by_token(world.people.bob, scope)
    before = await rows()

    data = await world.ask(ADD, bob, input=client_input(GITHUB, world))

    [error] = data["addInstalledApp"]["userErrors"]
    assert (error["code"], error["message"]) == (
        "FORBIDDEN",
        "Your role in this team is MEMBER; this needs ADMIN. Ask a Team Admin.",
    )
    assert await rows() == before


async def test_who_may_share_a_sign_in_is_told_of_the_scope_that_does(world: World) -> None:
    ada = world.people.ada
    using = {"using": {"authorizationId": gid("Authorization", await world.sign_in(ada))}}

    for role in (Role.MEMBER, Role.ADMIN):
        refused = await world.answer(ADD, by_token(replace(ada, role=role), Scope.READ), input=using)
        [error] = refused.errors
        assert error.message == "This access token does not reach that far: it needs the scope INTEGRATIONS_WRITE."
