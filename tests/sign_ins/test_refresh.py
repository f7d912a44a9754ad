import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from app.providers.contract import Alive, Authorized, Failure, Fault
from app.providers.slack import check
from app.sign_ins.calls import call
from app.sign_ins.events import GrantRecovered, GrantTroubled
from app.sign_ins.flights import flights_of
from app.sign_ins.grants import note_trouble
from app.sign_ins.jobs import refresh_due, revoke_due
from app.sign_ins.models import Grant, GrantState, RevocationOutcome, StatusReason
from app.sign_ins.refresh import COOL_DOWN, LEASE, Deadlines, refresh
from tests.sign_ins.world import World, write

NINE_HOURS = timedelta(hours=9)
TWELVE_HOURS = timedelta(hours=12)


def real(world: World) -> Callable[[Authorized], Awaitable[Alive | Failure]]:
    async def ask(authorized: Authorized) -> Alive | Failure:
        return await check(authorized=authorized, outbound=world.ground.outbound)

    return ask


async def cut_off(world: World, grant: Grant) -> None:
    """Leave the grant as a process does that is killed while it owns the lease, and let the lease run out."""
    until = world.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))
    world.clock.advance(LEASE)


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


async def test_it_is_due_when_a_quarter_of_the_lifetime_is_left(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS - timedelta(milliseconds=1))
    await call(grant.id, real(rotating), ground=rotating.ground)
    before = rotating.token_requests
    rotating.clock.advance(timedelta(milliseconds=1))

    await call(grant.id, real(rotating), ground=rotating.ground)

    fresh = await Grant.get()
    assert (before, rotating.token_requests) == (1, 2)
    assert (fresh.version, fresh.expires_at) == (2, rotating.clock.now() + TWELVE_HOURS)
    assert fresh.refresh_at == rotating.clock.now() + NINE_HOURS
    assert (fresh.lease_owner, fresh.lease_until) == (None, None)


async def test_in_the_background_it_is_refreshed_before_anybody_has_to_wait(rotating: World) -> None:
    await rotating.grant()
    rotating.clock.advance(NINE_HOURS)

    assert await refresh_due(ground=rotating.ground) == 1
    assert await refresh_due(ground=rotating.ground) == 0

    assert (await Grant.get()).version == 2


async def test_a_storm_of_callers_in_two_processes_exchanges_once(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=0.5)
    grounds = [rotating.ground, rotating.without_flights()]

    answers = await asyncio.gather(*(call(grant.id, real(rotating), ground=grounds[n % 2]) for n in range(50)))

    assert [type(answer) for answer in answers] == [Alive] * 50
    assert rotating.token_requests == 2
    assert (await Grant.get()).version == 2
    assert rotating.told == []


async def test_a_caller_that_is_cancelled_does_not_lose_the_refresh(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=0.4)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await call(grant.id, real(rotating), ground=rotating.ground)
    await flights_of(rotating.ground).settle(seconds=5)

    assert (await Grant.get()).version == 2
    assert isinstance(await call(grant.id, real(rotating), ground=rotating.ground), Alive)
    assert rotating.token_requests == 2


async def test_while_the_old_token_is_good_a_failing_refresh_holds_nobody_up(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)
    rotating.fault("oauth.v2.access", "status", status=503, times=100)

    answers = [await call(grant.id, real(rotating), ground=rotating.ground) for _ in range(5)]

    assert [type(answer) for answer in answers] == [Alive] * 5
    assert rotating.token_requests == 2  # the sign-in's, and one that failed; then it cools down
    assert rotating.told == []


async def test_once_the_old_token_is_past_a_failing_refresh_is_tried_again_after_a_pause(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "status", status=503)

    failed = await call(grant.id, real(rotating), ground=rotating.ground)
    cooling = await call(grant.id, real(rotating), ground=rotating.ground)
    rotating.clock.advance(COOL_DOWN)
    answer = await call(grant.id, real(rotating), ground=rotating.ground)

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

    answer = await call(grant.id, real(rotating), ground=rotating.ground)

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REVOKED, answer.words)]
    assert (await Grant.get()).lease_owner is None


async def test_a_refused_client_is_written_down_and_the_tokens_stay(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "malformed", body='{"ok":false,"error":"bad_client_secret"}')

    answer = await call(grant.id, real(rotating), ground=rotating.ground)

    assert isinstance(answer, Failure)
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.CLIENT_REFUSED, answer.words)]
    assert (await Grant.get()).version == 1


@pytest.mark.parametrize("odd", ['{"ok": tru', '{"ok":true}', "[" * 100_000, "<html>", ""])
async def test_an_odd_answer_changes_no_token(rotating: World, odd: str) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "malformed", body=odd)

    answer = await call(grant.id, real(rotating), ground=rotating.ground)

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
        answer = await refresh(await Grant.get(), ground=rotating.ground, deadlines=Deadlines(exchange=0.2))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert (await Grant.get(id=grant.id)).version == 1


async def test_an_exchange_in_another_process_is_not_waited_for_for_ever(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    until = rotating.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))

    answer = await call(grant.id, real(rotating), ground=rotating.ground, deadlines=Deadlines(wait=0.2, look_every=0.02))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert rotating.token_requests == 1


async def test_cut_off_before_the_provider_was_asked_it_is_simply_made_up_for(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)
    await cut_off(rotating, grant)

    answer = await call(grant.id, real(rotating), ground=rotating.ground)

    fresh = await Grant.get()
    assert isinstance(answer, Alive)
    assert (fresh.version, fresh.lease_owner) == (2, None)
    assert rotating.requests("auth.test") == 3  # at the sign-in, the probe of the old token, the call itself
    assert rotating.told == []


async def test_an_exchange_before_its_time_leaves_the_grant_due_should_it_be_cut_off(rotating: World) -> None:
    """The provider has called a token expired that had hours left: those must not be waited for."""
    grant = await rotating.grant()
    rotating.fault("oauth.v2.access", "slow", seconds=0.5)
    refreshing = asyncio.create_task(refresh(grant, ground=rotating.ground, forced=True))
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

    answers = [await call(grant.id, real(rotating), ground=rotating.ground) for _ in range(3)]

    assert [type(answer) for answer in answers] == [Alive] * 3
    assert (await Grant.get()).version == 1
    assert rotating.token_requests == 3  # the sign-in, the lost one, and one try
    assert rotating.told == []


async def test_cut_off_after_the_provider_answered_and_the_old_token_past_it_is_uncertain(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    spend(rotating)
    await cut_off(rotating, grant)

    answer = await call(grant.id, real(rotating), ground=rotating.ground)
    again = await call(grant.id, real(rotating), ground=rotating.ground)

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert isinstance(again, Failure)
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REFRESH_UNCERTAIN, answer.words)]
    assert rotating.token_requests == 3


async def test_an_answer_that_broke_off_is_uncertain_too_and_not_called_a_revocation(rotating: World) -> None:
    """The provider has spent the refresh token, and its answer never came."""
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "reset", when="midway")

    first = await call(grant.id, real(rotating), ground=rotating.ground)
    rotating.clock.advance(COOL_DOWN)
    second = await call(grant.id, real(rotating), ground=rotating.ground)

    assert isinstance(first, Failure)
    assert first.fault.is_transient
    assert isinstance(second, Failure)
    assert [told.reason for told in rotating.told if isinstance(told, GrantTroubled)] == [StatusReason.REFRESH_UNCERTAIN]


async def test_a_provider_that_is_away_leaves_the_uncertainty_for_later(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    await cut_off(rotating, grant)
    rotating.fault("auth.test", "status", status=503)

    first = await call(grant.id, real(rotating), ground=rotating.ground)
    asked = rotating.token_requests
    rotating.clock.advance(COOL_DOWN)
    second = await call(grant.id, real(rotating), ground=rotating.ground)

    assert isinstance(first, Failure)
    assert asked == 1
    assert isinstance(second, Alive)
    assert rotating.told == []


async def test_the_answer_is_saved_although_the_lease_has_passed_to_another(rotating: World) -> None:
    """It holds the only valid tokens: the version decides, not the lease."""
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), ground=rotating.ground))
    await rotating.reach(token_requests=2)
    until = rotating.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))

    answer = await calling

    assert isinstance(answer, Alive)
    assert (await Grant.get()).version == 2


async def test_what_was_said_of_the_tokens_before_is_taken_back_when_fresh_ones_come(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), ground=rotating.ground))
    await rotating.reach(token_requests=2)
    await note_trouble(await Grant.get(), StatusReason.REFRESH_UNCERTAIN, "Cut off.", ground=rotating.ground)

    answer = await calling

    assert isinstance(answer, Alive)
    assert ((await Grant.get()).version, (await Grant.get()).trouble) == (2, None)
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.REFRESH_UNCERTAIN, "Cut off."), GrantRecovered(grant.id)]


async def test_a_token_that_dies_while_another_process_renews_it_is_not_called_revoked(rotating: World) -> None:
    grant = await rotating.grant()
    until = rotating.clock.now() + LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=uuid4(), lease_until=until))

    async def refuse(_: Authorized) -> Alive | Failure:
        return Failure(Fault.DEAD_GRANT, "The token was revoked.")

    answer = await call(grant.id, refuse, ground=rotating.ground, deadlines=Deadlines(wait=0.2, look_every=0.02))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert rotating.told == []


async def test_what_somebody_else_has_refreshed_is_used_when_ones_own_refresh_token_is_refused(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    stale = await Grant.get(id=grant.id)
    await refresh(stale, ground=rotating.without_flights())

    answer = await refresh(stale, ground=rotating.ground)

    assert isinstance(answer, Grant)
    assert answer.version == 2
    assert rotating.token_requests == 2


async def test_deleted_during_its_refresh_the_fresh_tokens_are_what_is_given_back(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), ground=rotating.ground))
    await rotating.reach(token_requests=2)
    await rotating.retire(grant)
    await revoke_due(ground=rotating.ground)
    waits = await Grant.get()

    answer = await calling
    rotating.clock.advance(timedelta(seconds=5))
    await revoke_due(ground=rotating.ground)

    gone = await Grant.get()
    assert waits.state is GrantState.REVOKING
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert (gone.state, gone.revocation, gone.version) == (GrantState.GONE, RevocationOutcome.REVOKED, 2)
    assert (gone.sealed_access, gone.sealed_refresh) == (None, None)
    assert rotating.living() == []
    assert rotating.requests("auth.revoke") == 1
