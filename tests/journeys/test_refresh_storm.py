"""Whoever asks, in however many processes, and whichever of them is killed or halted: tokens that work once are not lost.

The provider is the service's GitLab over real HTTP, with a server of the tests' behind it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from app.ground import Ground
from app.providers.contract import Tokens
from app.secret import Secret
from app.sign_ins.models import Grant, GrantState, OAuthClient, StatusReason
from app.sign_ins.oauth_clients import seal_secret
from app.sign_ins.refresh import LEASE
from app.sign_ins.sealing import open_access, open_refresh, seal_tokens
from app.teams.models import Member
from tests.databases import POSTGRES_URL
from tests.grounds import make_ground
from tests.journeys.refreshing import Refresher, Start, refreshers
from tests.journeys.single_use import CLIENT_ID, CLIENT_SECRET, LIFETIME, Exchange, Hold, Moment, SingleUse
from tests.journeys.soaking import fresh_random, full, say, until
from tests.sign_ins.world import write
from tests.teams.people import found

pytestmark = pytest.mark.skipif(not POSTGRES_URL, reason="one process on SQLite is covered by tests/sign_ins")

PROCESSES = 4
CALLERS = full(50, ci=10)
GRANTS = full(200, ci=24)
SLOWEST = full(140, ci=15) / 10
KILLS = full(20, ci=1)
HALTS = full(20, ci=1)

WAITS_IN_VAIN = 0.5
"""How many seconds a caller waits for another's exchange where it is known not to end before that."""

NOT_DUE, DUE, EXPIRED = LIFETIME / 2, LIFETIME * 7 / 8, LIFETIME * 2
_PROVIDER = "gitlab-self-managed"


async def test_a_storm_of_callers_in_four_processes_exchanges_each_refresh_token_once(world: "World", random: Random) -> None:
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
    assert Counter(answer.words for answer in told) == {None: PROCESSES * CALLERS * GRANTS}
    assert sorted(exchange.refresh_token for exchange in world.provider.exchanges) == sorted(spent)
    assert all(exchange.is_granted for exchange in world.provider.exchanges)
    assert [grant.account_id for grant in grants if not await world.holds_valid_tokens(grant)] == []


async def test_while_an_exchange_ends_the_old_token_nobody_takes_that_for_a_revocation(world: "World") -> None:
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

    assert gave_up.words == "The authorization is being renewed by another process, which takes long."
    assert meanwhile.trouble is None
    assert [answer.words for answer in answers] == [None] * 3
    assert len(world.provider.exchanges) == 1
    assert (await Grant.get(id=grant.id)).trouble is None


@dataclass
class Scene:
    """A process that is to come to a certain step of a refresh, and to be held there."""

    world: "World"
    grant: Grant
    holder: Refresher

    @property
    def account(self) -> int:
        return int(self.grant.account_id)

    def hold(self, moment: Moment) -> Hold:
        return self.world.provider.hold(moment, self.account)

    def begin(self) -> None:
        self.holder.begin(self.grant.id)

    async def begin_to(self, moment: Moment) -> Hold:
        hold = self.hold(moment)
        self.begin()
        await hold.until_reached()
        return hold

    async def begin_until_locked(self, statement: str, *arguments: Any) -> "Lock":
        """Lock something in the database, and wait until the holder waits for it."""
        lock = await Lock.take(self.world.start.database_url, statement, *arguments)
        self.begin()
        await lock.until_waited_for()
        return lock

    async def answer_until_locked(self, statement: str, *arguments: Any) -> "Lock":
        """The same, from when the exchange has arrived at the provider."""
        hold = await self.begin_to(Moment.ARRIVED)
        lock = await Lock.take(self.world.start.database_url, statement, *arguments)
        hold.let_go()
        await lock.until_waited_for()
        return lock

    async def cut_off(self) -> None:
        """Leave the grant as an earlier process does that was killed while it owned the lease, which has run out."""
        ended = self.world.ground.clock.now()
        await write(lambda: Grant.filter(id=self.grant.id).update(lease_owner=uuid4(), lease_until=ended))


@dataclass
class Lock:
    """What a transaction of the test's own keeps from the service."""

    holding: Any
    watching: Any

    @classmethod
    async def take(cls, url: str, statement: str, *arguments: Any) -> "Lock":
        holding, watching = await asyncpg.connect(url), await asyncpg.connect(url)
        await holding.execute("BEGIN")
        await holding.execute(statement, *arguments)
        return cls(holding, watching)

    async def until_waited_for(self) -> None:
        pid = self.holding.get_server_pid()

        async def is_waited_for() -> bool:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
            return bool(await self.watching.fetchval(waiting, pid))

        await until(is_waited_for, seconds=30)

    async def release(self) -> None:
        await self.holding.execute("ROLLBACK")
        await self.holding.close()
        await self.watching.close()


Release = Callable[[], Awaitable[None]]
Step = Callable[[Scene], Awaitable[Release]]
"""Lets the holder go so far and holds it there; what it returns lets it, or what it has left under way, go on."""

_ROW = 'SELECT id FROM "grant" WHERE id = $1 FOR UPDATE'
_KEYS = "LOCK TABLE data_key IN ACCESS EXCLUSIVE MODE"
_CLIENTS = "LOCK TABLE oauth_client IN ACCESS EXCLUSIVE MODE"


async def taking_the_lease(scene: Scene) -> Release:
    return (await scene.begin_until_locked(_ROW, scene.grant.id)).release


async def before_sending(scene: Scene) -> Release:
    return (await scene.begin_until_locked(_KEYS)).release


async def sent_and_never_looked_at(scene: Scene) -> Release:
    hold = await scene.begin_to(Moment.ARRIVED)
    return _letting_go(hold, drop=True)


async def sent_and_spent_later(scene: Scene) -> Release:
    hold = await scene.begin_to(Moment.ARRIVED)

    async def release() -> None:
        hold.let_go()
        await until(_is_answered(scene), seconds=30)

    return release


async def spent(scene: Scene) -> Release:
    return _letting_go(await scene.begin_to(Moment.SPENT))


async def half_answered(scene: Scene) -> Release:
    return _letting_go(await scene.begin_to(Moment.HALF_SENT))


async def before_sealing(scene: Scene) -> Release:
    return (await scene.answer_until_locked(_KEYS)).release


async def saving(scene: Scene) -> Release:
    return (await scene.answer_until_locked(_ROW, scene.grant.id)).release


async def after_saving(scene: Scene) -> Release:
    return (await scene.answer_until_locked(_CLIENTS)).release


async def looking_into_an_earlier_cut(scene: Scene) -> Release:
    await scene.cut_off()
    return _letting_go(await scene.begin_to(Moment.ASKED))


async def trying_again_after_an_earlier_cut(scene: Scene) -> Release:
    await scene.cut_off()
    return _letting_go(await scene.begin_to(Moment.SPENT))


def _letting_go(hold: Hold, *, drop: bool = False) -> Release:
    async def release() -> None:
        hold.let_go(drop=drop)

    return release


def _is_answered(scene: Scene) -> Callable[[], Awaitable[bool]]:
    async def is_answered() -> bool:
        return bool(scene.world.provider.of_account(scene.account))

    return is_answered


@pytest.mark.parametrize("ago", [DUE, EXPIRED], ids=["due", "expired"])
@pytest.mark.parametrize(
    ("step", "arrivals_before", "arrivals", "is_lost"),
    [
        pytest.param(taking_the_lease, 0, 1, False, id="taking the lease"),
        pytest.param(before_sending, 0, 1, False, id="before sending"),
        pytest.param(sent_and_never_looked_at, 1, 2, False, id="sent and never looked at"),
        pytest.param(sent_and_spent_later, 1, 2, True, id="sent and spent later"),
        pytest.param(spent, 1, 2, True, id="spent"),
        pytest.param(half_answered, 1, 2, True, id="half answered"),
        pytest.param(before_sealing, 1, 2, True, id="before sealing"),
        pytest.param(saving, 1, 2, True, id="saving"),
        pytest.param(after_saving, 1, 1, False, id="after saving"),
        pytest.param(looking_into_an_earlier_cut, 0, 1, False, id="looking into an earlier cut"),
        pytest.param(trying_again_after_an_earlier_cut, 1, 2, True, id="trying again after an earlier cut"),
    ],
)
async def test_a_holder_killed_at_any_step_costs_one_more_exchange_at_most_and_never_leaves_a_lie(
    world: "World", step: Step, *, arrivals_before: int, arrivals: int, is_lost: bool, ago: timedelta
) -> None:
    """`is_lost`: the only valid tokens were on their way, and no design brings them back; then the grant says so."""
    async with refreshers(world.start, 1) as [successor]:
        for _ in range(KILLS // 2 or 1):
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


async def kill_at(step: Step, world: "World", grant: Grant) -> None:
    async with refreshers(world.start, 1) as [holder]:
        assert (await holder.ask(world.warm.id)).is_alive
        release = await step(Scene(world, grant, holder))
        holder.kill()
        await release()


@pytest.mark.parametrize("ago", [DUE, EXPIRED], ids=["due", "expired"])
@pytest.mark.parametrize("step", [before_sending, spent, half_answered, before_sealing])
async def test_a_holder_halted_past_its_lease_goes_on_and_the_valid_tokens_are_kept(
    world: "World", step: Step, ago: timedelta
) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS // 2 or 1):
            grant = await world.grant(ago=ago)
            release = await step(Scene(world, grant, holder))
            holder.stop()
            await release()
            world.pass_lease()
            await other.ask(grant.id)

            holder.go_on()
            told = await holder.answer()

            await assert_works(world, grant, told.is_alive, other)


@pytest.mark.parametrize("ago", [DUE, EXPIRED], ids=["due", "expired"])
async def test_a_holder_whose_exchange_comes_after_the_others_uses_theirs(world: "World", ago: timedelta) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS // 2 or 1):
            grant = await world.grant(ago=ago)
            hold = await Scene(world, grant, holder).begin_to(Moment.ARRIVED)
            holder.stop()
            world.pass_lease()
            assert (await other.ask(grant.id)).is_alive
            hold.let_go()

            holder.go_on()
            told = await holder.answer()

            await assert_works(world, grant, told.is_alive, other)


@pytest.mark.parametrize("ago", [DUE, EXPIRED], ids=["due", "expired"])
async def test_a_holder_halted_within_its_save_commits_and_the_other_uses_that(world: "World", ago: timedelta) -> None:
    async with refreshers(world.start, 2) as [holder, other]:
        assert (await holder.ask(world.warm.id)).is_alive
        for _ in range(HALTS // 2 or 1):
            grant = await world.grant(ago=ago)
            release = await saving(Scene(world, grant, holder))
            holder.stop()
            await release()
            world.pass_lease()
            other.begin(grant.id)
            await world.until_somebody_is_blocked()

            holder.go_on()
            told = await holder.answer()

            assert (await other.answer()).is_alive
            await assert_works(world, grant, told.is_alive, other)


async def assert_works(world: "World", grant: Grant, was_alive: bool, other: Refresher) -> None:
    row = await Grant.get(id=grant.id)
    token = [exchange.refresh_token for exchange in world.provider.of_account(int(grant.account_id))][0]
    assert await world.holds_valid_tokens(grant)
    assert (was_alive, row.version, row.trouble, row.lease_owner) == (True, 2, None, None)
    assert world.provider.arrivals(token) <= 2
    assert (await other.ask(grant.id)).is_alive


@dataclass
class World:
    """A team with its own client at the provider, and as many members' grants as a test makes. `warm` is nobody's concern."""

    ground: Ground
    provider: SingleUse
    start: Start
    member: Member
    client: OAuthClient
    accounts: "count[int]"
    warm: Grant

    async def grant(self, *, ago: timedelta) -> Grant:
        return await make_grant(next(self.accounts), ago, self.client, self.member, provider=self.provider, ground=self.ground)

    async def holds_valid_tokens(self, grant: Grant) -> bool:
        """Whether what is kept for the grant is what is valid at the provider."""
        row = await Grant.get(id=grant.id)
        access, refresh = await open_access(row, ground=self.ground), await open_refresh(row, ground=self.ground)
        assert access is not None
        assert refresh is not None
        valid = self.provider.pair_of(int(row.account_id))
        assert (access.reveal() == valid.access) is (refresh.reveal() == valid.refresh)
        return access.reveal() == valid.access

    async def is_leased(self, grant: Grant) -> bool:
        row = await Grant.get(id=grant.id)
        return row.lease_until is not None and row.lease_until > self.ground.clock.now()

    def pass_lease(self) -> None:
        self.start.clock.advance(LEASE + timedelta(seconds=1))

    async def until_somebody_is_blocked(self) -> None:
        connection = await asyncpg.connect(self.start.database_url)

        async def is_blocked() -> bool:
            blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return bool(await connection.fetchval(blocked))

        try:
            await until(is_blocked, seconds=30)
        finally:
            await connection.close()


@pytest.fixture
def random() -> Random:
    return fresh_random()


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    clock = Start(tmp_path, database, 0).clock
    provider = SingleUse(clock=clock)
    with provider.served() as url:
        start = Start(tmp_path, database, urlsplit(url).port or 0)
        async with make_ground(folder=tmp_path, clock=clock, settings=start.settings) as ground:
            member = (await found(ground)).admin
            client = await make_client(url, member, ground=ground)
            warm = await make_grant(1, timedelta(0), client, member, provider=provider, ground=ground)
            yield World(ground, provider, start, member, client, count(2), warm)


async def make_client(url: str, member: Member, *, ground: Ground) -> OAuthClient:
    client = OAuthClient(
        id=uuid4(),
        team_id=member.team_id,
        provider=_PROVIDER,
        base_url=url,
        origin=url,
        client_id=CLIENT_ID,
        created_at=ground.clock.now(),
    )
    sealed = await seal_secret(Secret(CLIENT_SECRET), client, version=1, ground=ground)
    sealed.put_into(client)
    await write(lambda: client.save(force_create=True))
    return client


async def make_grant(
    account: int, ago: timedelta, client: OAuthClient, member: Member, *, provider: SingleUse, ground: Ground
) -> Grant:
    """Return a working grant of a sign-in so long ago."""
    now = ground.clock.now() - ago
    pair = provider.issue(account, ago=ago)
    grant = Grant(
        id=uuid4(),
        team_id=member.team_id,
        member_id=member.id,
        provider=_PROVIDER,
        oauth_client_id=client.id,
        origin=client.origin,
        client_id=CLIENT_ID,
        redirect_uri="http://127.0.0.1:8000/callback/gitlab-self-managed/0123456789abcdef",
        account_id=str(account),
        account_name=f"member-{account}",
        scope_names="api",
        state=GrantState.ACTIVE,
        created_at=now,
    )
    tokens = Tokens(Secret(pair.access), Secret(pair.refresh), now + LIFETIME, ("api",))
    sealed = await seal_tokens(tokens, grant, version=1, now=now, ground=ground)
    grant.update_from_dict(sealed.columns())
    await write(lambda: grant.save(force_create=True))
    return grant
