"""Listening to what happens to installed apps."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.fields import relation, subscription
from app.graphql.ids import encode_id
from app.graphql.streams import cursor_of, follow
from app.installed_apps.enums import InstalledAppStatus, StatusReason
from app.installed_apps.loaders import installed_apps
from app.installed_apps.types import InstalledApp
from app.log.event_types import EventType
from app.log.events import Event as Row
from app.teams.loaders import members
from app.teams.types import TeamMember

TYPES = frozenset(
    {
        EventType.INSTALLED_APP_ADDED,
        EventType.INSTALLED_APP_EDITED,
        EventType.INSTALLED_APP_DELETED,
        EventType.INSTALLED_APP_REAUTHENTICATED,
        EventType.INSTALLED_APP_STATUS_CHANGED,
    }
)

After = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "A cursor: first everything recorded since, then live: no gap, no repeat, in order, across reconnects, restarts and "
            "replicas. Without it: live from about now."
        )
    ),
]


@strawberry.type(description="Something that happened to an installed app.")
@attributes(PUBLIC_ATTRIBUTE)
class InstalledAppChange:
    row: strawberry.Private[Row]
    cursor: str = strawberry.field(description="Opaque: a subscription given this as `after` goes on right behind it.")
    sequence: int = strawberry.field(description="Its number in the team's log.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    installed_app_id: strawberry.ID = strawberry.field(description="Which one it happened to.")
    status: InstalledAppStatus | None = strawberry.field(description="What this change made of its status, if it did.")
    previous_status: InstalledAppStatus | None = strawberry.field(description="What the status was before.")
    reason: StatusReason | None = strawberry.field(description="Why the status is what it is now.")

    @relation(description="As it is now; null once deleted.")
    async def installed_app(self, info: Info) -> InstalledApp | None:
        row = await info.context.load(installed_apps, self.row.subject_id)
        return InstalledApp.of(row) if row is not None else None

    @relation(description="Who did it; null when the server itself or a provider did.")
    async def actor(self, info: Info) -> TeamMember | None:
        member = await info.context.load(members, self.row.actor_id) if self.row.actor_id is not None else None
        return TeamMember.of(member) if member is not None else None

    @classmethod
    def of(cls, row: Row) -> "InstalledAppChange":
        return cls(
            row=row,
            cursor=cursor_of(row),
            sequence=row.sequence,
            occurred_at=row.occurred_at,
            installed_app_id=strawberry.ID(encode_id("InstalledApp", row.subject_id)),
            status=InstalledAppStatus(row.status) if row.status is not None else None,
            previous_status=InstalledAppStatus(row.previous_status) if row.previous_status is not None else None,
            reason=StatusReason(row.reason) if row.reason is not None else None,
        )


@subscription(description="Added, edited, deleted, re-authenticated and status changes of installed apps.")
async def installed_app_changed(info: Info, after: After = None) -> AsyncGenerator[InstalledAppChange, None]:
    async for row in follow(info.context, after, types=TYPES):
        yield InstalledAppChange.of(row)
