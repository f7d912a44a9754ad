import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.providers.contract import Failure, Fault
from app.sign_ins.checks import AGAIN_AFTER, check, check_due
from app.sign_ins.events import GrantRecovered, GrantTroubled
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, StatusReason
from app.storage.slots import Shares, Slots
from tests.holding import Holding, first_of
from tests.sandbox.running import Sandbox
from tests.services import make_services
from tests.sign_ins.world import World, open_world, reactions_of, settings_for, write


async def test_each_grant_is_checked_once_a_day_at_a_time_of_its_own(world: World) -> None:
    for workspace in ("Acme", "Globex", "Initech"):
        await world.grant(workspace)
    before = world.requests("auth.test")
    times = set()
    for _ in range(24 * 60):
        world.clock.advance(timedelta(minutes=1))
        if await check_due(services=world.services):
            times.add(world.clock.now())

    assert world.requests("auth.test") == before + 3
    assert len(times) == 3
    assert world.told == []
    assert {grant.last_checked_at for grant in await Grant.all()} == times


async def test_a_grant_that_works_says_so(world: World) -> None:
    grant = await world.grant()
    world.clock.advance(timedelta(hours=1))

    assert await check(grant.id, services=world.services) is None

    checked = await Grant.get()
    assert (checked.last_checked_at, checked.last_used_at) == (world.clock.now(), None)


async def test_a_grant_that_is_dead_says_so(world: World) -> None:
    grant = await world.grant()
    world.fault(None, "uninstall_app", workspace="Acme", events=False)

    failure = await check(grant.id, services=world.services)

    assert failure is not None
    assert failure.fault is Fault.DEAD_GRANT
    assert world.told == [GrantTroubled(grant.id, StatusReason.REVOKED, failure.message)]


@pytest.mark.parametrize(
    ("fault", "more", "reason"),
    [
        ("status", {"status": 503}, StatusReason.PROVIDER_ERROR),
        ("malformed", {}, StatusReason.PROVIDER_ERROR),
        ("reset", {}, StatusReason.PROVIDER_UNREACHABLE),
    ],
)
async def test_what_passes_by_itself_is_looked_into_again_within_minutes(
    world: World, fault: str, more: dict[str, object], reason: StatusReason
) -> None:
    grant = await world.grant()
    checked_at = grant.last_checked_at
    world.fault("auth.test", fault, **more)
    world.clock.advance(timedelta(seconds=1))

    failure = await check(grant.id, services=world.services)
    meanwhile = await Grant.get()
    world.clock.advance(AGAIN_AFTER)
    await check_due(services=world.services)

    assert failure is not None
    assert (meanwhile.trouble, meanwhile.last_checked_at) == (reason, checked_at)
    assert world.told == [GrantTroubled(grant.id, reason, failure.message), GrantRecovered(grant.id)]
    assert (await Grant.get()).trouble is None


async def test_a_busy_provider_is_no_trouble(world: World) -> None:
    grant = await world.grant()
    world.fault("auth.test", "rate_limit", retry_after=60)

    failure = await check(grant.id, services=world.services)

    assert failure is not None
    assert failure.fault is Fault.BUSY
    assert world.told == []


async def test_a_scope_that_was_taken_away_is_missed(world: World) -> None:
    grant = await world.grant()
    world.fault(
        "auth.test",
        "malformed",
        body='{"ok":true,"team_id":"T0ACME001","team":"Acme","user_id":"U0ACMEB01"}',
        headers={"X-OAuth-Scopes": "chat:write,channels:read"},
    )

    failure = await check(grant.id, services=world.services)

    assert isinstance(failure, Failure)
    assert failure.message.startswith("The authorization lacks chat:write.public, groups:read: ")
    assert world.told == [GrantTroubled(grant.id, StatusReason.MISSING_SCOPES, failure.message)]


async def test_a_token_that_answers_for_another_workspace_is_dead(world: World) -> None:
    grant = await world.grant()
    world.fault("auth.test", "malformed", body='{"ok":true,"team_id":"T9","team":"Other","user_id":"U9"}')

    failure = await check(grant.id, services=world.services)

    assert failure is not None
    assert failure.fault is Fault.DEAD_GRANT
    assert (await Grant.get()).trouble is StatusReason.REVOKED


@pytest.mark.parametrize("trouble", [StatusReason.REVOKED, StatusReason.CLIENT_REFUSED, StatusReason.EXPIRED])
async def test_a_grant_that_works_again_recovers_from_any_trouble(world: World, trouble: StatusReason) -> None:
    grant = await world.grant()
    await note_trouble(grant, trouble, "Words.", services=world.services)

    assert await check(grant.id, services=world.services) is None

    assert world.told == [GrantTroubled(grant.id, trouble, "Words."), GrantRecovered(grant.id)]


async def test_a_grant_that_was_never_asked_about_keeps_its_reason(database: str, sandbox: Sandbox, tmp_path: Path) -> None:
    del database
    async with open_world(sandbox, folder=tmp_path) as world:
        grant = await world.grant()
        settings = settings_for(sandbox, folder=tmp_path, slack_client_id="another")
        async with make_services(
            folder=tmp_path, clock=sandbox.clock, settings=settings, reactions=reactions_of(world.told)
        ) as services:
            found = []
            for _ in range(3):
                await check(grant.id, services=services)
                world.clock.advance(timedelta(days=1))
                await check_due(services=services)
                found.append((await Grant.get()).trouble)

        assert found == [StatusReason.EXPIRED] * 3
        assert [told.reason for told in world.told if isinstance(told, GrantTroubled)] == [StatusReason.EXPIRED]
        assert world.requests("auth.test") == 1  # the sign-in's own


async def test_a_damaged_value_is_named_for_what_it_is_and_looked_at_again(world: World) -> None:
    grant = await world.grant()
    sealed = bytes(grant.sealed_access or b"")
    await write(lambda: Grant.filter(id=grant.id).update(sealed_access=sealed[:-1] + bytes([sealed[-1] ^ 1])))

    await check(grant.id, services=world.services)
    await write(lambda: Grant.filter(id=grant.id).update(sealed_access=sealed))
    world.clock.advance(AGAIN_AFTER)
    await check_due(services=world.services)

    reasons = [told.reason for told in world.told if isinstance(told, GrantTroubled)]
    assert reasons == [StatusReason.KEY_UNAVAILABLE]
    assert world.told[-1] == GrantRecovered(grant.id)


async def test_grants_that_died_together_do_not_have_each_other_checked_for_ever(world: World) -> None:
    first = await world.grant()
    await world.grant(member=await world.other_team())
    world.fault(None, "uninstall_app", workspace="Acme", events=False)

    await check(first.id, services=world.services)
    rounds = [await check_due(services=world.services) for _ in range(4)]

    assert rounds == [1, 0, 0, 0]
    assert {grant.trouble for grant in await Grant.all()} == {StatusReason.REVOKED}


async def test_while_a_check_is_held_the_others_go_on(world: World) -> None:
    for workspace in ("Acme", "Globex"):
        await world.grant(workspace)
    world.clock.advance(timedelta(days=1))
    holding, one_ended = Holding(world.services, first_of("auth.test")), asyncio.Event()
    slots = Slots(Shares(in_all=2, of_origin=2, of_grant=1), ended=lambda _: one_ended.set())

    begun = await check_due(services=holding.services, slots=slots)
    await holding.asked.wait()
    async with asyncio.timeout(10):
        await one_ended.wait()
    checked = await Grant.filter(last_checked_at=world.clock.now()).count()
    holding.go_on.set()
    await slots.emptied()

    assert (begun, checked) == (2, 1)
    assert await Grant.filter(last_checked_at=world.clock.now()).count() == 2


async def test_a_check_that_is_cut_off_is_due_again_at_once(world: World) -> None:
    grant = await world.grant()
    world.clock.advance(timedelta(days=1))
    world.fault("auth.test", "slow", seconds=2)
    before = world.requests("auth.test")

    checking = asyncio.create_task(check_due(services=world.services))
    async with asyncio.timeout(10):
        while await asyncio.to_thread(world.requests, "auth.test") == before:  # noqa: ASYNC110 - the sandbox rings no bell
            await asyncio.sleep(0.01)
    checking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await checking

    assert (await Grant.get(id=grant.id)).next_check_at == world.clock.now()
