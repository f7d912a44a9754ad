"""Pages of the log: from either end, and narrowed by what happened, to what, by whom, and when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.enums import register_enum
from app.graphql.event_types import EventType
from app.graphql.groups import Groups
from app.graphql.pages import look_through, paginate
from app.graphql.rows import of_team
from app.graphql.streams import LogCursors
from app.log.events import Event
from app.log.moments import first_since


class EventOrder(Enum):
    """From which end the log is read."""

    OLDEST_FIRST = auto()
    NEWEST_FIRST = auto()

    @property
    def columns(self) -> tuple[str]:
        return ("sequence",) if self is EventOrder.OLDEST_FIRST else ("-sequence",)


register_enum(
    EventOrder,
    name="EventOrder",
    description="From which end the activity log is read.",
    members={
        EventOrder.OLDEST_FIRST: "As it was written: what is recorded meanwhile comes at the end.",
        EventOrder.NEWEST_FIRST: "The last first: what is recorded meanwhile is not in the pages behind.",
    },
)


@dataclass(frozen=True)
class Wanted:
    """Which events: of these types, about these subjects, by these members; None is all.

    From the moment `since` on, and before the moment `until`.
    """

    types: Collection[EventType] | None = None
    subjects: Collection[UUID] | None = None
    actors: Collection[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page_of_log(wanted: Wanted, page: Arguments, *, order: EventOrder, context: Context) -> Page[Event]:
    """Return a page of those events of the caller's team. What a member did is looked through for anything else that is wanted.

    Raises CursorInvalid.
    """
    cursors = LogCursors(context.viewer.team_id)
    rows = await _between(wanted, context=context)
    if wanted.actors is not None:
        theirs = rows.filter(actor_id__in=list(wanted.actors))
        if (wanted.types, wanted.subjects) == (None, None):
            return await paginate(theirs, page, order=order.columns, cursors=cursors)
        return await look_through(theirs, page, _sought(wanted), order=order.columns, cursors=cursors)
    if wanted.subjects is not None:
        rows = rows.filter(subject_id__in=list(wanted.subjects))
    groups = Groups(("type",), [(each,) for each in sorted(wanted.types)]) if wanted.types is not None else None
    return await paginate(rows, page, order=order.columns, cursors=cursors, groups=groups)


async def _between(wanted: Wanted, *, context: Context) -> QuerySet[Event]:
    """Return the team's events of that time. The numbers bound what is looked at; the moments have the last word."""
    rows, team_id = of_team(Event, context), context.viewer.team_id
    if wanted.since is not None:
        rows = rows.filter(sequence__gte=await first_since(team_id, wanted.since), occurred_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(sequence__lt=await first_since(team_id, wanted.until), occurred_at__lt=wanted.until)
    return rows


def _sought(wanted: Wanted) -> Q:
    sought = Q()
    if wanted.types is not None:
        sought &= Q(type__in=list(wanted.types))
    if wanted.subjects is not None:
        sought &= Q(subject_id__in=list(wanted.subjects))
    return sought
