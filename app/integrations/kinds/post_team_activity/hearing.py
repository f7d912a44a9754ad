"""Which events of a change the team's integrations of this kind choose."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from app.integrations.kinds.contract import HeardEvents
from app.integrations.kinds.post_team_activity.choice import comes_back, is_gone, is_usual
from app.integrations.kinds.post_team_activity.models import KEY, ActivityPost
from app.integrations.models import Integration
from app.log.event_types import EventType
from app.log.events import Change, Event
from app.storage.written import Written


def of_team(team_id: UUID) -> QuerySet[ActivityPost]:
    """Return the settings of the team's integrations of the kind, but for deleted ones, the oldest first."""
    # By an index of the integrations that live, which begins with team and kind.
    theirs = ActivityPost.filter(integration__team_id=team_id, integration__kind=KEY, integration__deleted_at__isnull=True)
    return theirs.select_related("integration").order_by("integration__created_at", "integration_id")


_OF_TEAM = Written(of_team)


async def hear(change: Change, events: Sequence[Event]) -> Sequence[HeardEvents]:
    """Return each of them with what it chooses."""
    posts = await _OF_TEAM.ask(change.team_id)
    usual = await _usual(change, events) if any(post.types is None for post in posts) else frozenset()
    apps = await _apps_of(change, events) if any(post.installed_app_ids is not None for post in posts) else {}
    return [HeardEvents(post.integration, _chosen(post, events, usual=usual, apps=apps)) for post in posts]


def _chosen(
    post: ActivityPost, events: Sequence[Event], *, usual: Collection[UUID], apps: Mapping[UUID, UUID]
) -> Sequence[Event]:
    types, wanted = post.types, post.installed_app_ids
    of_type = [event for event in events if (event.id in usual if types is None else event.type in types)]
    return of_type if wanted is None else [event for event in of_type if apps.get(event.id) in wanted]


async def _usual(change: Change, events: Sequence[Event]) -> Collection[UUID]:
    """Return the ids of what the usual choice has in it."""
    were_gone = {event.id for event in events if comes_back(event) and await _was_gone(change, event)}
    return {event.id for event in events if is_usual(event, was_gone=event.id in were_gone)}


async def _was_gone(change: Change, event: Event) -> bool:
    """Whether the integration, when it began to fail or failed for another reason, did so since its target was gone."""
    earlier = Event.filter(team_id=change.team_id, subject_id=event.subject_id, type=EventType.INTEGRATION_STATUS_CHANGED)
    last = await earlier.filter(sequence__lt=event.sequence).order_by("-sequence").first()
    return last is not None and is_gone(last)


async def _apps_of(change: Change, events: Sequence[Event]) -> Mapping[UUID, UUID]:
    """Return, by the events' ids, which installed app each is about, or the integration that it is about uses."""
    of_integration = {event.id: key for event in events if (key := _integration_of(event)) is not None}
    rows = Integration.filter(team_id=change.team_id, id__in=list(set(of_integration.values())), installed_app_id__isnull=False)
    used = {row.id: row.installed_app_id for row in await rows.only("id", "installed_app_id")} if of_integration else {}
    apps = {event.id: event.subject_id for event in events if _is_about(event, "InstalledApp")}
    return apps | {event_id: app for event_id, key in of_integration.items() if (app := used.get(key)) is not None}


def _integration_of(event: Event) -> UUID | None:
    return event.subject_id if _is_about(event, "Integration") else event.parent_id


def _is_about(event: Event, type_name: str) -> bool:
    return EventType(event.type).subject_type == type_name
