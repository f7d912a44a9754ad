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
    rows, page = await _between(wanted, page, order=order, cursors=cursors, context=context)
    if wanted.actors is not None:
        theirs = rows.filter(actor_id__in=list(wanted.actors))
        if (wanted.types, wanted.subjects) == (None, None):
            return await paginate(theirs, page, order=order.columns, cursors=cursors)
        return await look_through(theirs, page, _sought(wanted), order=order.columns, cursors=cursors)
    if wanted.subjects is not None:
        rows = rows.filter(subject_id__in=list(wanted.subjects))
    groups = Groups(("type",), [(each,) for each in sorted(wanted.types)]) if wanted.types is not None else None
    return await paginate(rows, page, order=order.columns, cursors=cursors, groups=groups)


async def _between(
    wanted: Wanted, page: Arguments, *, order: EventOrder, cursors: LogCursors, context: Context
) -> tuple[QuerySet[Event], Arguments]:
    """Return the team's events of that time, and the page that is to be read of them.

    The numbers bound what is looked at; the moments have the last word. On each side there is one bound: of two SQLite goes by
    the one that it is told first, however far off that is.
    """
    rows, team_id = of_team(Event, context), context.viewer.team_id
    low, high = ("after", "before") if order is EventOrder.OLDEST_FIRST else ("before", "after")
    if wanted.since is not None:
        rows, first = rows.filter(occurred_at__gte=wanted.since), await first_since(team_id, wanted.since)
        if (cursor := getattr(page, low)) is None:
            rows = rows.filter(sequence__gte=first)
        else:
            page = _set(page, low, cursors.write([max(*cursors.read(cursor), first - 1)]))
    if wanted.until is not None:
        rows, end = rows.filter(occurred_at__lt=wanted.until), await first_since(team_id, wanted.until)
        if (cursor := getattr(page, high)) is None:
            rows = rows.filter(sequence__lt=end)
        else:
            page = _set(page, high, cursors.write([min(*cursors.read(cursor), end)]))
    return rows, page


def _set(page: Arguments, side: str, cursor: str) -> Arguments:
    return page._replace(after=cursor) if side == "after" else page._replace(before=cursor)


def _sought(wanted: Wanted) -> Q:
    sought = Q()
    if wanted.types is not None:
        sought &= Q(type__in=list(wanted.types))
    if wanted.subjects is not None:
        sought &= Q(subject_id__in=list(wanted.subjects))
    return sought
