"""A delivery that tells of the log, in the API. The events that it tells are added by the room that shows events."""

from datetime import datetime

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.deliveries.activity import loaders, models
from app.deliveries.loaders import MOST_TOLD
from app.deliveries.models import DeliveryStatus
from app.deliveries.types import VIEWER_CAN_RETRY, DeliveryAttempt, can_retry
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow
from app.graphql.relations import reference
from app.integrations.loaders import integrations
from app.integrations.types import Integration


@strawberry.type(
    description=(
        "What one integration tells of the team's activity log: whatever of one change it chose, in one message. Made, tried and "
        "given up like a Delivery; only its end is an event of the log, when it failed; that it is tried again is none."
    )
)
@attributes(PUBLIC_ATTRIBUTE)
class ActivityDelivery(Node):
    row: strawberry.Private[models.ActivityDelivery]
    status: DeliveryStatus = strawberry.field(description="What became of it so far.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next; null when it no longer waits.")
    created_at: datetime = strawberry.field(description="When it happened that it tells of.")
    event_count: int = strawberry.field(
        description=f"How many events it is about: more than `events` where a change recorded more than {models.MOST_NAMED}."
    )

    integration: Integration = reference(
        integrations,
        Integration.of,
        by="row.integration_id",
        missing=lambda: LookupError("A delivery goes with its integration."),
        description="Whom it was made for.",
    )
    attempts: list[DeliveryAttempt] = reference(
        loaders.attempts,
        lambda rows: [DeliveryAttempt.of(row) for row in rows],
        by="row.id",
        description=f"The tries to hand it over, the last {MOST_TOLD} at most, the first one first.",
        size=at_most(MOST_TOLD),
    )

    @relation(description=f"{VIEWER_CAN_RETRY} What it tells of is still in the log.")
    async def viewer_can_retry(self, info: Info) -> bool:
        if not await can_retry(self.row, info, of=models.ActivityDelivery):
            return False
        return not await info.context.load(loaders.forgotten, self.row.id)

    of = ShowsRow[models.ActivityDelivery]()
