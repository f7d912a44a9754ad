"""What the events of a change, or a turn in an integration's life, do to deliveries that tell of the log."""

from uuid import uuid4

from tortoise.queryset import QuerySet

from app.deliveries.activity.choosing import choose
from app.deliveries.activity.models import ActivityDelivery, write_numbers
from app.deliveries.holding_back import find_queue
from app.deliveries.models import WAITING, DeliveryStatus
from app.integrations.events import IntegrationDeleted, IntegrationStatusChanged
from app.integrations.kinds.contract import HeardEvents
from app.integrations.kinds.table import ALL
from app.integrations.models import Integration, IntegrationStatus
from app.log.events import Change, EventsRecorded
from app.log.hearing import hear_no_more
from app.log.quotas import DELIVERIES_OF_DAY


async def make(change: Change, domain_event: EventsRecorded) -> None:
    """Make a delivery for each integration that tells of any of the events. The last one gone, the team is heard no more.

    What goes beyond the deliveries that the team may have made today is not told: the change that it is about goes on.
    """
    events = domain_event.events
    heard = [one for kind in ALL if kind.activity is not None for one in await kind.activity.hear(change, events)]
    if not heard:
        await hear_no_more(change)
    for one in choose(heard, events):
        if not change.let(DELIVERIES_OF_DAY):
            return
        await _make(change, one)


async def follow_integration(_: Change, domain_event: IntegrationStatusChanged) -> None:
    """Drop what waits for an integration that was paused; give up what waits for one that was stopped."""
    match domain_event.status:
        case IntegrationStatus.PAUSED:
            await _end_waiting(domain_event, DeliveryStatus.SKIPPED)
        case IntegrationStatus.NEEDS_REAUTHENTICATION | IntegrationStatus.UNAVAILABLE:
            await _end_waiting(domain_event, DeliveryStatus.FAILED)
        case IntegrationStatus.ACTIVE | IntegrationStatus.FAILING:
            pass


async def give_up(_: Change, domain_event: IntegrationDeleted) -> None:
    """Give up what waits for an integration that was deleted."""
    await _end_waiting(domain_event, DeliveryStatus.FAILED)


async def _make(change: Change, heard: HeardEvents) -> None:
    integration, status = heard.integration, _first_status(heard.integration)
    queue = await find_queue(integration.id, of=ActivityDelivery)
    delivery = ActivityDelivery(
        id=uuid4(),
        team_id=change.team_id,
        integration_id=integration.id,
        position=queue.last + 1,
        sequences=write_numbers([event.sequence for event in heard.events]),
        event_count=len(heard.events),
        status=status,
        next_attempt_at=change.now if status is DeliveryStatus.PENDING else None,
        held_back=status is DeliveryStatus.PENDING and queue.is_held_back,
        created_at=change.now,
    )
    change.add(delivery)


def _first_status(integration: Integration) -> DeliveryStatus:
    if integration.is_stopped:
        return DeliveryStatus.FAILED
    return DeliveryStatus.SKIPPED if integration.is_paused else DeliveryStatus.PENDING


async def _end_waiting(domain_event: IntegrationStatusChanged | IntegrationDeleted, status: DeliveryStatus) -> None:
    """End them without a word of each: what became of the integration says it."""
    waiting: QuerySet[ActivityDelivery] = ActivityDelivery.filter(integration_id=domain_event.integration_id, status__in=WAITING)
    await waiting.update(status=status, held_back=False, next_attempt_at=None, lease_owner=None, lease_until=None)
