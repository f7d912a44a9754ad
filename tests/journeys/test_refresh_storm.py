"""Whoever asks, in however many processes, and whichever of them is killed or halted: tokens that work once are not lost.

The provider is the service's GitLab over real HTTP, with a server of the tests' behind it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.sign_ins.models import Grant, StatusReason
from tests.databases import POSTGRES_URL
from tests.journeys import halting
from tests.journeys.halting import Scene, Step
from tests.journeys.refreshing import Refresher, refreshers
from tests.journeys.renewal import DUE, EXPIRED, NOT_DUE, World, open_world
from tests.journeys.single_use import Moment
from tests.journeys.soaking import fresh_random, full, say

pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not POSTGRES_URL, reason="one process on SQLite is covered by tests/sign_ins"),
]

PROCESSES = 4
CALLERS = full(50, ci=10)
GRANTS = full(200, ci=24)
SLOWEST = full(140, ci=15) / 10
KILLS = full(10, ci=1)
"""How often at each step, with a grant that is due and again with one that has expired."""
HALTS = full(10, ci=1)

WAITS_IN_VAIN = 0.5
"""How many seconds a caller waits for another's exchange where it is known not to end before that."""

in_either_age = pytest.mark.parametrize("ago", [DUE, EXPIRED], ids=["due", "expired"])


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, database_url=database) as opened:
        yield opened


async def test_a_storm_of_callers_in_four_processes_exchanges_each_refresh_token_once(world: World) -> None:
    random = fresh_random()
    grants = [await world.grant(ago=EXPIRED) for _ in range(GRANTS)]
    spent = [world.provider.pair_of(int(grant.account_id)).refresh for grant in grants]
    world.provider.delay = lambda: random.uniform(0, SLOWEST)

    async with refreshers(world.start, PROCESSES) as processes:
        ids = [grant.id for grant in grants]
        storms = (each.storm(ids, callers=CALLERS, seed=random.randrange(10**6)) for each in processes)
        told = [answer for answers in await asyncio.gather(*storms) for answer in answers]

    waits = sorted(answer.seconds for answer in told)
    say(
        f"storm: {PROCESSES} processes, {CALLERS} callers each, {GRANTS} grants: {len(told)} calls, "
        f"{len(world.provider.exchanges)} exchanges; waited {waits[len(waits) // 2]:.2f} s in the middle, "
        f"{waits[len(waits) * 99 // 100]:.2f} s at the 99th percentile, {waits[-1]:.2f} s at most"
    )
    assert Counter(answer.message for answer in told) == {None: PROCESSES * CALLERS * GRANTS}
    assert sorted(exchange.refresh_token for exchange in world.provider.exchanges) == sorted(spent)
    assert all(exchange.is_granted for exchange in world.provider.exchanges)
    assert [grant.account_id for grant in grants if not await world.holds_valid_tokens(grant)] == []


async def test_while_an_exchange_ends_the_old_token_nobody_takes_that_for_a_revocation(world: World) -> None:
    grant = await world.grant(ago=NOT_DUE)
    account = int(grant.account_id)
    questions = [world.provider.hold(Moment.ASKED, account) for _ in range(2)]
    exchange = world.provider.hold(Moment.SPENT, account)
    async with refreshers(world.start, 3) as [holder, patient, impatient]:
        patient.begin(grant.id)
        impatient.begin(grant.id, wait=WAITS_IN_VAIN)
        for question in questions:
            await question.until_reached()
        world.start.clock.advance(DUE - NOT_DUE)
        holder.begin(grant.id)
        await exchange.until_reached()
        for question in questions:
            question.let_go()

        gave_up = await impatient.answer()
        meanwhile = await Grant.get(id=grant.id)
        exchange.let_go()
        answers = [await holder.answer(), await patient.answer(), await impatient.ask(grant.id)]

    assert gave_up.message == "The authorization is being renewed by another process, which takes long."
    assert meanwhile.trouble is None
    assert [answer.message for answer in answers] == [None] * 3
    assert len(world.provider.exchanges) == 1
    assert (await Grant.get(id=grant.id)).trouble is None


@in_either_age
@pytest.mark.parametrize(
    ("step", "arrivals_before", "arrivals", "is_lost"),
    [
        pytest.param(halting.taking_the_lease, 0, 1, False, id="taking the lease"),
        pytest.param(halting.before_sending, 0, 1, False, id="before sending"),
        pytest.param(halting.sent_and_never_looked_at, 1, 2, False, id="sent and never looked at"),
        pytest.param(halting.sent_and_spent_later, 1, 2, True, id="sent and spent later"),
        pytest.param(halting.spent, 1, 2, True, id="spent"),
        pytest.param(halting.half_answered, 1, 2, True, id="half answered"),
        pytest.param(halting.before_sealing, 1, 2, True, id="before sealing"),
        pytest.param(halting.saving, 1, 2, True, id="saving"),
        pytest.param(halting.after_saving, 1, 1, False, id="after saving"),
        pytest.param(halting.looking_into_an_earlier_cut, 0, 1, False, id="looking into an earlier cut"),
        pytest.param(halting.trying_again_after_an_earlier_cut, 1, 2, True, id="trying again after an earlier cut"),
    ],
)
async def test_a_holder_killed_at_any_step_costs_one_more_exchange_at_most_and_never_leaves_a_lie(
    world: World, step: Step, *, arrivals_before: int, arrivals: int, is_lost: bool, ago: timedelta
) -> None:
    """`is_lost`: the only valid tokens were on their way, and no design brings them back; then the grant says so."""
    async with refreshers(world.start, 1) as [successor]:
        for _ in range(KILLS):
            grant = await world.grant(ago=ago)
            token = world.provider.pair_of(int(grant.account_id)).refresh
            await kill_at(step, world, grant)

            assert world.provider.arrivals(token) == arrivals_before
            if await world.is_leased(grant):
                await successor.ask(grant.id, wait=WAITS_IN_VAIN)
                assert world.provider.arrivals(token) == arrivals_before
                assert (await Grant.get(id=grant.id)).trouble is None
                world.pass_lease()
            told = await successor.ask(grant.id)
            again = await successor.ask(grant.id)

            row = await Grant.get(id=grant.id)
            assert world.provider.arrivals(token) == arrivals
            assert (told.is_alive, again.is_alive) == (not is_lost, not is_lost)
            assert row.trouble is (StatusReason.REFRESH_UNCERTAIN if is_lost else None)
            assert await world.holds_valid_tokens(grant) is not is_lost
            assert row.lease_owner is None


async def kill_at(step: Step, world: World, grant: Grant) -> None:
    async with refreshers(world.start, 1) as [holder]:
        assert (await holder.ask(world.warm.id)).is_alive
        release = await step(Scene(world, grant, holder))
        holder.kill()
        await release()


@in_either_age
@pytest.mark.parametrize("step", [halting.before_sending, halting.spent, halting.half_answered, halting.before_sealing])
async def test_a_holder_halted_past_its_lease_goes_on_and_the_valid_tokens_are_kept(
    world: World, step: Step, ago: timedelta
) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS):
            grant = await world.grant(ago=ago)
            release = await step(Scene(world, grant, holder))
            holder.stop()
            await release()
            world.pass_lease()
            await other.ask(grant.id)

            holder.go_on()
            told = await holder.answer()

            await assert_works(world, grant, other, was_alive=told.is_alive)


@in_either_age
async def test_a_holder_whose_exchange_comes_after_the_others_uses_theirs(world: World, ago: timedelta) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS):
            grant = await world.grant(ago=ago)
            hold = await Scene(world, grant, holder).begin_to(Moment.ARRIVED)
            holder.stop()
            world.pass_lease()
            assert (await other.ask(grant.id)).is_alive
            hold.let_go()

            holder.go_on()
            told = await holder.answer()

            await assert_works(world, grant, other, was_alive=told.is_alive)


@in_either_age
async def test_a_holder_halted_within_its_save_commits_and_the_other_uses_that(world: World, ago: timedelta) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS):
            grant = await world.grant(ago=ago)
            release = await halting.saving(Scene(world, grant, holder))
            holder.stop()
            await release()
            world.pass_lease()
            other.begin(grant.id)
            await world.until_somebody_is_blocked()

            holder.go_on()
            told = await holder.answer()

            assert (await other.answer()).is_alive
            await assert_works(world, grant, other, was_alive=told.is_alive)


async def assert_works(world: World, grant: Grant, other: Refresher, *, was_alive: bool) -> None:
    row = await Grant.get(id=grant.id)
    token = world.provider.of_account(int(grant.account_id))[0].refresh_token
    assert await world.holds_valid_tokens(grant)
    assert (was_alive, row.version, row.trouble, row.lease_owner) == (True, 2, None, None)
    assert world.provider.arrivals(token) <= 2
    assert (await other.ask(grant.id)).is_alive
