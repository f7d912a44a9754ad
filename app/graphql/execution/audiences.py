"""Audiences: what a listener is told of an event is told to all who wait with it, from one piece of JSON, without waking them.

Each has its own position, pays for itself, and is told by itself where it cannot be told at once.
"""

import asyncio
from collections.abc import Sequence

from app.graphql.context import Context
from app.graphql.execution.sharing import SharedData
from app.graphql.limits.cost_accounting import charge_listeners
from app.log.companies import Company
from app.log.events import Event

_AT_ONCE = 128
"""Between so many of them the event loop serves everybody else."""


async def tell_others(context: Context, data: SharedData) -> None:
    """Tell those who wait for this listener what it is about to be told. Whom it cannot tell is told in its own time."""
    company, number = context.executions.company_of(context.listening), context.event
    if number is None or not company.is_ahead(context):
        return
    waiting: Sequence[Context] = company.waiting
    for begin in range(0, len(waiting), _AT_ONCE):
        some = [other for other in waiting[begin : begin + _AT_ONCE] if other.position < number and company.is_waiting(other)]
        paying = await charge_listeners(some)
        if not company.is_ahead(context):
            return  # it took too long: by now each is told by itself
        context.services.meters.events_told(sum(_tell(other, data, number, company) for other in paying))
        for other in some:
            if other.position < number:
                company.let_go(other)
        await asyncio.sleep(0)


async def tell_known(context: Context, event: Event) -> bool:
    """Tell a listener what others are told of the event; return whether that is known, and it could be told at once.

    A crowd that comes back is told most of what it has missed like that.
    """
    newest = context.services.watcher.newest_known(event.team_id)
    data = await context.executions.known((context.listening, event.type), (event.sequence, newest))
    if data is None or not await charge_listeners([context]) or not _tell_one(context, data):
        return False
    context.services.meters.events_told(1)
    return True


def leave_others(context: Context) -> None:
    """Let those who wait for this listener find out by themselves."""
    context.executions.company_of(context.listening).leave(context)


def _tell(other: Context, data: SharedData, number: int, company: Company[Context]) -> bool:
    if not company.is_waiting(other) or not _tell_one(other, data):
        return False
    other.position = number
    return True


def _tell_one(listener: Context, data: SharedData) -> bool:
    """Tell a listener that has paid. Where it cannot be told at once it need not pay again."""
    if listener.tell is None or not listener.tell(data, listener.extensions):
        listener.has_paid = True
        return False
    listener.extensions.clear()
    return True
