"""Who was let in by their role, and no longer has it when the change is made: nothing is done."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.access.callers import Caller, Role
from app.errors import Refusal, UserErrorCode
from app.installed_apps import adding, deleting, editing, reauthenticating, shared_clients
from app.installed_apps.shared_clients import ClientEdit
from app.integrations.deleting import delete
from app.integrations.editing import Edit, edit
from app.integrations.models import Integration
from app.integrations.pausing import pause, resume
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import BySignIn, ThroughApp
from app.teams.changing_roles import change_role
from app.teams.removing import remove_member
from tests.installed_apps.git_servers import GITHUB, GITLAB
from tests.installed_apps.world import World, code_of, rows
from tests.integrations.scene import place, place_through

REFUSED = (UserErrorCode.FORBIDDEN, ())
Turn = Callable[[World, Caller], Awaitable[object]]


async def lower(world: World, caller: Caller) -> object:
    services = world.services
    await change_role(
        team_id=caller.team_id, actor=None, member_id=world.people.bob.member_id, role=Role.ADMIN, services=services
    )
    role = Role.MEMBER if caller.role is Role.ADMIN else Role.VIEWER
    return await change_role(team_id=caller.team_id, actor=None, member_id=caller.member_id, role=role, services=services)


async def remove(world: World, caller: Caller) -> object:
    services = world.services
    await change_role(
        team_id=caller.team_id, actor=None, member_id=world.people.bob.member_id, role=Role.ADMIN, services=services
    )
    return await remove_member(team_id=caller.team_id, actor=None, member_id=caller.member_id, services=services)


@pytest.mark.parametrize("turn", [lower, remove])
async def test_who_was_a_member_changes_no_integration(world: World, turn: Turn) -> None:
    cid, services = world.people.cid, world.services
    app = await world.share(world.people.ada)
    through = ThroughApp(app.id)
    integration = await place_through(world, cid, app.id)
    sign_in = await world.sign_in(cid, "Globex")
    await turn(world, cid)

    assert await code_of(pause(integration.id, caller=cid, services=services)) == REFUSED
    assert await code_of(resume(integration.id, caller=cid, services=services)) == REFUSED
    assert await code_of(delete(integration.id, caller=cid, services=services)) == REFUSED
    renamed = Edit(name="Other")
    assert await code_of(edit(integration.id, renamed, expected_updated_at=None, caller=cid, services=services)) == REFUSED
    assert await code_of(place(world, cid, through)) == REFUSED
    assert await code_of(reauthenticate(integration.id, using=through, caller=cid, services=services)) == REFUSED
    signed_in = BySignIn(sign_in, shares_with_team=True)
    assert await code_of(reauthenticate(integration.id, using=signed_in, caller=cid, services=services)) == REFUSED


@pytest.mark.parametrize("turn", [lower, remove])
async def test_who_was_a_member_changes_no_installed_app(world: World, turn: Turn) -> None:
    cid, services = world.people.cid, world.services
    app = await world.share(cid)
    fresh, another = await world.sign_in(cid), await world.sign_in(cid, "Globex")
    await turn(world, cid)

    assert await code_of(adding.add(another, name=None, caller=cid, services=services)) == REFUSED
    assert await code_of(editing.edit(app.id, name="Other", expected_updated_at=None, caller=cid, services=services)) == REFUSED
    assert await code_of(reauthenticating.reauthenticate(app.id, fresh, caller=cid, services=services)) == REFUSED


@pytest.mark.parametrize("turn", [lower, remove])
async def test_who_was_an_admin_changes_nothing_of_others(world: World, turn: Turn) -> None:
    ada, bob, services = world.people.ada, world.people.bob, world.services
    app, git = await world.share(bob), await GITLAB.add(world, ada)
    integration = await place_through(world, bob, app.id)
    await turn(world, ada)

    assert await code_of(pause(integration.id, caller=ada, services=services)) == REFUSED
    assert await code_of(editing.edit(app.id, name="Other", expected_updated_at=None, caller=ada, services=services)) == REFUSED
    assert await code_of(deleting.delete(app.id, caller=ada, services=services)) == REFUSED
    assert await code_of(GITHUB.add(world, ada, name="Another")) == REFUSED
    renamed = shared_clients.edit(git.id, ClientEdit(), name="Other", caller=ada, services=services)
    assert await code_of(renamed) == REFUSED


async def test_who_is_made_a_viewer_while_the_provider_is_asked_adds_nothing(world: World) -> None:
    cid = world.people.cid
    app = await world.share(world.people.ada)
    world.sandbox.control("faults", provider="slack", endpoint="conversations.info", fault="slow", seconds=0.5)

    placing = asyncio.create_task(place(world, cid, ThroughApp(app.id)))
    await until_asked(world, "conversations.info")
    await lower(world, cid)
    before = await rows()
    with pytest.raises(Refusal) as refused:
        await placing

    assert refused.value.code is UserErrorCode.FORBIDDEN
    assert await rows() == before
    assert await Integration.all().count() == 0


async def until_asked(world: World, endpoint: str) -> None:
    """Return once the sandbox has such a question before it."""
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(_is_asked, world, endpoint):  # noqa: ASYNC110 - the sandbox rings no bell
            await asyncio.sleep(0.01)


def _is_asked(world: World, endpoint: str) -> bool:
    return any(endpoint in seen["path"] for seen in world.sandbox.state()["requests"])
