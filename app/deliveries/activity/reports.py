"""What a delivery tells, read when it is told: the log does not change."""

from app.deliveries.activity.models import ActivityDelivery
from app.graphql.ids import encode_id
from app.graphql.streams import cursor_of
from app.log.event_types import EventType
from app.log.events import Event
from app.providers.activity import ActivityEvent, ActivityReport
from app.teams.models import Member


async def read_report(delivery: ActivityDelivery) -> ActivityReport | None:
    """Return the delivery's events, and who did it; None where retention has removed them all."""
    rows = Event.filter(team_id=delivery.team_id, sequence__in=list(delivery.numbers))
    events = await rows.order_by("sequence")
    if not events:
        return None
    first = events[0]
    actor = await Member.get_or_none(id=first.actor_id, team_id=delivery.team_id) if first.actor_id is not None else None
    return ActivityReport(
        delivery_id=str(delivery.id),
        occurred_at=first.occurred_at,
        actor=actor.name if actor is not None else None,
        event_count=delivery.event_count,
        events=tuple(_read(event) for event in events),
    )


def _read(event: Event) -> ActivityEvent:
    return ActivityEvent(
        id=encode_id("Event", event.id),
        cursor=cursor_of(event),
        sequence=event.sequence,
        type=event.type,
        subject_id=encode_id(EventType(event.type).subject_type, event.subject_id),
        integration_id=encode_id("Integration", event.parent_id) if event.parent_id is not None else None,
        summary=event.summary,
        status=event.status,
        previous_status=event.previous_status,
        reason=event.reason,
        message=event.message,
    )
