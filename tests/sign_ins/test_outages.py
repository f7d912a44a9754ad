"""What the provider has given while the database was away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import DatabaseAway
from app.providers.contract import Alive, Authorized, Failure
from app.providers.slack.provider import check
from app.sign_ins.calls import call
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState
from app.sign_ins.refresh import refresh
from app.storage.outages import Patience
from tests import databases
from tests.faults.before_postgres import through_proxy
from tests.faults.proxy import Proxy, Refuse
from tests.sandbox.running import Sandbox
from tests.sign_ins.refreshing import TWELVE_HOURS
from tests.sign_ins.test_schema import listening
from tests.sign_ins.world import World, open_world

pytestmark = pytest.mark.skipif(not databases.POSTGRES_URL, reason="this run is SQLite's")

SHORT = Patience(connection=0.5, statement=1.0, pauses=(0.05,), tries=0.1)


@asynccontextmanager
async def world_behind_proxy(database_url: str, sandbox: Sandbox, folder: Path) -> AsyncIterator[tuple[Proxy, World]]:
    async with (
        through_proxy(database_url) as (proxy, url),
        databases.opened(url, patience=SHORT),
        open_world(sandbox, folder=folder) as world,
    ):
        yield proxy, world


async def lose_the_database(proxy: Proxy) -> None:
    proxy.impose(Refuse())
    proxy.cut()
    with pytest.raises(DatabaseAway):
        await Grant.get()


async def until(is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to be so")


async def test_fresh_tokens_are_saved_once_it_is_back(database_url: str, rotating_sandbox: Sandbox, tmp_path: Path) -> None:
    async with world_behind_proxy(database_url, rotating_sandbox, tmp_path) as (proxy, world):

        async def ask(authorized: Authorized) -> Alive | Failure:
            return await check(authorized=authorized, outbound=world.services.outbound)

        grant = await world.grant()
        world.clock.advance(TWELVE_HOURS)
        [before] = world.living()
        asked = world.token_requests
        world.fault("oauth.v2.access", "slow", seconds=0.5)
        refreshing = asyncio.create_task(refresh(grant, services=world.services))
        await world.reach(token_requests=asked + 1)
        await lose_the_database(proxy)
        await until(lambda: world.living()[0]["refresh_token"] != before["refresh_token"])
        await lose_the_database(proxy)
        assert not refreshing.done()
        proxy.heal()

        renewed = await refreshing
        answer = await call(grant.id, ask, services=world.services)

        assert isinstance(renewed, Grant)
        assert renewed.version == grant.version + 1
        assert isinstance(answer, Alive)
        assert world.token_requests == asked + 1


async def test_a_sign_in_is_finished_once_it_is_back(database_url: str, sandbox: Sandbox, tmp_path: Path) -> None:
    async with world_behind_proxy(database_url, sandbox, tmp_path) as (proxy, world):
        row = await world.begin()
        world.fault("oauth.v2.access", "slow", seconds=0.5)
        async with world.browser() as browser:
            callback = await browser.go(row)
            coming_back = asyncio.create_task(browser.http.get(callback))
            await world.reach(token_requests=1)
            await lose_the_database(proxy)
            await until(lambda: world.living() != [])
            await lose_the_database(proxy)
            proxy.heal()
            page = await coming_back

        ended, grant = await Authorization.get(id=row.id), await Grant.get()
        assert page.status_code == 200
        assert (ended.status, ended.grant_id) == (AuthorizationStatus.COMPLETED, grant.id)
        assert grant.state is GrantState.WAITING


async def test_who_waits_for_a_sign_in_is_told_of_its_end_once_it_is_back(
    database_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    async with world_behind_proxy(database_url, sandbox, tmp_path) as (proxy, world):
        row = await world.begin()
        async with listening(row, world) as statuses:
            first = await anext(statuses)
            await lose_the_database(proxy)
            world.clock.advance(timedelta(minutes=10))
            ending = asyncio.ensure_future(anext(statuses))
            refused = proxy.refused
            await until(lambda: proxy.refused > refused + 2)
            proxy.heal()
            told = [first, await ending, *[status async for status in statuses]]

    assert told == ["PENDING", "EXPIRED"]
