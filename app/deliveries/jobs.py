"""The worker's job: handing over what is due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.deliveries.leases import Lease, put_back, take_due
from app.deliveries.posting import Attempt, Lost, Waiting, post
from app.deliveries.schedule import spread
from app.deliveries.settling import settle
from app.services import Services
from app.web.stopping import WORK_SECONDS

POSTS_AT_A_TIME = 8

_PATIENCE = timedelta(seconds=5)
_OWNER_BYTES = 16


async def deliver_due(*, services: Services) -> int:
    """Attempt up to eight deliveries that are due, side by side, and return how many rows that moved.

    Any number of workers may do so at once, in one process or several: none gets what another has. Cancelling it lets posts that
    have begun come to their end first, so that their outcome is saved. When the process stops, what has not begun is given back.
    """
    owner = UUID(bytes=services.entropy(_OWNER_BYTES))
    taken = await take_due(owner=owner, now=services.clock.now(), limit=POSTS_AT_A_TIME)
    work = asyncio.ensure_future(_deliver_all(taken.leases, services=services))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await _come_to_end(work, seconds=services.stopping.left(WORK_SECONDS))
        raise
    return len(taken.leases) + taken.defer


async def _deliver_all(leases: Sequence[Lease], *, services: Services) -> None:
    """Deliver each. One that fails by a fault of ours leaves the others alone, and is raised once they are done."""
    outcomes = await asyncio.gather(*(_deliver(lease, services=services) for lease in leases), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _deliver(lease: Lease, *, services: Services) -> None:
    match await post(lease, services=services):
        case Attempt() as attempt:
            await settle(lease, attempt, services=services)
        case Waiting(seconds):
            least = timedelta(seconds=seconds) if seconds is not None else _PATIENCE
            later = least + spread(least, entropy=services.entropy)
            await put_back(lease, after=later, now=services.clock.now())
        case Lost():
            later = timedelta() if services.stopping.is_told else _PATIENCE
            await put_back(lease, after=later, now=services.clock.now())


async def _come_to_end(work: asyncio.Future[None], *, seconds: float) -> None:
    try:
        await asyncio.wait([work], timeout=seconds)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
