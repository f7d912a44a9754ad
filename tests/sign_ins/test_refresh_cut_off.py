"""A refresh that was cut off between the provider's answer and the save."""

import asyncio
from datetime import timedelta

from app.providers.contract import Alive, Failure, Fault
from app.sign_ins.calls import call
from app.sign_ins.checks import check as check_grant
from app.sign_ins.events import GrantTroubled
from app.sign_ins.models import Grant, StatusReason
from app.sign_ins.refresh import COOL_DOWN, refresh
from tests.sign_ins.refreshing import NINE_HOURS, TWELVE_HOURS, cut_off, real, spend
from tests.sign_ins.world import World


async def test_cut_off_before_the_provider_was_asked_it_is_simply_made_up_for(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)
    await cut_off(rotating, grant)

    answer = await call(grant.id, real(rotating), services=rotating.services)

    fresh = await Grant.get()
    assert isinstance(answer, Alive)
    assert (fresh.version, fresh.lease_owner) == (2, None)
    assert rotating.requests("auth.test") == 3  # at the sign-in, the probe of the old token, the call itself
    assert rotating.told == []


async def test_an_exchange_before_its_time_leaves_the_grant_due_should_it_be_cut_off(rotating: World) -> None:
    """The provider has called a token expired that had hours left: those must not be waited for."""
    grant = await rotating.grant()
    rotating.fault("oauth.v2.access", "slow", seconds=0.5)
    refreshing = asyncio.create_task(refresh(grant, services=rotating.services, forced=True))
    await rotating.reach(token_requests=2)

    left = await Grant.get()

    assert left.lease_owner is not None
    assert left.refresh_at == rotating.clock.now()
    await refreshing
    assert (await Grant.get()).refresh_at == rotating.clock.now() + NINE_HOURS


async def test_cut_off_after_the_provider_answered_the_old_token_is_used_while_it_lasts(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)
    spend(rotating)
    await cut_off(rotating, grant)

    answers = [await call(grant.id, real(rotating), services=rotating.services) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Alive] * 3
    assert (await Grant.get()).version == 1
    assert rotating.token_requests == 3  # the sign-in, the lost one, and one try
    assert rotating.told == []


async def test_cut_off_after_the_provider_answered_and_the_old_token_past_it_is_uncertain(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    spend(rotating)
    await cut_off(rotating, grant)

    answer = await call(grant.id, real(rotating), services=rotating.services)
    again = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert isinstance(again, Failure)
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REFRESH_UNCERTAIN, answer.message)]
    assert rotating.token_requests == 3


async def test_what_is_uncertain_stays_so_when_it_is_looked_at_again(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    spend(rotating)
    await cut_off(rotating, grant)
    await call(grant.id, real(rotating), services=rotating.services)

    for _ in range(2):
        rotating.clock.advance(timedelta(days=1))
        await check_grant(grant.id, services=rotating.services)

    assert (await Grant.get()).trouble is StatusReason.REFRESH_UNCERTAIN
    assert [told.reason for told in rotating.told if isinstance(told, GrantTroubled)] == [StatusReason.REFRESH_UNCERTAIN]


async def test_an_answer_that_broke_off_is_uncertain_too_and_not_called_a_revocation(rotating: World) -> None:
    """The provider has spent the refresh token, and its answer never came."""
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "reset", when="midway")

    first = await call(grant.id, real(rotating), services=rotating.services)
    rotating.clock.advance(COOL_DOWN)
    second = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(first, Failure)
    assert first.fault.is_transient
    assert isinstance(second, Failure)
    assert [told.reason for told in rotating.told if isinstance(told, GrantTroubled)] == [StatusReason.REFRESH_UNCERTAIN]


async def test_a_provider_that_is_away_leaves_the_uncertainty_for_later(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    await cut_off(rotating, grant)
    rotating.fault("auth.test", "status", status=503)

    first = await call(grant.id, real(rotating), services=rotating.services)
    asked = rotating.token_requests
    rotating.clock.advance(COOL_DOWN)
    second = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(first, Failure)
    assert asked == 1
    assert isinstance(second, Alive)
    assert rotating.told == []


async def test_a_limit_on_refreshing_leaves_a_token_that_is_still_good_at_work(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS - timedelta(minutes=1))
    rotating.fault("oauth.v2.access", "rate_limit", retry_after=40)

    answers = [await call(grant.id, real(rotating), services=rotating.services) for _ in range(2)]

    assert not any(isinstance(answer, Failure) for answer in answers)
    assert rotating.token_requests == 2  # at the sign-in, and the one that was put off


async def test_a_cut_is_still_to_be_settled_after_a_try_that_the_provider_was_too_busy_for(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    await asyncio.to_thread(spend, rotating)
    await cut_off(rotating, grant)
    rotating.fault("oauth.v2.access", "rate_limit", retry_after=40)

    busy = await call(grant.id, real(rotating), services=rotating.services)
    rotating.clock.advance(timedelta(seconds=39))
    early = await call(grant.id, real(rotating), services=rotating.services)
    asked = rotating.token_requests
    rotating.clock.advance(timedelta(seconds=1))
    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert [each.fault for each in (busy, early) if isinstance(each, Failure)] == [Fault.BUSY, Fault.BUSY]
    assert asked == 3  # at the sign-in, the one whose answer was lost, and the one that was put off
    assert isinstance(answer, Failure)
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REFRESH_UNCERTAIN, answer.message)]
