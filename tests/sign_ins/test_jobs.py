from datetime import timedelta

import pytest

from app.sign_ins.jobs import CUT_OFF_AFTER, expire_due, refresh_due, revoke_due
from app.sign_ins.models import Authorization, AuthorizationFailureCode, AuthorizationStatus, Grant, GrantState, RevocationOutcome
from tests.sign_ins.world import World, log, rows, write


async def test_before_its_time_nothing_happens_to_anything(world: World) -> None:
    await world.begin()
    await world.sign_in()
    await world.grant("Globex")
    world.clock.advance(timedelta(minutes=9, seconds=59))
    before = await rows()

    done = (
        await expire_due(services=world.services)
        + await refresh_due(services=world.services)
        + await revoke_due(services=world.services)
    )

    assert done == 0
    assert await rows() == before


async def test_a_sign_in_that_was_not_finished_expires_and_its_sealed_values_are_shredded(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        await browser.depart(row)
    world.clock.advance(timedelta(minutes=10))

    assert await expire_due(services=world.services) == 1
    assert await expire_due(services=world.services) == 0

    ended = await Authorization.get(id=row.id)
    assert (ended.status, ended.ended_at) == (AuthorizationStatus.EXPIRED, world.clock.now())
    assert (ended.sealed_ticket, ended.sealed_verifier, ended.state_hash, ended.cookie_hash) == (None, None, None, None)
    assert await log(row.id) == []


async def test_a_sign_in_that_was_cut_off_in_its_exchange_fails_in_words(world: World) -> None:
    row = await world.begin()
    await write(lambda: Authorization.filter(id=row.id).update(consumed_at=world.clock.now()))
    world.clock.advance(CUT_OFF_AFTER - timedelta(milliseconds=1))
    assert await expire_due(services=world.services) == 0
    world.clock.advance(timedelta(milliseconds=1))

    assert await expire_due(services=world.services) == 1

    ended = await Authorization.get(id=row.id)
    assert (ended.status, ended.failure_code) == (AuthorizationStatus.FAILED, AuthorizationFailureCode.PROVIDER_UNREACHABLE)
    assert "stopped before the sign-in was finished" in (ended.failure_message or "")
    assert ended.sealed_verifier is None
    assert await log(row.id) == ["AUTHORIZATION_FAILED"]


async def test_a_sign_in_that_nobody_uses_is_given_back_within_the_hour_and_shredded(world: World) -> None:
    row = await world.sign_in()
    world.clock.advance(timedelta(hours=1))

    assert await expire_due(services=world.services) == 1
    assert await revoke_due(services=world.services) == 1

    ended, grant = await Authorization.get(id=row.id), await Grant.get()
    assert ended.status is AuthorizationStatus.EXPIRED
    assert (grant.state, grant.revocation, grant.sealed_access) == (GrantState.GONE, RevocationOutcome.REVOKED, None)
    assert world.living() == []
    assert await log(row.id) == ["AUTHORIZATION_COMPLETED", "AUTHORIZATION_REVOKED"]


@pytest.mark.parametrize("where", ["same team", "another team"])
async def test_an_unused_sign_in_ends_nobody_elses_token(world: World, where: str) -> None:
    holder = world.admin if where == "same team" else await world.other_team()
    await world.grant(member=holder)
    await world.sign_in()
    world.clock.advance(timedelta(hours=1))

    await expire_due(services=world.services)
    await revoke_due(services=world.services)

    assert [grant.revocation for grant in await Grant.filter(state=GrantState.GONE)] == [RevocationOutcome.KEPT]
    assert await Grant.filter(state=GrantState.ACTIVE).count() == 1
    assert len(world.living()) == 1
    assert world.requests("auth.revoke") == 0
