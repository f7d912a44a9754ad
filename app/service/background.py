"""The work that nobody waits for: each job again and again, a round at a time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from app.deliveries import jobs as deliveries
from app.installed_apps import checks as installed_apps
from app.integrations.kinds import table as integrations
from app.log.retention import Retention, remove_old
from app.service.retention import RETENTION
from app.services import Services
from app.sign_ins import jobs as sign_ins
from app.storage import database
from app.teams import jobs as teams
from app.web.stopping import WORK_SECONDS


@dataclass(frozen=True)
class Job:
    """`run` does one bounded round of what is due and returns how much that was; it looks again after `every` seconds."""

    name: str
    run: Callable[..., Awaitable[int]]
    every: float
    is_woken: bool = True
    """Whether a change can make something due at once, so that it looks sooner when there was one."""


async def _remove(retentions: Sequence[Retention], *, services: Services) -> int:
    return await remove_old(retentions, events=services.events)


JOBS = (
    Job("deliver", deliveries.deliver_due, every=1.0),
    Job("revoke", sign_ins.revoke_due, every=1.0),
    Job("check", sign_ins.check_due, every=1.0),
    Job("check servers", installed_apps.check_due, every=5.0),
    Job("check connections", integrations.check_due, every=1.0),
    Job("refresh", sign_ins.refresh_due, every=5.0),
    Job("expire", sign_ins.expire_due, every=1.0, is_woken=False),
    Job("sweep", teams.sweep, every=600.0, is_woken=False),
    *(Job(name, partial(_remove, retentions), every=600.0, is_woken=False) for name, retentions in RETENTION.items()),
)


PACE_SECONDS = 0.1
"""How long after a look that found nothing wake-ups gather: each look is a query, and all processes wake each other."""


class Background:
    """Runs the jobs side by side. `wake` makes those look now for which a change can be a reason."""

    def __init__(self, jobs: Sequence[Job] = JOBS) -> None:
        self._jobs = jobs
        self._bells = {job.name: asyncio.Event() for job in jobs}
        self._woken = [self._bells[job.name] for job in jobs if job.is_woken]
        self._log = structlog.get_logger("background")

    def wake(self) -> None:
        for bell in self._woken:
            bell.set()

    async def run(self, *, services: Services) -> None:
        """Work until the process stops. A round that fails is logged and tried again when it is next due.

        Rounds under way then come to their end: WORK_SECONDS at most, behind which they are cancelled.
        """
        repeating = [asyncio.create_task(self._repeat(job, services=services), name=job.name) for job in self._jobs]
        try:
            await services.stopping.told()
            for bell in self._bells.values():
                bell.set()
            await asyncio.wait(repeating, timeout=services.stopping.left(WORK_SECONDS))
        finally:
            for task in repeating:
                task.cancel()
            await asyncio.gather(*repeating, return_exceptions=True)

    async def _repeat(self, job: Job, *, services: Services) -> None:
        bell = self._bells[job.name]
        now = asyncio.get_running_loop().time
        while not services.stopping.is_told:
            bell.clear()
            began = now()
            if await self._round(job, services=services) or services.stopping.is_told:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(job.every):
                    await bell.wait()
            await asyncio.sleep(began + PACE_SECONDS - now())

    async def _round(self, job: Job, *, services: Services) -> int:
        try:
            return await job.run(services=services)
        except database.OUTAGES as error:
            services.meters.round_failed(job.name)
            self._log.warning("round interrupted", job=job.name, fault=error.fault)
        except Exception:  # noqa: BLE001 - one job's bug must not end the others; it is logged whole
            services.meters.round_failed(job.name)
            self._log.exception("round failed", job=job.name)
        return 0
