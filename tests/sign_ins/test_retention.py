from datetime import timedelta

import pytest

from app.log.retention import remove_old
from app.sign_ins.jobs import CUT_OFF_AFTER, expire_due, revoke_due
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant, GrantState
from app.sign_ins.retention import ENDED_SIGN_INS
from tests.sign_ins.world import World, rows, write

KEPT = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)


@pytest.mark.parametrize("status", [AuthorizationStatus.EXPIRED, AuthorizationStatus.FAILED])
async def test_a_sign_in_that_came_to_nothing_goes_thirty_days_after_it_ended(world: World, status: AuthorizationStatus) -> None:
    row = await world.begin()
    if status is AuthorizationStatus.FAILED:
        await write(lambda: Authorization.filter(id=row.id).update(consumed_at=world.clock.now()))
        world.clock.advance(CUT_OFF_AFTER)
    else:
        world.clock.advance(timedelta(minutes=10))
    await expire_due(services=world.services)
    assert (await Authorization.get(id=row.id)).status is status

    world.clock.advance(KEPT - MILLISECOND)
    before = await rows()
    early = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    kept = await rows()
    world.clock.advance(MILLISECOND)
    removed = [await remove_old([ENDED_SIGN_INS], events=world.services.events) for _ in range(2)]

    assert (early, kept) == (0, before)
    assert removed == [1, 0]
    assert await Authorization.all().count() == 0


async def test_one_that_is_not_over_is_ended_before_it_is_removed(world: World) -> None:
    await world.begin()
    await world.sign_in("Globex")
    world.clock.advance(timedelta(days=1000))

    before = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    await expire_due(services=world.services)
    await revoke_due(services=world.services)
    ended = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    world.clock.advance(KEPT)
    later = await remove_old([ENDED_SIGN_INS], events=world.services.events)

    assert (before, ended, later) == (0, 0, 2)
    assert await Authorization.all().count() == 0


async def test_one_whose_grant_is_in_use_stays_for_as_long_as_that_is(world: World) -> None:
    grant = await world.grant()
    world.clock.advance(timedelta(days=1000))

    in_use = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    await world.retire(grant)
    world.fault("auth.revoke", "status", status=503, times=100)
    await revoke_due(services=world.services)
    assert (await Grant.get()).state is GrantState.REVOKING
    world.clock.advance(KEPT)
    being_given_back = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    await revoke_due(services=world.services)
    assert (await Grant.get()).state is GrantState.GONE
    given_back = await remove_old([ENDED_SIGN_INS], events=world.services.events)

    assert (in_use, being_given_back, given_back) == (0, 0, 1)
    assert await Authorization.all().count() == 0


async def test_one_whose_grant_was_given_back_stays_for_thirty_days_more(world: World) -> None:
    grant = await world.grant()
    world.clock.advance(timedelta(days=1000))
    await world.retire(grant)
    await revoke_due(services=world.services)
    assert (await Grant.get()).state is GrantState.GONE

    world.clock.advance(KEPT - MILLISECOND)
    early = await remove_old([ENDED_SIGN_INS], events=world.services.events)
    world.clock.advance(MILLISECOND)

    assert (early, await remove_old([ENDED_SIGN_INS], events=world.services.events)) == (0, 1)


async def test_another_teams_sign_ins_are_removed_as_well_and_nobody_elses_rows(world: World) -> None:
    other = await world.other_team()
    await world.begin()
    await world.sign_in("Globex", member=other)
    await world.grant()
    world.clock.advance(timedelta(days=1))
    await expire_due(services=world.services)
    await revoke_due(services=world.services)
    world.clock.advance(KEPT)

    assert await remove_old([ENDED_SIGN_INS], events=world.services.events) == 2
    assert [row.status for row in await Authorization.all()] == [AuthorizationStatus.USED]
