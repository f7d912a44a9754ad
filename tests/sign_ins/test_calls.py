from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.providers.contract import Alive, Authorized, Failure, Fault, Identity
from app.providers.slack.provider import check
from app.sign_ins.calls import call, hasten_checks
from app.sign_ins.events import GrantTroubled
from app.sign_ins.models import Grant, StatusReason
from tests.sandbox.running import Sandbox
from tests.services import make_services
from tests.sign_ins.world import World, open_world, reactions_of, settings_for, write

ACME = Alive(Identity("T0ACME001", "Acme"))


class Asking:
    """Answers as told, one after the other; remembers what it was handed."""

    def __init__(self, *answers: Alive | Failure) -> None:
        self._answers = list(answers)
        self.handed: list[Authorized] = []

    async def __call__(self, authorized: Authorized) -> Alive | Failure:
        self.handed.append(authorized)
        return self._answers.pop(0)


def real(world: World) -> Callable[[Authorized], Awaitable[Alive | Failure]]:
    async def ask(authorized: Authorized) -> Alive | Failure:
        return await check(authorized=authorized, outbound=world.services.outbound)

    return ask


async def test_a_call_has_the_token_and_where_it_may_go(world: World) -> None:
    grant = await world.grant()
    asking = Asking(ACME)

    answer = await call(grant.id, asking, services=world.services)

    [authorized] = asking.handed
    assert answer is ACME
    assert authorized.access.reveal() == world.living()[0]["access_tokens"][0]["token"]
    assert (authorized.origin, authorized.base_url) == (world.sandbox.url, f"{world.sandbox.url}/slack")


async def test_the_last_use_is_written_every_five_minutes_at_most(world: World) -> None:
    grant = await world.grant()
    first = world.clock.now()
    for _ in range(10):
        await call(grant.id, Asking(ACME), services=world.services)
        world.clock.advance(timedelta(seconds=29))
    before = (await Grant.get()).last_used_at
    world.clock.advance(timedelta(seconds=10))
    await call(grant.id, Asking(ACME), services=world.services)

    assert before == first
    assert (await Grant.get()).last_used_at == world.clock.now()


async def test_a_dead_grant_is_written_down_and_nothing_is_sent_for_it_again(world: World) -> None:
    grant = await world.grant()
    world.fault(None, "revoke_token", workspace="Acme")

    first = await call(grant.id, real(world), services=world.services)
    asked = world.requests("auth.test")
    second = await call(grant.id, real(world), services=world.services)

    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert (first.fault, second.fault) == (Fault.DEAD_GRANT, Fault.DEAD_GRANT)
    assert world.told == [GrantTroubled(grant.id, StatusReason.REVOKED, first.message)]
    assert world.requests("auth.test") == asked


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.MISSING_SCOPES, StatusReason.MISSING_SCOPES),
        (Fault.CLIENT_REFUSED, StatusReason.CLIENT_REFUSED),
        (Fault.EXPIRED, StatusReason.EXPIRED),
    ],
)
async def test_what_needs_somebody_is_written_down(world: World, fault: Fault, reason: StatusReason) -> None:
    grant = await world.grant()

    answer = await call(grant.id, Asking(Failure(fault, "Words.")), services=world.services)

    assert answer == Failure(fault, "Words.")
    turn = " The operator of this server has to set Slack's client id and secret right."
    assert world.told == [GrantTroubled(grant.id, reason, "Words." + turn * (fault is Fault.CLIENT_REFUSED))]


@pytest.mark.parametrize(
    "fault", [Fault.UNREACHABLE, Fault.BROKEN, Fault.NOT_ALLOWED, Fault.TARGET_GONE, Fault.REFUSED, Fault.BUSY]
)
async def test_what_passes_or_is_the_targets_own_stops_nothing(world: World, fault: Fault) -> None:
    grant = await world.grant()

    answer = await call(grant.id, Asking(Failure(fault, "Words.")), services=world.services)

    assert answer == Failure(fault, "Words.")
    assert world.told == []
    assert (await Grant.get()).trouble is None


async def test_a_call_that_works_ends_a_trouble_that_passes_by_itself(world: World) -> None:
    grant = await world.grant()
    await write(lambda: Grant.filter(id=grant.id).update(trouble=StatusReason.PROVIDER_UNREACHABLE, trouble_message="Away."))

    await call(grant.id, Asking(ACME), services=world.services)

    assert [type(told).__name__ for told in world.told] == ["GrantRecovered"]
    assert (await Grant.get()).trouble is None


async def test_a_provider_that_asks_for_patience_is_left_alone_for_so_long(world: World) -> None:
    grant = await world.grant()
    await call(grant.id, Asking(Failure(Fault.BUSY, "Slow down.", retry_after=30)), services=world.services)
    unasked = Asking()
    world.clock.advance(timedelta(seconds=20))

    held = await call(grant.id, unasked, services=world.services)
    world.clock.advance(timedelta(seconds=10))
    answer = await call(grant.id, Asking(ACME), services=world.services)

    assert isinstance(held, Failure)
    assert (held.fault, held.retry_after) == (Fault.BUSY, 10)
    assert unasked.handed == []
    assert answer is ACME


async def test_an_unknown_or_ended_grant_is_dead_and_nothing_is_sent(world: World) -> None:
    grant = await world.grant()
    await world.retire(grant)
    unasked = Asking()

    answers = [await call(key, unasked, services=world.services) for key in (grant.id, uuid4())]

    assert [answer.fault for answer in answers if isinstance(answer, Failure)] == [Fault.DEAD_GRANT] * 2
    assert unasked.handed == []


@pytest.mark.parametrize("changed", ["slack_client_id", "slack_url"])
async def test_with_another_client_or_address_nothing_is_opened_or_sent(
    database: str, sandbox: Sandbox, tmp_path: Path, changed: str
) -> None:
    del database
    unasked = Asking()
    async with open_world(sandbox, folder=tmp_path) as world:
        grant = await world.grant()
        settings = settings_for(sandbox, folder=tmp_path, **{changed: "https://slack.example"})
        async with make_services(
            folder=tmp_path, clock=sandbox.clock, settings=settings, reactions=reactions_of(world.told)
        ) as services:
            answer = await call(grant.id, unasked, services=services)

        assert isinstance(answer, Failure)
        assert answer.fault is Fault.DEAD_GRANT
        assert unasked.handed == []
        assert world.told == [GrantTroubled(grant.id, StatusReason.EXPIRED, answer.message)]


async def test_while_the_settings_are_missing_nothing_is_sent_and_nothing_stops(
    database: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    del database
    unasked = Asking()
    async with open_world(sandbox, folder=tmp_path) as world:
        grant = await world.grant()
        settings = settings_for(sandbox, folder=tmp_path, slack_client_id=None)
        async with make_services(folder=tmp_path, clock=sandbox.clock, settings=settings) as services:
            answer = await call(grant.id, unasked, services=services)

    assert isinstance(answer, Failure)
    assert answer.fault.is_transient
    assert "INSTALLED_APPS_SLACK_CLIENT_ID" in answer.message
    assert unasked.handed == []
    assert (await Grant.get()).trouble is None


async def test_without_the_key_the_grant_is_unavailable_and_comes_back_with_it(
    database: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    del database
    async with open_world(sandbox, folder=tmp_path) as world:
        grant = await world.grant()
        sealed = bytes(grant.sealed_access or b"")
        # A value sealed under a data key that is not there any more opens no better than one whose key is not.
        await write(lambda: Grant.filter(id=grant.id).update(sealed_access=sealed[:2] + bytes(16) + sealed[18:]))
        lost = await call(grant.id, Asking(), services=world.services)
        await write(lambda: Grant.filter(id=grant.id).update(sealed_access=sealed))
        found = await call(grant.id, Asking(ACME), services=world.services)

        assert isinstance(lost, Failure)
        assert lost.fault.is_transient
        assert [type(told).__name__ for told in world.told] == ["GrantTroubled", "GrantRecovered"]
        assert isinstance(world.told[0], GrantTroubled)
        assert world.told[0].reason is StatusReason.KEY_UNAVAILABLE
        assert found is ACME


async def test_a_value_moved_from_another_grant_does_not_open(world: World) -> None:
    grant, other = await world.grant("Acme"), await world.grant("Globex")
    await write(lambda: Grant.filter(id=grant.id).update(sealed_access=other.sealed_access))

    answer = await call(grant.id, Asking(), services=world.services)

    assert isinstance(answer, Failure)
    assert (await Grant.get(id=grant.id)).trouble is StatusReason.KEY_UNAVAILABLE


async def test_a_grant_that_died_has_those_with_the_same_token_checked_at_once(world: World) -> None:
    mine, theirs = await world.grant(), await world.grant(member=await world.other_team())
    another = await world.grant("Globex")

    await call(mine.id, Asking(Failure(Fault.DEAD_GRANT, "Revoked.")), services=world.services)

    due = {grant.id: grant.next_check_at == world.clock.now() for grant in await Grant.all()}
    assert due == {mine.id: False, theirs.id: True, another.id: False}


async def test_a_hint_of_another_server_has_nobody_checked(world: World) -> None:
    grant, services = await world.grant(), world.services

    elsewhere = await hasten_checks(origin="https://slack.example", account_id=grant.account_id, services=services)
    another = await hasten_checks(origin=grant.origin, account_id="T0ANOTHER", services=services)
    untouched = await Grant.get()
    there = await hasten_checks(origin=grant.origin, account_id=grant.account_id, services=services)

    assert (elsewhere, another, there) == (0, 0, 1)
    assert untouched.next_check_at == grant.next_check_at
    assert (await Grant.get()).next_check_at == world.clock.now()


async def test_an_expired_token_is_refreshed_and_the_call_is_made_again(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.fault(None, "expire_tokens")

    answer = await call(grant.id, real(rotating), services=rotating.services)

    assert isinstance(answer, Alive)
    assert (await Grant.get()).version == 2
    assert rotating.token_requests == 2
    assert rotating.told == []


async def test_a_token_that_was_replaced_meanwhile_is_used_without_refreshing(rotating: World) -> None:
    grant = await rotating.grant()

    async def ask(authorized: Authorized) -> Alive | Failure:
        if (await Grant.get()).version == 1:
            rotating.fault(None, "expire_tokens")
            await call(grant.id, real(rotating), services=rotating.without_flights())
            return Failure(Fault.DEAD_GRANT, "The old one is gone.")
        return await real(rotating)(authorized)

    answer = await call(grant.id, ask, services=rotating.services)

    assert isinstance(answer, Alive)
    assert rotating.token_requests == 2
    assert rotating.told == []


async def test_a_token_that_expires_again_as_soon_as_it_is_renewed_is_renewed_once_more(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.fault(None, "expire_tokens")

    async def ask(authorized: Authorized) -> Alive | Failure:
        if (await Grant.get()).version == 2:
            rotating.fault(None, "expire_tokens")
        return await real(rotating)(authorized)

    answer = await call(grant.id, ask, services=rotating.services)

    assert isinstance(answer, Alive)
    assert (await Grant.get()).version == 3
    assert rotating.told == []


async def test_a_provider_that_calls_every_token_expired_is_asked_three_times_and_no_more(rotating: World) -> None:
    grant = await rotating.grant()
    asking = Asking(*[Failure(Fault.EXPIRED, "Expired.")] * 4)

    answer = await call(grant.id, asking, services=rotating.services)

    assert answer == Failure(Fault.EXPIRED, "Expired.")
    assert len(asking.handed) == 3
    assert len({authorized.access.reveal() for authorized in asking.handed}) == 3
    assert rotating.told == [GrantTroubled(grant.id, StatusReason.EXPIRED, "Expired.")]
