"""The activity log in the API: read in pages, or listened to."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, attributes
from app.activity import loaders
from app.activity.reading import EventOrder, Wanted, page_of_log
from app.deliveries import schema as deliveries
from app.deliveries.activity.models import MOST_NAMED
from app.deliveries.activity.types import ActivityDelivery
from app.graphql.connections import Arguments, UncountedConnection
from app.graphql.context import Context, Info
from app.graphql.event_types import EventType
from app.graphql.execution.first import First
from app.graphql.extension import Fields
from app.graphql.fields import query, relation, subscription
from app.graphql.ids import decode_id, encode_id, type_of
from app.graphql.lists import at_most
from app.graphql.nodes import Node, Nodes, find_node, nodes_of
from app.graphql.objects import object_of, objects_by_id
from app.graphql.relations import reference
from app.graphql.row_search import PAGE_HOW_FAR
from app.graphql.streams import LogCursors, cursor_of, follow
from app.installed_apps import schema as installed_apps
from app.installed_apps.subscriptions import InstalledAppChange
from app.integrations import schema as integrations
from app.integrations.subscriptions import IntegrationChange
from app.log.events import Event as Row
from app.sign_ins import schema as sign_ins
from app.teams import schema as teams
from app.teams.loaders import members
from app.teams.types import TeamMember


@strawberry.type(description="Where the request came from that did something.")
@attributes(PUBLIC_ATTRIBUTE)
class EventOrigin:
    address: str = strawberry.field(
        description="The client's address, IPv4 or IPv6, as the operator's own proxies know it; `unknown` where it has none."
    )
    user_agent: str | None = strawberry.field(description="What the client says it is, at most 256 characters; null: nothing.")
    token_last_four: str | None = strawberry.field(
        description="The last four characters of the access token that it came with; null for a browser session."
    )


@strawberry.type(description="One entry of the team's activity log.")
@attributes(PUBLIC_ATTRIBUTE)
class Event(Node):
    row: strawberry.Private[Row]
    cursor: str = strawberry.field(description="Opaque: a subscription given this as `after` goes on right behind it.")
    sequence: int = strawberry.field(description="1, 2, 3, … within the team, without gaps.")
    type: EventType = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    subject_id: strawberry.ID = strawberry.field(description="The id of what it happened to.")
    summary: str = strawberry.field(description="A sentence for people.")

    @relation(description="Who did it; null when the server itself or a provider did.")
    async def actor(self, info: Info) -> TeamMember | None:
        if self.row.actor_id is None:
            return None
        member = await info.context.load(members, self.row.actor_id)
        return TeamMember.of(member) if member is not None else None

    @relation(description="What it happened to; null once that is gone, and for another member's authorization.")
    async def subject(self, info: Info) -> Node | None:
        return await find_node(self.subject_id, nodes=SUBJECTS, context=info.context)

    @relation(
        description=(
            "Where the request came from that did it. Null but for admins, and where no request did it: the server itself, its "
            "command line, a provider."
        )
    )
    def origin(self, info: Info) -> EventOrigin | None:
        found = self.row.origin if ADMINISTERING.admits(info.context.viewer.role) else None
        if found is None:
            return None
        return EventOrigin(address=found.address, user_agent=found.user_agent, token_last_four=found.token_last_four)

    @classmethod
    def of(cls, row: Row) -> "Event":
        kind = EventType(row.type)
        return object_of(
            cls, row, cursor=cursor_of(row), type=kind, subject_id=strawberry.ID(encode_id(kind.subject_type, row.subject_id))
        )


@strawberry.input(description="Which events: those that meet all that is given.")
class EventFilter:
    types: list[EventType] | None = strawberry.field(description="Only of these types.", default=None)
    subject_id: strawberry.ID | None = strawberry.field(description="Only what happened to this.", default=None)
    actor_id: strawberry.ID | None = strawberry.field(
        description=f"Only what this member did. In the list, anything else is looked for in that. {PAGE_HOW_FAR}", default=None
    )


_Filter = Annotated[EventFilter | None, strawberry.argument(description="Only some of the events.")]
_After = Annotated[
    str | None,
    strawberry.argument(description="A cursor: first everything recorded since, then live. Without it: live from about now."),
]
_Since = Annotated[datetime | None, strawberry.argument(description="Only what happened at this moment or later.")]
_Until = Annotated[datetime | None, strawberry.argument(description="Only what happened before this moment.")]
_Order = Annotated[EventOrder, strawberry.argument(description="From which end. A cursor is good for both.")]


@query(description="The team's activity log, append-only, oldest first unless `order` says otherwise; every member may read it.")
async def events(
    info: Info,
    page: Arguments,
    *,
    filter: _Filter = None,
    since: _Since = None,
    until: _Until = None,
    order: _Order = EventOrder.OLDEST_FIRST,
) -> UncountedConnection[Event]:
    wanted = Wanted(_types(filter), _subjects(filter), _actors(filter), since, until)
    return UncountedConnection.of(await page_of_log(wanted, page, order=order, context=info.context), Event.of)


@query(
    description=(
        "The end of the activity log, taken before anything else in this operation is read: read a list beside it, subscribe "
        "with it as `after`, and nothing that happens after this answer is missed."
    )
)
async def event_cursor(info: Info) -> str:
    return await _end_of_log(info.context)


@subscription(description="Everything in the activity log.")
def event_recorded(info: Info, after: _After = None, filter: _Filter = None) -> AsyncGenerator[Event, None]:
    types, subjects, actors = _types(filter), _subjects(filter), _actors(filter)
    return follow(info.context, after, show=Event.of, types=types, subjects=subjects, actors=actors)


async def _end_of_log(context: Context) -> str:
    team_id = context.viewer.team_id
    return LogCursors(team_id).write([await context.load(loaders.lengths_of_logs, team_id)])


FIRST: First = {"eventCursor": _end_of_log}


def _types(filter: EventFilter | None) -> frozenset[EventType] | None:
    """Return the types that the filter leaves; where it names a subject, only those that such a thing has: None means all."""
    if filter is None or (filter.types is None and filter.subject_id is None):
        return None
    types = frozenset(EventType if filter.types is None else filter.types)
    if filter.subject_id is not None:
        about = type_of(filter.subject_id)
        types = frozenset(each for each in types if each.subject_type == about)
    return types


def _subjects(filter: EventFilter | None) -> frozenset[UUID] | None:
    if filter is None or filter.subject_id is None:
        return None
    key = decode_id(filter.subject_id, type_of(filter.subject_id) or "")
    return frozenset({key} if key is not None else ())


def _actors(filter: EventFilter | None) -> frozenset[UUID] | None:
    if filter is None or filter.actor_id is None:
        return None
    key = decode_id(filter.actor_id, "TeamMember")
    return frozenset({key} if key is not None else ())


QUERY = {"events": events, "event_cursor": event_cursor}
SUBSCRIPTION = {"event_recorded": event_recorded}
NODES = {Event: objects_by_id(Event.of, loaders.events)}
SUBJECTS: Nodes = nodes_of(teams.NODES, sign_ins.NODES, installed_apps.NODES, integrations.NODES, deliveries.NODES)


def _type_of_change(self: IntegrationChange | InstalledAppChange, info: Info) -> EventType:
    del info
    return EventType(self.row.type)


FIELDS: Fields = {
    **{
        change: {"type": relation(description="What happened.")(_type_of_change)}
        for change in (IntegrationChange, InstalledAppChange)
    },
    ActivityDelivery: {
        "events": reference(
            loaders.told_by,
            lambda rows: [Event.of(row) for row in rows],
            by="row.id",
            type=list[Event],
            description=f"What it tells of, in the log's order: the first {MOST_NAMED} of a change.",
            size=at_most(MOST_NAMED),
        )
    },
}
