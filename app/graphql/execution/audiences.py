"""Audiences: what a listener is told of an event is told to all who wait with it, from one piece of JSON, without waking them.

Each has its own position, pays for itself, and is told by itself where it cannot be told at once.
"""

import asyncio
from collections.abc import Sequence

from app.graphql.context import Context
from app.graphql.execution.sharing import SharedData
from app.graphql.limits.cost_accounting import charge_events, charge_listeners
from app.log.companies import Company
from app.log.events import Event

_PAY_AT_ONCE = 128
"""So many are charged in one step."""

_TOLD_AT_ONCE = 32
"""Between so many of them, half a millisecond, the event loop serves everybody else: for a page it comes round several times."""

_EVENTS_AT_ONCE = 32
"""So many are written at once to one that has missed them, before it is looked whether it reads."""

_WAIT_SECONDS = 0.1
"""After so long no further event is waited for before those are told that are known."""


async def tell_others(context: Context, data: SharedData) -> None:
    """Tell those who wait for this listener what it is about to be told. Whom it cannot tell is told in its own time."""
    company, number = context.executions.company_of(context.listening), context.event
    if number is None or not company.is_ahead(context):
        return
    waiting: Sequence[Context] = company.waiting
    for begin in range(0, len(waiting), _PAY_AT_ONCE):
        some = [other for other in waiting[begin : begin + _PAY_AT_ONCE] if other.position < number and company.is_waiting(other)]
        paying = await charge_listeners([other for other in some if other.position >= context.position])  # missed nothing before
        for start in range(0, len(paying), _TOLD_AT_ONCE):
            if not company.is_ahead(context):
                break
            told = sum(_tell(other, data, number, company) for other in paying[start : start + _TOLD_AT_ONCE])
            context.services.meters.events_told(told)
            await asyncio.sleep(0)
        if not company.is_ahead(context):
            return  # it took too long: by now each is told by itself
        for other in some:
            if other.position < number:
                company.let_go(other)
        await asyncio.sleep(0)  # also where nobody could be told


async def tell_known(context: Context, events: Sequence[Event]) -> int:
    """Tell a listener what others are told of the events; return of how many that is known, and could be told at once.

    These are the first ones. A crowd that comes back is told most of what it has missed like that, in a few writes. Not the one
    that is ahead of others: they would never be told what it alone was told.
    """
    if context.executions.company_of(context.listening).is_ahead(context):
        return 0
    known = await _known(context, events[:_EVENTS_AT_ONCE])
    if not known:
        return 0
    if not await charge_events(context, count=len(known)):
        if len(known) == 1 or not await charge_events(context, count=1):
            return 0
        del known[1:]
    if not _tell_one(context, known):
        return 0
    context.services.meters.events_told(len(known))
    return len(known)


async def _known(context: Context, events: Sequence[Event]) -> list[SharedData]:
    """Return what others are told of the first events, as far as that is known; what is being found out is waited for.

    Of a crowd that comes back most come while all that was missed is found out, one event after the other. Nothing is kept from
    anybody for long for what comes behind it, nor once anything newer is known.
    """
    known: list[SharedData] = []
    watcher, team_id, now = context.services.watcher, events[0].team_id, asyncio.get_running_loop().time
    newest, ends = watcher.newest_known(team_id), now() + _WAIT_SECONDS
    for event in events:
        is_early = not known or (now() < ends and watcher.newest_known(team_id) == newest)
        data = await context.executions.known((context.listening, event.type), (event.sequence, newest), waits=is_early)
        if data is None:
            break
        known.append(data)
    return known


def leave_others(context: Context) -> None:
    """Let those who wait for this listener find out by themselves."""
    context.executions.company_of(context.listening).leave(context)


def _tell(other: Context, data: SharedData, number: int, company: Company[Context]) -> bool:
    if not company.is_waiting(other) or not _tell_one(other, (data,)):
        return False
    other.position = number
    return True


def _tell_one(listener: Context, told: Sequence[SharedData]) -> bool:
    """Tell a listener that has paid. Where it cannot be told at once it need not pay again."""
    if listener.tell is None or not listener.tell(told, listener.extensions):
        listener.events_paid += len(told)
        return False
    listener.extensions.clear()
    return True
