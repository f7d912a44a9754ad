"""A clock that is set back: what was leased, put off or asked for patience by then is waited for no longer than it can last."""

from datetime import timedelta
from uuid import uuid4

import pytest

from app.providers.contract import Alive, Authorized, Failure
from app.providers.slack.provider import check as ask_slack
from app.sign_ins.calls import USE_NOTED_EVERY, call
from app.sign_ins.checks import check_due
from app.sign_ins.freshness import LEASE
from app.sign_ins.jobs import refresh_due, revoke_due
from app.sign_ins.models import Grant, GrantState
from app.sign_ins.refresh import COOL_DOWN
from tests.sign_ins.world import World, write

BACK = timedelta(days=2)
TWELVE_HOURS = timedelta(hours=12)


async def ask(world: World, grant: Grant) -> Alive | Failure:
    async def real(authorized: Authorized) -> Alive | Failure:
        return await ask_slack(authorized=authorized, outbound=world.services.outbound)

    return await call(grant.id, real, services=world.services)


async def test_a_grant_that_was_asked_for_patience_is_quiet_for_an_hour_at_most(world: World) -> None:
    grant = await world.grant()
    world.fault("auth.test", "rate_limit", retry_after=60)
    assert isinstance(await ask(world, grant), Failure)
    world.clock.advance(-BACK)

    assert isinstance(await ask(world, grant), Alive)


@pytest.mark.parametrize("background", [True, False])
async def test_a_refresh_that_was_under_way_is_taken_up(rotating: World, *, background: bool) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    ahead = rotating.clock.now() + BACK
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=ahead + LEASE, quiet_until=ahead))

    if background:
        await refresh_due(services=rotating.services)
    else:
        assert isinstance(await ask(rotating, grant), Alive)

    assert (await Grant.get()).version == 2


async def test_one_that_could_not_be_settled_is_tried_again(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    ahead = rotating.clock.now() + BACK
    marked = {"lease_owner": uuid4(), "lease_until": rotating.clock.now(), "refresh_at": ahead + COOL_DOWN}
    await write(lambda: Grant.filter(id=grant.id).update(**marked))

    assert isinstance(await ask(rotating, grant), Alive)


async def test_what_is_looked_at_daily_is_looked_at(world: World) -> None:
    grant = await world.grant()
    await write(lambda: Grant.filter(id=grant.id).update(next_check_at=world.clock.now() + BACK))

    assert [await check_due(services=world.services) for _ in range(2)] == [1, 0]


async def test_what_is_to_be_given_back_is_given_back(world: World) -> None:
    grant = await world.grant()
    ahead = world.clock.now() + BACK
    given = {"state": GrantState.REVOKING, "next_revocation_at": ahead, "lease_until": ahead, "lease_owner": uuid4()}
    await write(lambda: Grant.filter(id=grant.id).update(**given))

    assert await revoke_due(services=world.services) == 1
    assert (await Grant.get()).state is GrantState.GONE


async def test_a_use_is_noted(world: World) -> None:
    grant = await world.grant()
    await write(lambda: Grant.filter(id=grant.id).update(last_used_at=world.clock.now() + USE_NOTED_EVERY))

    await ask(world, grant)

    assert (await Grant.get()).last_used_at == world.clock.now()
