"""Listening to what happens to installed apps."""

from collections.abc import AsyncGenerator

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.fields import relation, subscription
from app.graphql.ids import encode_id
from app.graphql.streams import follow
from app.installed_apps.enums import InstalledAppStatus, StatusReason
from app.installed_apps.loaders import installed_apps
from app.installed_apps.types import InstalledApp
from app.log.event_types import EventType
from app.log.events import Event as Row
from app.teams.changes import BY_WHOM, After, LoggedChange, actor_of, change_of

TYPES = frozenset(
    {
        EventType.INSTALLED_APP_ADDED,
        EventType.INSTALLED_APP_EDITED,
        EventType.INSTALLED_APP_DELETED,
        EventType.INSTALLED_APP_REAUTHENTICATED,
        EventType.INSTALLED_APP_STATUS_CHANGED,
        EventType.INSTALLED_APP_WILL_STOP,
        EventType.INSTALLED_APP_WILL_NOT_STOP,
    }
)


@strawberry.type(description="Something that happened to an installed app.")
@attributes(PUBLIC_ATTRIBUTE)
class InstalledAppChange(LoggedChange):
    installed_app_id: strawberry.ID = strawberry.field(description="Which one it happened to.")
    status: InstalledAppStatus | None = strawberry.field(description="What this change made of its status, if it did.")
    previous_status: InstalledAppStatus | None = strawberry.field(description="What the status was before.")
    reason: StatusReason | None = strawberry.field(description="Why the status is what it is now.")

    @relation(description="As it is now; null once deleted.")
    async def installed_app(self, info: Info) -> InstalledApp | None:
        row = await info.context.load(installed_apps, self.row.subject_id)
        return InstalledApp.of(row) if row is not None else None

    actor = relation(description=BY_WHOM)(actor_of)

    @classmethod
    def of(cls, row: Row) -> "InstalledAppChange":
        return change_of(
            cls,
            row,
            installed_app_id=strawberry.ID(encode_id("InstalledApp", row.subject_id)),
            status=InstalledAppStatus(row.status) if row.status is not None else None,
            previous_status=InstalledAppStatus(row.previous_status) if row.previous_status is not None else None,
            reason=StatusReason(row.reason) if row.reason is not None else None,
        )


@subscription(
    description="Added, edited, deleted, re-authenticated, status changes of installed apps, and a word before they stop."
)
def installed_app_changed(info: Info, after: After = None) -> AsyncGenerator[InstalledAppChange, None]:
    return follow(info.context, after, show=InstalledAppChange.of, types=TYPES)
