import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, Grant, GrantState, RevocationOutcome, StatusReason
from tests.sandbox.running import Sandbox
from tests.services import make_services
from tests.sign_ins.world import World, open_world, settings_for, write


async def _states() -> list[tuple[GrantState, RevocationOutcome | None]]:
    return [(grant.state, grant.revocation) for grant in await Grant.all().order_by("created_at", "id")]


async def test_what_is_given_back_no_longer_works_and_is_shredded(world: World) -> None:
    grant = await world.grant()
    await world.retire(grant)

    assert await revoke_due(services=world.services) == 1
    assert await revoke_due(services=world.services) == 0

    gone = await Grant.get()
    assert (gone.state, gone.revocation) == (GrantState.GONE, RevocationOutcome.REVOKED)
    assert (gone.sealed_access, gone.sealed_refresh) == (None, None)
    assert world.living() == []


@pytest.mark.parametrize("where", ["same team", "another team"])
@pytest.mark.parametrize("stage", ["waiting", "at work"])
async def test_a_token_that_another_holds_too_is_kept_until_the_last_of_them_ends(world: World, where: str, stage: str) -> None:
    holder = world.admin if where == "same team" else await world.other_team()
    grant = await world.grant()
    row = await world.sign_in(member=holder)
    other = await Grant.get(id=row.grant_id)
    if stage == "at work":
        await world.use(row)

    await world.retire(grant)
    await revoke_due(services=world.services)
    still = len(world.living())
    await world.retire(other)
    await revoke_due(services=world.services)

    assert still == 1
    outcomes = {each.id: each.revocation for each in await Grant.all()}
    assert outcomes == {grant.id: RevocationOutcome.KEPT, other.id: RevocationOutcome.REVOKED}
    assert world.living() == []
    assert world.requests("auth.revoke") == 1


async def test_two_that_end_together_are_revoked_once_at_the_provider(world: World) -> None:
    first, second = await world.grant(), await world.grant(member=await world.other_team())
    await world.retire(first)
    await world.retire(second)

    await revoke_due(services=world.services)

    assert await _states() == [(GrantState.GONE, RevocationOutcome.REVOKED)] * 2
    assert world.living() == []


async def test_another_workspaces_token_is_not_touched(world: World) -> None:
    grant = await world.grant("Acme")
    await world.grant("Globex")

    await world.retire(grant)
    await revoke_due(services=world.services)

    assert (len(world.living("Acme")), len(world.living("Globex"))) == (0, 1)


async def test_a_grant_that_died_before_holds_nothing(world: World) -> None:
    dead, alive = await world.grant(), await world.grant()
    await write(lambda: Grant.filter(id=dead.id).update(trouble=StatusReason.REVOKED))

    await world.retire(alive)
    await revoke_due(services=world.services)

    assert (await Grant.get(id=alive.id)).revocation is RevocationOutcome.REVOKED
    assert world.living() == []


async def test_while_a_sign_in_is_being_exchanged_nothing_of_its_client_is_revoked(world: World) -> None:
    """It may turn out to be of the same workspace, and would be born dead."""
    grant = await world.grant()
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        world.fault("oauth.v2.access", "slow", seconds=1.5)
        finishing = asyncio.create_task(browser.http.get(callback))
        await world.reach(token_requests=2)
        await world.retire(grant)
        await revoke_due(services=world.services)
        held_back = (await Grant.get(id=grant.id)).state
        await finishing
    world.clock.advance(timedelta(seconds=5))
    await revoke_due(services=world.services)

    assert held_back is GrantState.REVOKING
    assert (await Grant.get(id=grant.id)).revocation is RevocationOutcome.KEPT
    assert (await Authorization.get(id=row.id)).connected_to == "Acme"
    assert len(world.living()) == 1


async def test_a_provider_that_is_away_is_asked_again_for_a_day_and_then_nobody_knows(world: World) -> None:
    grant = await world.grant()
    await world.retire(grant)
    world.fault("auth.revoke", "status", status=503, times=1000)
    asked = []
    for _ in range(60 * 26):
        if await revoke_due(services=world.services):
            asked.append(world.clock.now())
        world.clock.advance(timedelta(minutes=1))

    gone = await Grant.get()
    assert (gone.state, gone.revocation, gone.sealed_access) == (GrantState.GONE, RevocationOutcome.UNKNOWN, None)
    assert len(asked) == 10
    assert asked[-1] - asked[0] == timedelta(hours=24)


async def test_a_provider_that_comes_back_is_told(world: World) -> None:
    await world.retire(await world.grant())
    world.fault("auth.revoke", "reset")

    await revoke_due(services=world.services)
    still = len(world.living())
    world.clock.advance(timedelta(seconds=10))
    await revoke_due(services=world.services)

    assert still == 1
    assert await _states() == [(GrantState.GONE, RevocationOutcome.REVOKED)]


async def test_a_token_that_is_dead_already_counts_as_given_back(world: World) -> None:
    await world.retire(await world.grant())
    world.fault(None, "revoke_token", workspace="Acme")

    await revoke_due(services=world.services)

    assert await _states() == [(GrantState.GONE, RevocationOutcome.REVOKED)]


async def test_without_its_client_nothing_is_sent_and_after_a_day_the_values_are_shredded(
    database: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    del database
    async with open_world(sandbox, folder=tmp_path) as world:
        await world.retire(await world.grant())
    settings = settings_for(sandbox, folder=tmp_path, slack_client_id="another")
    async with make_services(folder=tmp_path, clock=sandbox.clock, settings=settings) as services:
        await revoke_due(services=services)
        kept = (await Grant.get()).sealed_access is not None
        sandbox.clock.advance(timedelta(days=1))
        await revoke_due(services=services)

    assert kept
    assert await _states() == [(GrantState.GONE, RevocationOutcome.UNKNOWN)]
    assert not any(seen["path"].endswith("auth.revoke") for seen in sandbox.state()["requests"])


async def test_two_processes_give_a_grant_back_once(world: World) -> None:
    await world.retire(await world.grant())

    await asyncio.gather(*(revoke_due(services=services) for services in (world.services, world.without_flights())))

    assert world.requests("auth.revoke") == 1


async def test_with_rotation_an_expired_token_is_refreshed_to_be_given_back(rotating: World) -> None:
    grant = await rotating.grant()
    rotating.clock.advance(timedelta(hours=13))
    await rotating.retire(grant)

    await revoke_due(services=rotating.services)

    assert await _states() == [(GrantState.GONE, RevocationOutcome.REVOKED)]
    assert rotating.living() == []
    assert rotating.token_requests == 2
