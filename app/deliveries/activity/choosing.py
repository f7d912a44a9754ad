"""What of a change each integration tells: what it chooses, but nothing that telling itself makes happen.

The law that lets a team come to rest: whether a message gets there makes an integration FAILING or ACTIVE, or gives a delivery
up. Of an integration that tells of the log, no such integration tells that. So an event makes at most one delivery for each of
them, and delivering those makes none. That one has stopped is told by the others: it does not go on by itself, so that ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from app.integrations.kinds.contract import NEVER_TOLD, HeardEvents
from app.integrations.models import Integration, IntegrationStatus
from app.log.event_types import EventType
from app.log.events import Event

_TURNED_BY_ATTEMPTS = frozenset({IntegrationStatus.ACTIVE, IntegrationStatus.FAILING})
_STOPPED = frozenset({IntegrationStatus.NEEDS_REAUTHENTICATION, IntegrationStatus.UNAVAILABLE})


def choose(heard: Sequence[HeardEvents], events: Sequence[Event]) -> Sequence[HeardEvents]:
    """Return who tells what of the events of one change: those that tell nothing are left out.

    `heard` is every integration of the team that could, the oldest first. Where one of them has stopped, and no other that works
    chose to tell it, the first that works does so.
    """
    tellers = {each.integration.id: each.integration for each in heard}
    chosen = {
        each.integration.id: [event for event in each.events if _is_for(each.integration, event, tellers=tellers)]
        for each in heard
    }
    for event in events:
        if _is_stop(event, tellers=tellers):
            _have_told(event, chosen, tellers=tellers)
    return [
        HeardEvents(integration, sorted(chosen[key], key=lambda event: event.sequence))
        for key, integration in tellers.items()
        if chosen[key]
    ]


def _is_for(integration: Integration, event: Event, *, tellers: Iterable[UUID]) -> bool:
    """Whether it may tell of it: not of itself, and of none that tells what only telling did."""
    return event.subject_id != integration.id and not _is_of_telling(event, tellers=tellers)


def _is_of_telling(event: Event, *, tellers: Iterable[UUID]) -> bool:
    if event.type in NEVER_TOLD:
        return True
    turned = event.type == EventType.INTEGRATION_STATUS_CHANGED and event.subject_id in tellers
    return turned and {event.status, event.previous_status} <= _TURNED_BY_ATTEMPTS


def _is_stop(event: Event, *, tellers: Iterable[UUID]) -> bool:
    is_about_one = event.type == EventType.INTEGRATION_STATUS_CHANGED and event.subject_id in tellers
    return is_about_one and event.status in _STOPPED and event.previous_status not in _STOPPED


def _have_told(event: Event, chosen: Mapping[UUID, list[Event]], *, tellers: Mapping[UUID, Integration]) -> None:
    working = [key for key, each in tellers.items() if not (each.is_stopped or each.is_paused or key == event.subject_id)]
    if working and not any(event in chosen[key] for key in working):
        # One whose own messages fail is better than none.
        first = next((key for key in working if tellers[key].failing_by is None), working[0])
        chosen[first].append(event)
