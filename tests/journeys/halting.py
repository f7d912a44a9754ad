"""The steps of a refresh, and how a process is brought to one of them and held there, by the provider or by the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from app.sealing.vault import KNOWN_FOR
from app.sign_ins.models import Grant
from tests.journeys.refreshing import Refresher
from tests.journeys.renewal import World
from tests.journeys.single_use import Hold, Moment
from tests.journeys.soaking import until
from tests.sign_ins.world import write

_PATIENCE_SECONDS = 30.0


@dataclass
class Scene:
    """A process that is to come to a certain step of a refresh, and to be held there."""

    world: World
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

    async def answer_until_locked(self, statement: str, *arguments: Any, seconds: float = 0.0) -> "Lock":
        """The same, from when the exchange has arrived at the provider; it is answered so many seconds later."""
        hold = await self.begin_to(Moment.ARRIVED)
        await asyncio.sleep(seconds)
        lock = await Lock.take(self.world.start.database_url, statement, *arguments)
        hold.let_go()
        await lock.until_waited_for()
        return lock

    async def cut_off(self) -> None:
        """Leave the grant as an earlier process does that was killed while it owned the lease, which has run out."""
        ended = self.world.services.clock.now()
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

        await until(is_waited_for, seconds=_PATIENCE_SECONDS)

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
        await until(_is_answered(scene), seconds=_PATIENCE_SECONDS)

    return release


async def spent(scene: Scene) -> Release:
    return _letting_go(await scene.begin_to(Moment.SPENT))


async def half_answered(scene: Scene) -> Release:
    return _letting_go(await scene.begin_to(Moment.HALF_SENT))


async def before_sealing(scene: Scene) -> Release:
    # By then it asks again which data key seals.
    return (await scene.answer_until_locked(_KEYS, seconds=KNOWN_FOR.total_seconds())).release


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
