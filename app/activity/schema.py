"""The activity log in the API: read in pages, or listened to."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.extensions import SchemaExtension

from app.activity.loaders import ends_of_logs
from app.deliveries import schema as deliveries
from app.events import Event as Row
from app.graphql.connections import Arguments, UncountedConnection
from app.graphql.context import Context, Info
from app.graphql.enums import publish
from app.graphql.fields import query, relation, subscription
from app.graphql.growth import Fields
from app.graphql.ids import decode_id, encode_id, type_of
from app.graphql.nodes import Node, Nodes, find_node, nodes_of
from app.graphql.pages import paginate
from app.graphql.rules import WITH_THE_OBJECT, attributes
from app.graphql.streams import LogCursors, cursor_of, follow
from app.installed_apps import schema as installed_apps
from app.installed_apps.changes import InstalledAppChange
from app.integrations import schema as integrations
from app.integrations.changes import IntegrationChange
from app.sign_ins import schema as sign_ins
from app.teams import schema as teams
from app.teams.loaders import members
from app.teams.schema import TeamMember


class EventType(StrEnum):
    INSTALLED_APP_ADDED = "INSTALLED_APP_ADDED"
    INSTALLED_APP_EDITED = "INSTALLED_APP_EDITED"
    INSTALLED_APP_DELETED = "INSTALLED_APP_DELETED"
    INSTALLED_APP_REAUTHENTICATED = "INSTALLED_APP_REAUTHENTICATED"
    INSTALLED_APP_STATUS_CHANGED = "INSTALLED_APP_STATUS_CHANGED"
    INTEGRATION_ADDED = "INTEGRATION_ADDED"
    INTEGRATION_EDITED = "INTEGRATION_EDITED"
    INTEGRATION_DELETED = "INTEGRATION_DELETED"
    INTEGRATION_REAUTHENTICATED = "INTEGRATION_REAUTHENTICATED"
    INTEGRATION_STATUS_CHANGED = "INTEGRATION_STATUS_CHANGED"
    DELIVERY_CREATED = "DELIVERY_CREATED"
    DELIVERY_SKIPPED = "DELIVERY_SKIPPED"
    DELIVERY_RETRYING = "DELIVERY_RETRYING"
    DELIVERY_SUCCEEDED = "DELIVERY_SUCCEEDED"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    AUTHORIZATION_COMPLETED = "AUTHORIZATION_COMPLETED"
    AUTHORIZATION_FAILED = "AUTHORIZATION_FAILED"
    AUTHORIZATION_REVOKED = "AUTHORIZATION_REVOKED"
    TEAM_MEMBER_ADDED = "TEAM_MEMBER_ADDED"
    TEAM_MEMBER_ROLE_CHANGED = "TEAM_MEMBER_ROLE_CHANGED"
    TEAM_MEMBER_REMOVED = "TEAM_MEMBER_REMOVED"
    ACCESS_TOKEN_CREATED = "ACCESS_TOKEN_CREATED"  # noqa: S105 - a type of event
    ACCESS_TOKEN_REVOKED = "ACCESS_TOKEN_REVOKED"  # noqa: S105 - a type of event

    @property
    def subject_type(self) -> str:
        """The name of the GraphQL type that such an event is about."""
        return next(name for prefix, name in _SUBJECTS.items() if self.startswith(prefix))


_SUBJECTS = {
    "INSTALLED_APP_": "InstalledApp",
    "INTEGRATION_": "Integration",
    "DELIVERY_": "Delivery",
    "AUTHORIZATION_": "Authorization",
    "TEAM_MEMBER_": "TeamMember",
    "ACCESS_TOKEN_": "AccessToken",
}

publish(
    EventType,
    name="EventType",
    description="What happened. New types may come: have a default branch.",
    members={
        EventType.INSTALLED_APP_ADDED: "The team has a new installed app.",
        EventType.INSTALLED_APP_EDITED: "An installed app was renamed or its client changed.",
        EventType.INSTALLED_APP_DELETED: "An installed app is gone; what used it has stopped.",
        EventType.INSTALLED_APP_REAUTHENTICATED: "An installed app has a fresh authorization; what uses it works again.",
        EventType.INSTALLED_APP_STATUS_CHANGED: "An installed app's status, or the reason for it, changed.",
        EventType.INTEGRATION_ADDED: "The team has a new integration.",
        EventType.INTEGRATION_EDITED: "An integration's name or settings changed.",
        EventType.INTEGRATION_DELETED: "An integration is gone.",
        EventType.INTEGRATION_REAUTHENTICATED: "An integration has a working authorization again.",
        EventType.INTEGRATION_STATUS_CHANGED: "An integration's status, or the reason for it, changed.",
        EventType.DELIVERY_CREATED: "A run made a delivery, to be posted or kept quiet.",
        EventType.DELIVERY_SKIPPED: "A waiting delivery was dropped: its integration was paused.",
        EventType.DELIVERY_RETRYING: "An attempt failed, or a member asked for another: there will be one more.",
        EventType.DELIVERY_SUCCEEDED: "The provider has accepted it.",
        EventType.DELIVERY_FAILED: "It was given up.",
        EventType.AUTHORIZATION_COMPLETED: "A sign-in at a provider succeeded.",
        EventType.AUTHORIZATION_FAILED: "A sign-in at a provider failed.",
        EventType.AUTHORIZATION_REVOKED: "A finished sign-in ended: given back unused, or ended by its member.",
        EventType.TEAM_MEMBER_ADDED: "The team has a new member.",
        EventType.TEAM_MEMBER_ROLE_CHANGED: "A member has another role.",
        EventType.TEAM_MEMBER_REMOVED: "A member left the team.",
        EventType.ACCESS_TOKEN_CREATED: "A member made an access token.",
        EventType.ACCESS_TOKEN_REVOKED: "An access token ended before its time.",
    },
)


@strawberry.type(description="One entry of the team's activity log.")
@attributes(WITH_THE_OBJECT)
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

    @classmethod
    def of(cls, row: Row) -> "Event":
        kind = EventType(row.type)
        return cls(
            row=row,
            id=strawberry.ID(encode_id("Event", row.id)),
            cursor=cursor_of(row),
            sequence=row.sequence,
            type=kind,
            occurred_at=row.occurred_at,
            subject_id=strawberry.ID(encode_id(kind.subject_type, row.subject_id)),
            summary=row.summary,
        )


@strawberry.input(description="Which events: those that meet all that is given.")
class EventFilter:
    types: list[EventType] | None = strawberry.field(description="Only of these types.", default=None)
    subject_id: strawberry.ID | None = strawberry.field(description="Only what happened to this.", default=None)


_Filter = Annotated[EventFilter | None, strawberry.argument(description="Only some of the events.")]
_After = Annotated[
    str | None,
    strawberry.argument(description="A cursor: first everything recorded since, then live. Without it: live from about now."),
]


@query(description="The team's activity log, append-only, oldest first; every member may read it.")
async def events(info: Info, page: Arguments, filter: _Filter = None) -> UncountedConnection[Event]:
    team_id = info.context.viewer.team_id
    rows = Row.filter(team_id=team_id)
    types, subjects = _types(filter), _subjects(filter)
    if types is not None:
        rows = rows.filter(type__in=sorted(types))
    if subjects is not None:
        rows = rows.filter(subject_id__in=list(subjects))
    return UncountedConnection.of(await paginate(rows, page, order=("sequence",), cursors=LogCursors(team_id)), Event.of)


@query(
    description=(
        "The end of the activity log, taken before anything else in this operation is read: read a list beside it, subscribe "
        "with it as `after`, and nothing that happens after this answer is missed."
    )
)
async def event_cursor(info: Info) -> str:
    return await _end_of_log(info.context)


@subscription(description="Everything in the activity log.")
async def event_recorded(info: Info, after: _After = None, filter: _Filter = None) -> AsyncGenerator[Event, None]:
    async for row in follow(info.context, after, types=_types(filter), subjects=_subjects(filter)):
        yield Event.of(row)


class EndOfLogFirst(SchemaExtension):
    """Reads the end of the log before the operation's fields run side by side, where the operation asks for it."""

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context.context
        if "eventCursor" in (self.execution_context.query or "") and context.caller is not None:
            await _end_of_log(context)
        yield


async def _end_of_log(context: Context) -> str:
    return await context.load(ends_of_logs, context.viewer.team_id)


def _types(filter: EventFilter | None) -> frozenset[str] | None:
    """Return the types that the filter leaves; where it names a subject, only those that such a thing has: None means all."""
    if filter is None or (filter.types is None and filter.subject_id is None):
        return None
    types = frozenset(EventType if filter.types is None else filter.types)
    if filter.subject_id is not None:
        about = type_of(filter.subject_id)
        types = frozenset(each for each in types if each.subject_type == about)
    return frozenset(types)


def _subjects(filter: EventFilter | None) -> frozenset[UUID] | None:
    if filter is None or filter.subject_id is None:
        return None
    key = decode_id(filter.subject_id, type_of(filter.subject_id) or "")
    return frozenset({key} if key is not None else ())


async def _events(keys: Sequence[UUID], *, context: Context) -> list[Event | None]:
    rows = {row.id: row for row in await Row.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [Event.of(rows[key]) if key in rows else None for key in keys]


QUERY = {"events": events, "event_cursor": event_cursor}
SUBSCRIPTION = {"event_recorded": event_recorded}
NODES = {Event: _events}
SUBJECTS: Nodes = nodes_of(teams.NODES, sign_ins.NODES, installed_apps.NODES, integrations.NODES, deliveries.NODES)


def _type_of_change(self: IntegrationChange | InstalledAppChange, info: Info) -> EventType:
    del info
    return EventType(self.row.type)


FIELDS: Fields = {
    change: {"type": relation(description="What happened.")(_type_of_change)}
    for change in (IntegrationChange, InstalledAppChange)
}
