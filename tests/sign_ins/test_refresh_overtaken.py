"""A refresh that another process overtakes."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from app.providers.contract import Alive, Authorized, Failure, Fault
from app.sign_ins.calls import call
from app.sign_ins.events import GrantRecovered, GrantTroubled
from app.sign_ins.freshness import LEASE
from app.sign_ins.grants import note_trouble
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Grant, GrantState, RevocationOutcome, StatusReason
from app.sign_ins.refresh import Deadlines, refresh
from tests.sign_ins.refreshing import NINE_HOURS, TWELVE_HOURS, real, refresh_while, spend
from tests.sign_ins.world import World, write


async def test_the_answer_is_saved_although_the_lease_has_passed_to_another(rotating: World) -> None:
    """It holds the only valid tokens: the version decides, not the lease."""
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), services=rotating.services))
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
    calling = asyncio.create_task(call(grant.id, real(rotating), services=rotating.services))
    await rotating.reach(token_requests=2)
    await note_trouble(await Grant.get(), StatusReason.REFRESH_UNCERTAIN, "Cut off.", services=rotating.services)

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

    answer = await call(grant.id, refuse, services=rotating.services, deadlines=Deadlines(wait=0.2, look_every=0.02))

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.UNREACHABLE
    assert rotating.told == []


async def test_what_somebody_else_has_refreshed_is_used_when_ones_own_refresh_token_is_refused(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    stale = await Grant.get(id=grant.id)
    await refresh(stale, services=rotating.without_flights())

    answer = await refresh(stale, services=rotating.services)

    assert isinstance(answer, Grant)
    assert answer.version == 2
    assert rotating.token_requests == 2


async def test_who_has_read_it_before_another_refreshed_it_has_no_lease_of_it(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    later = rotating.clock.now() + NINE_HOURS

    answer = await refresh_while(rotating, grant, version=2, refresh_at=later)

    assert isinstance(answer, Grant)
    assert (answer.version, answer.lease_owner, answer.refresh_at) == (2, None, later)
    assert rotating.token_requests == 1


async def test_who_has_read_it_before_another_was_cut_off_asks_first_whether_its_token_works(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(NINE_HOURS)

    answer = await refresh_while(rotating, grant, lease_owner=uuid4(), lease_until=rotating.clock.now())

    assert isinstance(answer, Grant)
    assert answer.version == 2
    assert rotating.requests("auth.test") == 2  # at the sign-in, and the probe of the old token


async def test_who_has_read_it_before_it_was_to_be_given_back_has_no_lease_of_it(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)

    answer = await refresh_while(rotating, grant, state=GrantState.REVOKING)

    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert (await Grant.get()).lease_owner is None
    assert rotating.token_requests == 1


async def test_fresh_tokens_of_a_grant_that_is_gone_are_not_kept(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=0.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), services=rotating.services))
    await rotating.reach(token_requests=2)
    shredded: dict[str, Any] = {"sealed_access": None, "sealed_refresh": None}
    await write(lambda: Grant.filter(id=grant.id).update(state=GrantState.GONE, **shredded))

    answer = await calling

    gone = await Grant.get()
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert (gone.version, gone.sealed_access, gone.sealed_refresh, gone.expires_at) == (1, None, None, grant.expires_at)


async def test_who_was_overtaken_while_it_was_refused_uses_what_the_other_has(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.0)
    refreshing = asyncio.create_task(refresh(grant, services=rotating.services))
    await rotating.reach(token_requests=2)
    await asyncio.to_thread(spend, rotating)
    await write(lambda: Grant.filter(id=grant.id).update(version=2))

    answer = await refreshing

    assert isinstance(answer, Grant)
    assert answer.version == 2
    assert rotating.told == []


async def test_a_lease_that_is_anothers_by_now_is_not_released(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.0)
    refreshing = asyncio.create_task(refresh(grant, services=rotating.services, deadlines=Deadlines(exchange=0.5)))
    await rotating.reach(token_requests=2)
    another, until = uuid4(), rotating.clock.now() + 2 * LEASE
    await write(lambda: Grant.filter(id=grant.id).update(lease_owner=another, lease_until=until))

    answer = await refreshing

    present = await Grant.get()
    assert isinstance(answer, Failure)
    assert (present.lease_owner, present.lease_until) == (another, until)


async def test_deleted_during_its_refresh_the_fresh_tokens_are_what_is_given_back(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(TWELVE_HOURS)
    rotating.fault("oauth.v2.access", "slow", seconds=1.5)
    calling = asyncio.create_task(call(grant.id, real(rotating), services=rotating.services))
    await rotating.reach(token_requests=2)
    await rotating.retire(grant)
    await revoke_due(services=rotating.services)
    waits = await Grant.get()

    answer = await calling
    rotating.clock.advance(timedelta(seconds=5))
    await revoke_due(services=rotating.services)

    gone = await Grant.get()
    assert waits.state is GrantState.REVOKING
    assert isinstance(answer, Failure)
    assert answer.fault is Fault.DEAD_GRANT
    assert (gone.state, gone.revocation, gone.version) == (GrantState.GONE, RevocationOutcome.REVOKED, 2)
    assert (gone.sealed_access, gone.sealed_refresh) == (None, None)
    assert rotating.living() == []
    assert rotating.requests("auth.revoke") == 1
