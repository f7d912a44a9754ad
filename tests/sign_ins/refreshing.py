"""What the tests of refreshes do in the place of other processes and of the provider."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from app.providers.contract import Alive, Authorized, Failure
from app.providers.slack.provider import check
from app.sign_ins.freshness import LEASE
from app.sign_ins.models import Grant
from app.sign_ins.refresh import refresh
from tests.held import HeldClock
from tests.sign_ins.world import World, write

NINE_HOURS = timedelta(hours=9)
TWELVE_HOURS = timedelta(hours=12)


def real(world: World) -> Callable[[Authorized], Awaitable[Alive | Failure]]:
    async def ask(authorized: Authorized) -> Alive | Failure:
        return await check(authorized=authorized, outbound=world.services.outbound)

    return ask


async def cut_off(world: World, grant: Grant) -> None:
    """Leave the grant as a process does that is killed while it owns the lease, and let the lease run out."""
    until = world.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))
    world.clock.advance(LEASE)


async def refresh_while(world: World, grant: Grant, **columns: Any) -> Grant | Failure:
    """Refresh in a process that has read the grant right before another one changes these columns of it."""
    changed, read = asyncio.Event(), asyncio.Event()

    class Telling(HeldClock):
        """Is looked at by who has read the grant."""

        def now(self) -> datetime:
            read.set()
            return world.clock.now()

    async def change_it() -> None:
        await Grant.filter(id=grant.id).update(**columns)
        changed.set()
        await read.wait()

    changing = asyncio.create_task(write(change_it))
    await changed.wait()
    answer = await refresh(grant, services=replace(world.without_flights(), clock=Telling()))
    await changing
    return answer


def spend(world: World) -> None:
    """Use the refresh token up at the provider, as a process did whose answer nobody saved."""
    [held] = world.living()
    answer = world.sandbox.web().oauth_v2_access(
        client_id="sandbox-slack",
        client_secret="sandbox-slack-secret",
        grant_type="refresh_token",
        refresh_token=held["refresh_token"],
    )
    assert answer["ok"]
