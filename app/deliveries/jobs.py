"""The worker's job: handing over what is due."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from datetime import timedelta
from functools import partial
from uuid import UUID

from app.deliveries.at_once import AtOnce
from app.deliveries.holding_back import let_go_of_nothing
from app.deliveries.leases import Lease, put_back, take_due
from app.deliveries.models import Delivery, Queued
from app.deliveries.posting import Attempt, Lost, Waiting, post
from app.deliveries.schedule import spread
from app.deliveries.settling import settle
from app.services import Services
from app.storage.slots import Shares, Slots, given_or_own
from app.web.stopping import WORK_SECONDS

POSTS = Shares(in_all=32, of_origin=24, of_grant=16)
"""How many posts a process has under way: a provider that hangs as a whole leaves a quarter of that to the others."""

_PATIENCE = timedelta(seconds=5)
_OWNER_BYTES = 16


Work = Callable[[Lease, Services], Awaitable[Attempt | Waiting | Lost]]
"""One attempt at what was leased, whose outcome is saved."""


async def deliver_due(*, services: Services, slots: Slots | None = None, at_once: AtOnce | None = None) -> int:
    """Begin to attempt the deliveries of runs that are due: as `hand_over_due`. Where none was, the next go `at_once`."""
    looks_first = at_once is not None and at_once.is_asked
    moved = await hand_over_due(Delivery, _deliver, services=services, slots=slots, looks_first=looks_first)
    if at_once is not None and slots is not None:
        if moved or services.stopping.is_told or slots.room().is_short:
            at_once.close()
        else:
            # What is begun in the context of a change could write nothing.
            begin = partial(copy_context().run, partial(_begin, slots=slots, services=services))
            at_once.open(owner=_new_owner(services), room=slots.room, begin=begin)
    return moved


async def hand_over_due(
    model: type[Queued], work: Work, *, services: Services, slots: Slots | None, looks_first: bool = False
) -> int:
    """Begin to attempt what is due, as much as there are free slots for, and return how many rows that moved.

    Any number of workers may do so at once, in one process or several: none gets what another has. Cancelling an attempt lets a
    post that has begun come to its end first, so that its outcome is saved. When the process stops, what has not begun is given
    back. Without `slots` all that was begun has ended when this returns. `looks_first`: as `take_due` says.
    """
    async with given_or_own(slots, POSTS) as places:
        room = places.room()
        if not room.left:
            return 0
        taken = await take_due(
            owner=_new_owner(services), now=services.clock.now(), room=room, model=model, looks_first=looks_first
        )
        for lease in taken.leases:
            places.begin(lease.claimant, _work_to_the_end(lease, work, services=services))
    return len(taken.leases) + taken.defer


async def let_go_due(*, services: Services) -> int:
    """Let go what is held back by nothing, which a version before this one may have settled; return how many that were."""
    del services
    return await let_go_of_nothing()


def _new_owner(services: Services) -> UUID:
    return UUID(bytes=services.entropy(_OWNER_BYTES))


async def _work_to_the_end(lease: Lease, work: Work, *, services: Services) -> None:
    working = asyncio.ensure_future(_work(lease, work, services=services))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await _come_to_end(working, seconds=services.stopping.left(WORK_SECONDS))
        raise


def _begin(lease: Lease, *, slots: Slots, services: Services) -> None:
    """Begin to attempt what was leased; give it back where the slot that it was leased for is taken by now."""
    if slots.room().has(lease.claimant):
        slots.begin(lease.claimant, _work_to_the_end(lease, _deliver, services=services))
    else:
        slots.begin(lease.claimant, put_back(lease, after=timedelta(), now=services.clock.now()))


async def _deliver(lease: Lease, services: Services) -> Attempt | Waiting | Lost:
    outcome = await post(lease, services=services)
    if isinstance(outcome, Attempt):
        await settle(lease, outcome, services=services)
    return outcome


async def _work(lease: Lease, work: Work, *, services: Services) -> None:
    match await work(lease, services):
        case Attempt():
            pass
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
