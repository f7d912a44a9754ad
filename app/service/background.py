"""The work that nobody waits for: each job again and again, a round at a time, or in slots that are refilled one by one."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from app.deliveries import jobs as deliveries
from app.deliveries.activity import jobs as activity
from app.deliveries.at_once import AtOnce
from app.errors import DatabaseAway
from app.forecasts import jobs as forecasts
from app.installed_apps import checks as installed_apps
from app.integrations.kinds import table as integrations
from app.log.retention import Retention, remove_old
from app.service.retention import RETENTION
from app.services import Services
from app.sign_ins import jobs as sign_ins
from app.storage.slots import ASKS, Shares, Slots
from app.teams import jobs as teams
from app.web.stopping import WORK_SECONDS


@dataclass(frozen=True)
class Job:
    """`run` does one bounded round of what is due and returns how much that was; it looks again after `every` seconds.

    With `shares` it is handed slots, and begins what is due in those that are free. It looks again whenever one is free again.
    """

    name: str
    run: Callable[..., Awaitable[int]]
    every: float
    shares: Shares | None = None
    is_woken: bool = True
    """Whether a change can make something due at once, so that it looks sooner when there was one."""

    pace: float = 1.0
    """How long after a look that found nothing wake-ups gather: each look is a query, and all processes wake each other."""


async def _remove(retentions: Sequence[Retention], *, services: Services) -> int:
    return await remove_old(retentions, events=services.events)


JOBS = (
    Job("deliver", deliveries.deliver_due, every=1.0, shares=deliveries.POSTS, pace=0.1),
    Job("tell", activity.tell_due, every=1.0, shares=activity.TELLS, pace=0.5),
    Job("let go of tellings", activity.let_go_due, every=60.0, is_woken=False),
    Job("let go", deliveries.let_go_due, every=60.0, is_woken=False),
    Job("revoke", sign_ins.revoke_due, every=1.0, shares=ASKS),
    Job("check", sign_ins.check_due, every=1.0, shares=ASKS),
    Job("check servers", installed_apps.check_due, every=5.0, shares=ASKS),
    Job("check connections", integrations.check_due, every=1.0, shares=ASKS),
    Job("refresh", sign_ins.refresh_due, every=5.0, shares=ASKS),
    Job("forecast", forecasts.look_due, every=30.0, is_woken=False),
    Job("expire", sign_ins.expire_due, every=1.0, is_woken=False),
    Job("sweep", teams.sweep, every=600.0, is_woken=False),
    *(Job(name, partial(_remove, retentions), every=600.0, is_woken=False) for name, retentions in RETENTION.items()),
)


REFILL_SECONDS = 0.05
"""Seconds from a look that found something to the next, where there are slots: those free by then are refilled together."""


class Background:
    """Runs the jobs side by side. `wake` makes those look now for which a change can be a reason."""

    def __init__(self, jobs: Sequence[Job] = JOBS) -> None:
        self.at_once = AtOnce()
        self._crews = [_Crew(_opening(self.at_once, job)) for job in jobs]

    def wake(self) -> None:
        for crew in self._crews:
            if crew.job.is_woken:
                crew.wake()

    async def run(self, *, services: Services) -> None:
        """Work until the process stops. A round that fails is logged and tried again when it is next due.

        Rounds and work under way then come to their end: WORK_SECONDS at most, behind which they are cancelled.
        """
        repeating = [asyncio.create_task(crew.repeat(services=services), name=crew.job.name) for crew in self._crews]
        try:
            await services.stopping.told()
            for crew in self._crews:
                crew.rouse()
            await asyncio.wait(repeating, timeout=services.stopping.left(WORK_SECONDS))
        finally:
            for task in repeating:
                task.cancel()
            await asyncio.gather(*repeating, return_exceptions=True)


def _opening(at_once: AtOnce, job: Job) -> Job:
    """Return the job, which opens that way where it is the one that delivers."""
    return replace(job, run=partial(job.run, at_once=at_once)) if job.run is deliveries.deliver_due else job


class _Crew:
    """Does one job in this process."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._bell = asyncio.Event()
        self._freed = asyncio.Event()
        self._is_short = False
        self._log = structlog.get_logger("background")

    def wake(self) -> None:
        self._bell.set()

    def rouse(self) -> None:
        """Look now, whatever was looked at just before."""
        self._freed.set()
        self.wake()

    async def repeat(self, *, services: Services) -> None:
        """Look, again and again, until the process stops; what was begun in slots has ended when this returns."""
        slots = self._slots(services=services)
        try:
            await self._look_on(slots, services=services)
        finally:
            if slots is not None:
                await slots.end(seconds=services.stopping.left(WORK_SECONDS) if services.stopping.is_told else 0.0)

    def _slots(self, *, services: Services) -> Slots | None:
        def free(task: asyncio.Task[object]) -> None:
            fault = task.exception() if not task.cancelled() else None
            if fault is not None:
                # Nobody looks sooner for it: what has failed by a fault of ours may be due still.
                self._note(fault, services=services)
                return
            if self._is_short:
                self.rouse()

        return Slots(self.job.shares, ended=free) if self.job.shares is not None else None

    async def _look_on(self, slots: Slots | None, *, services: Services) -> None:
        now = asyncio.get_running_loop().time
        while not services.stopping.is_told:
            self._bell.clear()
            self._freed.clear()
            began, self._is_short = now(), True
            moved = await self._round(slots, services=services)
            self._is_short = slots is not None and slots.room().is_short
            if moved or services.stopping.is_told:
                await asyncio.sleep(began + REFILL_SECONDS - now() if slots is not None else 0.0)
                continue
            await _wait(self._bell, seconds=self.job.every)
            await _wait(self._freed, seconds=began + self.job.pace - now())
            await asyncio.sleep(began + REFILL_SECONDS - now())

    async def _round(self, slots: Slots | None, *, services: Services) -> int:
        handed = {"slots": slots} if slots is not None else {}
        try:
            return await self.job.run(services=services, **handed)
        except Exception as error:  # noqa: BLE001 - one job's bug must not end the others; it is logged whole
            self._note(error, services=services)
        return 0

    def _note(self, error: BaseException, *, services: Services) -> None:
        services.meters.round_failed(self.job.name)
        if isinstance(error, DatabaseAway):
            self._log.warning("round interrupted", job=self.job.name, fault=error.fault)
        else:
            self._log.error("round failed", job=self.job.name, exc_info=error)


async def _wait(event: asyncio.Event, *, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
