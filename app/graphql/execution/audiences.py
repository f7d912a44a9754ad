"""Audiences: what a listener is told of an event is told to all who wait with it, from one piece of JSON, without waking them.

Each has its own position, pays for itself, and is told by itself where it cannot be told at once.
"""

import asyncio
from collections.abc import Sequence

from app.graphql.context import Context
from app.graphql.execution.sharing import SharedData
from app.graphql.limits.cost_accounting import charge_listeners
from app.log.companies import Company

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


def leave_others(context: Context) -> None:
    """Let those who wait for this listener find out by themselves."""
    context.executions.company_of(context.listening).leave(context)


def _tell(other: Context, data: SharedData, number: int, company: Company[Context]) -> bool:
    if other.tell is None or not company.is_waiting(other) or not other.tell(data, other.extensions):
        return False
    other.position = number
    other.extensions.clear()
    return True
