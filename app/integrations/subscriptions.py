"""Listening to what happens to integrations."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import BadUserInput
from app.graphql.connections import LARGEST_SIZE
from app.graphql.context import Info
from app.graphql.fields import relation, subscription
from app.graphql.ids import decode_id, encode_id
from app.graphql.streams import cursor_of, follow
from app.installed_apps.enums import StatusReason
from app.installed_apps.subscriptions import After
from app.integrations.enums import IntegrationStatus
from app.integrations.loaders import integrations
from app.integrations.types import Integration
from app.log.event_types import EventType
from app.log.events import Event as Row
from app.teams.loaders import members
from app.teams.types import TeamMember

STATUS_TYPES = frozenset({EventType.INTEGRATION_ADDED, EventType.INTEGRATION_STATUS_CHANGED})
TYPES = STATUS_TYPES | {EventType.INTEGRATION_EDITED, EventType.INTEGRATION_DELETED, EventType.INTEGRATION_REAUTHENTICATED}

Ids = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="Only these, 1 to 100; unknown ones are ignored. Left out: all.")
]


@strawberry.type(description="A change of an integration's status, or of the reason for it.")
@attributes(PUBLIC_ATTRIBUTE)
class IntegrationStatusChange:
    row: strawberry.Private[Row]
    cursor: str = strawberry.field(description="Opaque: a subscription given this as `after` goes on right behind it.")
    sequence: int = strawberry.field(description="Its number in the team's log.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    integration_id: strawberry.ID = strawberry.field(description="Which one it happened to.")
    status: IntegrationStatus = strawberry.field(description="What this change made of it.")
    previous_status: IntegrationStatus | None = strawberry.field(description="What it was before; null: it was added.")
    reason: StatusReason | None = strawberry.field(description="Why its status is what this change made of it.")
    message: str | None = strawberry.field(description="The same in words, and what to do about it.")

    @relation(description="As it is now; null once deleted.")
    async def integration(self, info: Info) -> Integration | None:
        return await _integration(self.row, info)

    @relation(description="Who did it; null when the server itself or a provider did.")
    async def actor(self, info: Info) -> TeamMember | None:
        return await _actor(self.row, info)

    @classmethod
    def of(cls, row: Row) -> "IntegrationStatusChange":
        return cls(
            row=row,
            cursor=cursor_of(row),
            sequence=row.sequence,
            occurred_at=row.occurred_at,
            integration_id=strawberry.ID(encode_id("Integration", row.subject_id)),
            status=IntegrationStatus(str(row.status)),
            previous_status=IntegrationStatus(row.previous_status) if row.previous_status is not None else None,
            reason=StatusReason(row.reason) if row.reason is not None else None,
            message=row.message,
        )


@strawberry.type(description="Something that happened to an integration.")
@attributes(PUBLIC_ATTRIBUTE)
class IntegrationChange:
    row: strawberry.Private[Row]
    cursor: str = strawberry.field(description="Opaque: a subscription given this as `after` goes on right behind it.")
    sequence: int = strawberry.field(description="Its number in the team's log.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    integration_id: strawberry.ID = strawberry.field(description="Which one it happened to.")

    @relation(description="As it is now; null once deleted.")
    async def integration(self, info: Info) -> Integration | None:
        return await _integration(self.row, info)

    @relation(description="Who did it; null when the server itself or a provider did.")
    async def actor(self, info: Info) -> TeamMember | None:
        return await _actor(self.row, info)

    @classmethod
    def of(cls, row: Row) -> "IntegrationChange":
        return cls(
            row=row,
            cursor=cursor_of(row),
            sequence=row.sequence,
            occurred_at=row.occurred_at,
            integration_id=strawberry.ID(encode_id("Integration", row.subject_id)),
        )


@subscription(description="Status changes of the team's integrations, or of the named ones. Adding one is a change from null.")
async def integration_status_changed(
    info: Info, integration_ids: Ids = None, after: After = None
) -> AsyncGenerator[IntegrationStatusChange, None]:
    async for row in follow(info.context, after, types=STATUS_TYPES, subjects=_keys(integration_ids)):
        yield IntegrationStatusChange.of(row)


@subscription(description="Added, edited, deleted, re-authenticated and status changes of integrations.")
async def integration_changed(
    info: Info, integration_ids: Ids = None, after: After = None
) -> AsyncGenerator[IntegrationChange, None]:
    async for row in follow(info.context, after, types=TYPES, subjects=_keys(integration_ids)):
        yield IntegrationChange.of(row)


def _keys(ids: Sequence[strawberry.ID] | None) -> frozenset[UUID] | None:
    if ids is None:
        return None
    if not 1 <= len(ids) <= LARGEST_SIZE:
        raise BadUserInput(f"`integrationIds` takes 1 to {LARGEST_SIZE}; leave it out to hear of all of them.")
    return frozenset(key for one in ids if (key := decode_id(one, "Integration")) is not None)


async def _integration(row: Row, info: Info) -> Integration | None:
    found = await info.context.load(integrations, row.subject_id)
    return Integration.of(found) if found is not None else None


async def _actor(row: Row, info: Info) -> TeamMember | None:
    found = await info.context.load(members, row.actor_id) if row.actor_id is not None else None
    return TeamMember.of(found) if found is not None else None
