"""The viewer's own sign-ins at Git servers, as they are shown."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.access.callers import Caller
from app.installed_apps.deleting import delete as delete_app
from app.sign_ins.revoking import revoke
from tests.held import HeldClock
from tests.installed_apps.git_servers import GITHUB, GITLAB
from tests.installed_apps.world import World, gid, make_people, make_world

ACCOUNTS = """query ($first: Int, $after: String) { viewer { connectedAccounts(first: $first, after: $after) { totalCount
  nodes { id status connectedTo provider { key } installedApp { id name } } pageInfo { hasNextPage endCursor } } } }"""


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


async def accounts(world: World, caller: Caller, **page: Any) -> Any:
    return (await world.ask(ACCOUNTS, caller, **page))["viewer"]["connectedAccounts"]


async def test_each_is_shown_with_its_installed_app_newest_first(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    github, gitlab = await GITHUB.add(world, ada, name="Hub"), await GITLAB.add(world, ada, name="Lab")
    first = await GITHUB.sign_in(world, bob, github)
    world.clock.advance(timedelta(seconds=1))
    second = await GITLAB.sign_in(world, bob, gitlab)

    found = await accounts(world, bob)

    assert found["totalCount"] == 2
    assert found["nodes"] == [
        {
            "id": gid("Authorization", row.id),
            "status": "COMPLETED",
            "connectedTo": row.connected_to,
            "provider": {"key": app.provider},
            "installedApp": {"id": gid("InstalledApp", app.id), "name": app.name},
        }
        for row, app in ((second, gitlab), (first, github))
    ]


async def test_they_are_read_in_pages(world: World) -> None:
    ada = world.people.ada
    for host in (GITHUB, GITLAB):
        await host.sign_in(world, ada, await host.add(world, ada))
        world.clock.advance(timedelta(seconds=1))

    first = await accounts(world, ada, first=1)
    rest = await accounts(world, ada, first=1, after=first["pageInfo"]["endCursor"])

    assert [each["provider"]["key"] for each in (*first["nodes"], *rest["nodes"])] == [GITLAB.provider, GITHUB.provider]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)


async def test_no_other_members_are_among_them_and_none_that_has_ended_or_waits(world: World) -> None:
    ada, bob, cid = world.people.ada, world.people.bob, world.people.cid
    github, gitlab = await GITHUB.add(world, ada), await GITLAB.add(world, ada)
    await GITLAB.sign_in(world, ada, gitlab)
    ended = await GITHUB.sign_in(world, bob, github)
    await GITLAB.sign_in(world, bob, gitlab)
    await revoke(ended.id, caller=bob, services=world.services)
    await GITHUB.begin(world, bob, github)
    await world.sign_in(bob)

    assert [each["provider"]["key"] for each in (await accounts(world, bob))["nodes"]] == [GITLAB.provider]
    assert (await accounts(world, cid))["nodes"] == []
    assert (await accounts(world, (await make_people(world.services, name="Another")).bob))["totalCount"] == 0


async def test_with_the_installed_app_they_are_gone(world: World) -> None:
    ada = world.people.ada
    app = await GITLAB.add(world, ada)
    await GITLAB.sign_in(world, ada, app)

    await delete_app(app.id, caller=ada, services=world.services)

    assert (await accounts(world, ada))["nodes"] == []


async def test_a_sign_in_anywhere_else_has_no_such_app(world: World) -> None:
    sign_in = await world.sign_in(world.people.bob)
    document = "query ($id: ID!) { authorization(id: $id) { status installedApp { id } } }"

    data = await world.ask(document, world.people.bob, id=gid("Authorization", sign_in))

    assert data["authorization"] == {"status": "COMPLETED", "installedApp": None}
