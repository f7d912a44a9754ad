"""Listening to what happens to integrations."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.errors import BadUserInput
from app.graphql.connections import LARGEST_SIZE
from app.graphql.context import Info
from app.graphql.fields import relation, subscription
from app.graphql.ids import decode_id, encode_id
from app.graphql.streams import follow
from app.installed_apps.enums import StatusReason
from app.integrations.enums import IntegrationStatus
from app.integrations.loaders import integrations
from app.integrations.types import Integration
from app.log.event_types import EventType
from app.log.events import Event as Row
from app.teams.changes import BY_WHOM, After, LoggedChange, actor_of, change_of

STATUS_TYPES = frozenset({EventType.INTEGRATION_ADDED, EventType.INTEGRATION_STATUS_CHANGED})
TYPES = STATUS_TYPES | {
    EventType.INTEGRATION_EDITED,
    EventType.INTEGRATION_DELETED,
    EventType.INTEGRATION_REAUTHENTICATED,
    EventType.INTEGRATION_WILL_STOP,
    EventType.INTEGRATION_WILL_NOT_STOP,
}

Ids = Annotated[
    list[strawberry.ID] | None, strawberry.argument(description="Only these, 1 to 100; unknown ones are ignored. Left out: all.")
]


async def _integration(self: LoggedChange, info: Info) -> Integration | None:
    found = await info.context.load(integrations, self.row.subject_id)
    return Integration.of(found) if found is not None else None


@strawberry.type(description="A change of an integration's status, or of the reason for it.")
@attributes(PUBLIC_ATTRIBUTE)
class IntegrationStatusChange(LoggedChange):
    integration_id: strawberry.ID = strawberry.field(description="Which one it happened to.")
    status: IntegrationStatus = strawberry.field(description="What this change made of it.")
    previous_status: IntegrationStatus | None = strawberry.field(description="What it was before; null: it was added.")
    reason: StatusReason | None = strawberry.field(description="Why its status is what this change made of it.")
    message: str | None = strawberry.field(description="The same in words, and what to do about it.")

    integration = relation(description="As it is now; null once deleted.")(_integration)
    actor = relation(description=BY_WHOM)(actor_of)

    @classmethod
    def of(cls, row: Row) -> "IntegrationStatusChange":
        return change_of(
            cls,
            row,
            integration_id=strawberry.ID(encode_id("Integration", row.subject_id)),
            status=IntegrationStatus(str(row.status)),
            previous_status=IntegrationStatus(row.previous_status) if row.previous_status is not None else None,
            reason=StatusReason(row.reason) if row.reason is not None else None,
        )


@strawberry.type(description="Something that happened to an integration.")
@attributes(PUBLIC_ATTRIBUTE)
class IntegrationChange(LoggedChange):
    integration_id: strawberry.ID = strawberry.field(description="Which one it happened to.")

    integration = relation(description="As it is now; null once deleted.")(_integration)
    actor = relation(description=BY_WHOM)(actor_of)

    @classmethod
    def of(cls, row: Row) -> "IntegrationChange":
        return change_of(
            cls,
            row,
            integration_id=strawberry.ID(encode_id("Integration", row.subject_id)),
        )


@subscription(description="Status changes of the team's integrations, or of the named ones. Adding one is a change from null.")
def integration_status_changed(
    info: Info, integration_ids: Ids = None, after: After = None
) -> AsyncGenerator[IntegrationStatusChange, None]:
    return follow(info.context, after, show=IntegrationStatusChange.of, types=STATUS_TYPES, subjects=_keys(integration_ids))


@subscription(
    description="Added, edited, deleted, re-authenticated, status changes of integrations, and a word before they stop."
)
def integration_changed(info: Info, integration_ids: Ids = None, after: After = None) -> AsyncGenerator[IntegrationChange, None]:
    return follow(info.context, after, show=IntegrationChange.of, types=TYPES, subjects=_keys(integration_ids))


def _keys(ids: Sequence[strawberry.ID] | None) -> frozenset[UUID] | None:
    if ids is None:
        return None
    if not 1 <= len(ids) <= LARGEST_SIZE:
        raise BadUserInput(f"`integrationIds` takes 1 to {LARGEST_SIZE}; leave it out to hear of all of them.")
    return frozenset(key for one in ids if (key := decode_id(one, "Integration")) is not None)
