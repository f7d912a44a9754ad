"""Refreshing a grant: when, once, and what a failing one leaves."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.providers.contract import Alive, Failure, Fault
from app.sign_ins.calls import call
from app.sign_ins.events import GrantTroubled
from app.sign_ins.freshness import LEASE
from app.sign_ins.jobs import refresh_due
from app.sign_ins.models import Grant, StatusReason
from app.sign_ins.refresh import COOL_DOWN, Deadlines, refresh
from app.storage.slots import Shares, Slots
from tests.holding import Holding, first_of
from tests.sign_ins.refreshing import NINE_HOURS, TWELVE_HOURS, cut_off, real, spend
from tests.sign_ins.world import World, write


async def test_it_is_due_when_a_quarter_of_the_lifetime_is_left(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS - timedelta(milliseconds=1))
    await call(grant.id, real(rotating), services=rotating.services)
    before = rotating.token_requests
    rotating.clock.advance(timedelta(milliseconds=1))

    await call(grant.id, real(rotating), services=rotating.services)

    fresh = await Grant.get()
    assert (before, rotating.token_requests) == (1, 2)
    assert (fresh.version, fresh.expires_at) == (2, rotating.clock.now() + TWELVE_HOURS)
    assert fresh.refresh_at == rotating.clock.now() + NINE_HOURS
    assert (fresh.lease_owner, fresh.lease_until) == (None, None)


async def test_in_the_background_it_is_refreshed_before_anybody_has_to_wait(rotating: World) -> None:
    await rotating.grant()
    rotating.clock.advance(NINE_HOURS)

    assert await refresh_due(services=rotating.services) == 1
    assert await refresh_due(services=rotating.services) == 0

    assert (await Grant.get()).version == 2


async def test_while_a_refresh_is_held_the_others_go_on(rotating: World) -> None:
    for workspace in ("Acme", "Globex"):
        await rotating.grant(workspace)
    rotating.clock.advance(NINE_HOURS)
    holding, one_ended = Holding(rotating.services, first_of("oauth.v2.access")), asyncio.Event()
    slots = Slots(Shares(in_all=2, of_origin=2, of_grant=1), ended=lambda _: one_ended.set())

    begun = await refresh_due(services=holding.services, slots=slots)
    await holding.asked.wait()
    async with asyncio.timeout(10):
        await one_ended.wait()
    versions = sorted(grant.version for grant in await Grant.all())
    again = await refresh_due(services=holding.services, slots=slots)
    holding.go_on.set()
    await slots.emptied()

    assert (begun, versions, again) == (2, [1, 2], 0)
    assert {grant.version for grant in await Grant.all()} == {2}


async def test_a_storm_of_callers_in_two_processes_exchanges_once(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=0.5)
    both = [rotating.services, rotating.without_flights()]

    answers = await asyncio.gather(*(call(grant.id, real(rotating), services=both[n % 2]) for n in range(50)))

    assert [type(answer) for answer in answers] == [Alive] * 50
    assert rotating.token_requests == 2
    assert (await Grant.get()).version == 2
    assert rotating.told == []


async def test_a_caller_that_is_cancelled_does_not_lose_the_refresh(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=0.4)

    asking = asyncio.create_task(call(grant.id, real(rotating), services=rotating.services))
    await rotating.reach(token_requests=2)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await rotating.services.single_flight.settle(seconds=5)

    assert (await Grant.get()).version == 2
    assert isinstance(await call(grant.id, real(rotating), services=rotating.services), Alive)
    assert rotating.token_requests == 2


async def test_while_the_old_token_is_good_a_failing_refresh_holds_nobody_up(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)
    rotating.fault("oauth.v2.access", "status", status=503, times=100)

    answers = [await call(grant.id, real(rotating), services=rotating.services) for _ in range(5)]

    assert [type(answer) for answer in answers] == [Alive] * 5
    assert rotating.token_requests == 2  # the sign-in's, and one that failed; then it cools down
    assert rotating.told == []


async def test_once_the_old_token_is_past_a_failing_refresh_is_tried_again_after_a_pause(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "status", status=503)

    failed = await call(grant.id, real(rotating), services=rotating.services)
    cooling = await call(grant.id, real(rotating), services=rotating.services)
    rotating.clock.advance(COOL_DOWN)
    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(failed, Failure)
    assert isinstance(cooling, Failure)
    assert (failed.fault, cooling.fault) == (Fault.BROKEN, Fault.UNREACHABLE)
    assert isinstance(answer, Alive)
    assert rotating.token_requests == 3
    assert rotating.told == []


async def test_a_refresh_token_that_is_refused_outright_is_a_revocation(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.fault(None, "revoke_token", workspace="Acme")
    rotating.clock.advance(NINE_HOURS)

    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REVOKED, answer.message)]
    assert (await Grant.get()).lease_owner is None


async def test_a_refused_client_is_written_down_and_the_tokens_stay(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "malformed", body='{"ok":false,"error":"bad_client_secret"}')

    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(answer, Failure)
    message = f"{answer.message} The operator of this server has to set Slack's client id and secret right."
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.CLIENT_REFUSED, message)]
    assert (await Grant.get()).version == 1


@pytest.mark.parametrize("odd", ['{"ok": tru', '{"ok":true}', "[" * 100_000, "<html>", ""])
async def test_an_odd_answer_changes_no_token(rotating: World, odd: str) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "malformed", body=odd)

    answer = await call(grant.id, real(rotating), services=rotating.services)

    fresh = await Grant.get()
    assert isinstance(answer, Failure)
    assert answer.fault.is_transient
    assert (fresh.version, fresh.sealed_access, fresh.sealed_refresh) == (1, grant.sealed_access, grant.sealed_refresh)
    assert rotating.told == []


async def test_a_provider_that_never_answers_is_not_waited_for(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=2.0)

    async with asyncio.timeout(1.5):
        answer = await refresh(await Grant.get(), services=rotating.services, deadlines=Deadlines(exchange=0.2))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert (await Grant.get(id=grant.id)).version == 1


async def test_an_exchange_in_another_process_is_not_waited_for_for_ever(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    until = rotating.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))

    answer = await call(grant.id, real(rotating), services=rotating.services, deadlines=Deadlines(wait=0.2, look_every=0.02))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert rotating.token_requests == 1


async def test_what_is_left_of_the_old_token_is_used_no_longer_than_it_lasts(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS - timedelta(minutes=30))
    await asyncio.to_thread(spend, rotating)
    await cut_off(rotating, grant)

    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(answer, Alive)
    assert (await Grant.get()).refresh_at == grant.expires_at
