"""What the objects of subscriptions have in common that tell what happened, from the team's log."""

from datetime import datetime
from typing import Annotated, TypeVar

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.context import Info
from app.graphql.objects import object_of
from app.graphql.streams import cursor_of
from app.log.events import Event
from app.teams.loaders import members
from app.teams.types import TeamMember

C = TypeVar("C", bound="LoggedChange")

BY_WHOM = "Who did it; null when the server itself or a provider did."

After = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "A cursor: first everything recorded since, then live: no gap, no repeat, in order, across reconnects, restarts and "
            "replicas. Without it: live from about now."
        )
    ),
]


@strawberry.type
@attributes(PUBLIC_ATTRIBUTE)
class LoggedChange:
    row: strawberry.Private[Event]
    cursor: str = strawberry.field(description="Opaque: a subscription given this as `after` goes on right behind it.")
    sequence: int = strawberry.field(description="Its number in the team's log.")
    occurred_at: datetime = strawberry.field(description="When it happened.")


def change_of(cls: type[C], row: Event, **given: object) -> C:
    """Return the change that the row tells of: what is not given is the row's own."""
    return object_of(cls, row, cursor=cursor_of(row), **given)


async def actor_of(self: LoggedChange, info: Info) -> TeamMember | None:
    """Return who did it."""
    member = await info.context.load(members, self.row.actor_id) if self.row.actor_id is not None else None
    return TeamMember.of(member) if member is not None else None
