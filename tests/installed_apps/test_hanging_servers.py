"""A Git server that hangs is told to be the one that did, before the operation that asks it is given up."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from app.access.callers import Caller
from app.graphql.context import Context
from app.outbound import Request, Unreachable, waiting_until
from app.outbound.budget import SHARE, Budget
from tests.installed_apps.git_servers import GITHUB, GITLAB, Host
from tests.installed_apps.test_git_schema import ADD, CHECK, client_input
from tests.installed_apps.world import World, gid, schema
from tests.repositories.scene import codes, open_app

DEADLINE = 1.0
HANGS = 4.0
SEE = "query ($id: ID!) { installedApp(id: $id) { repositories(first: 5) { nodes { name } } } }"


async def ask_in_time(world: World, document: str, caller: Caller, **variables: object) -> Any:
    context = replace(world.context(caller), deadline=DEADLINE, budget=Budget(deadline=DEADLINE))
    return await schema().execute(document, context_value=context, variable_values=dict(variables))


@pytest.mark.parametrize("host", [GITHUB, GITLAB], ids=lambda host: host.name)
async def test_a_server_that_hangs_while_it_is_added_is_unreachable(world: World, host: Host) -> None:
    host.fault(world, "slow", seconds=HANGS, times=20)

    answer = await ask_in_time(world, ADD, world.people.ada, input=client_input(host, world))

    assert answer.errors is None
    assert [error["code"] for error in answer.data["addInstalledApp"]["userErrors"]] == ["PROVIDER_UNREACHABLE"]


async def test_several_questions_in_a_row_have_one_time_between_them(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    GITLAB.fault(world, "slow", seconds=DEADLINE * SHARE * 0.6, times=20)  # each by itself is in time

    answer = await ask_in_time(world, CHECK, world.people.bob, input={"id": gid("InstalledApp", app.id)})

    assert answer.errors is None
    assert answer.data["checkInstalledApp"]["userErrors"] == []
    assert answer.data["checkInstalledApp"]["installedApp"] is not None


async def test_a_server_that_hangs_while_it_is_read_is_unreachable(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    GITLAB.fault(world, "slow", seconds=HANGS, times=20)

    answer = await ask_in_time(world, SEE, world.people.bob, id=gid("InstalledApp", app.id))

    assert codes(answer) == [("PROVIDER_UNREACHABLE", ["installedApp", "repositories"])]


async def test_what_belongs_to_the_process_has_all_its_time_whoever_waits_for_it(world: World) -> None:
    ended = asyncio.Event()

    async def exchange() -> str:
        await asyncio.sleep(0.3)
        ended.set()
        return "tokens"

    with waiting_until(time.monotonic() + 0.1), pytest.raises(TimeoutError):
        await world.services.single_flight.join("exchange", exchange)
    await asyncio.wait_for(ended.wait(), 5)

    assert ended.is_set()


async def test_a_call_that_is_no_longer_waited_for_is_not_made(world: World) -> None:
    request = Request("GET", f"{world.sandbox.url}/gitlab/api/v4/version")

    with waiting_until(time.monotonic() - 1):
        late = await world.services.outbound.send(request, origin=world.sandbox.url)
    in_time = await world.services.outbound.send(request, origin=world.sandbox.url)

    assert isinstance(late, Unreachable)
    assert not isinstance(in_time, Unreachable)


async def test_providers_have_less_time_than_the_operation(world: World) -> None:
    context: Context = world.context(world.people.ada)

    assert time.monotonic() < context.budget.ends < time.monotonic() + context.deadline
