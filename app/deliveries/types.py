"""A delivery in the API."""

from datetime import datetime

import strawberry

from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.deliveries import loaders, models
from app.deliveries.links import links
from app.deliveries.models import DeliveryStatus
from app.deliveries.obstacles import has_failed, obstacle_to_a_retry
from app.deliveries.schedule import MOST_BEFORE_A_RETRY
from app.errors import Unavailable
from app.graphql.context import Info
from app.graphql.enums import register_enum
from app.graphql.fields import relation
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow
from app.graphql.relations import derived, reference
from app.graphql.scalars import URL
from app.integrations.loaders import integrations
from app.integrations.types import Integration
from app.monitors.loaders import runs
from app.monitors.schema import MonitorRun

register_enum(
    DeliveryStatus,
    name="DeliveryStatus",
    description="What became of a delivery so far.",
    members={
        DeliveryStatus.PENDING: "It waits for its first attempt.",
        DeliveryStatus.SKIPPED: "Kept quiet by the notify rule, or recorded while paused.",
        DeliveryStatus.RETRYING: "It waits for another attempt.",
        DeliveryStatus.DELIVERED: "The provider has accepted it.",
        DeliveryStatus.FAILED: "Given up; at once while the integration is stopped. `retryDelivery` tries again.",
    },
)


VIEWER_CAN_RETRY = (
    "Whether the viewer may have it tried again now, with `retryDelivery`: it has FAILED, its integration is neither stopped nor "
    f"paused, it was tried {MOST_BEFORE_A_RETRY} times at most, and the viewer is no VIEWER."
)


async def can_retry(row: models.Queued, info: Info, *, of: type[models.Queued]) -> bool:
    """Return whether the viewer may have the delivery, a row of that model, tried again: as `retrying.retry` then does."""
    if not has_failed(row) or not CHANGING.admits(info.context.viewer.role):
        return False  # without a look at what only another try of it depends on
    integration = await info.context.load(integrations, row.integration_id)
    if integration is None:
        return False
    tries = await info.context.load(loaders.tries(of), row.id)
    return obstacle_to_a_retry(row, integration, of=of, tries=tries) is None


@strawberry.type(description="One try to hand a delivery over.")
@attributes(PUBLIC_ATTRIBUTE)
class DeliveryAttempt:
    at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    succeeded: bool = strawberry.field(description="Whether the provider has accepted the message.")
    error: str | None = strawberry.field(description="The provider's own words, without secrets; null when it succeeded.")

    of = ShowsRow[models.Tried]()


@strawberry.type(description="A message as it stands at its provider.")
@attributes(PUBLIC_ATTRIBUTE)
class PostedMessage:
    row: strawberry.Private[models.Delivery]
    posted_at: datetime = strawberry.field(description="When the provider said that it stands.")
    is_answer: bool = strawberry.field(description="Whether it stands in the thread of another message.")

    url: URL | None = reference(
        links,
        str,
        by="row.id",
        description=(
            "Where it is read, in the provider's own words. Asked for there once; null where the provider has no addresses for "
            "messages or does not answer, where the message was deleted before, where an operation would ask for too many, and "
            "for VIEWERs until somebody else has asked."
        ),
    )

    @classmethod
    def of(cls, row: models.Delivery) -> "PostedMessage | None":
        if row.message_id is None or row.posted_at is None:
            return None
        return cls(row=row, posted_at=row.posted_at, is_answer=row.thread_id is not None)


@strawberry.type(description="What a run made for one integration: a message to be posted, or kept quiet.")
@attributes(PUBLIC_ATTRIBUTE)
class Delivery(Node):
    row: strawberry.Private[models.Delivery]
    status: DeliveryStatus = strawberry.field(description="What became of it so far.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next; null when it no longer waits.")
    created_at: datetime = strawberry.field(description="When the run was recorded.")

    integration: Integration = reference(
        integrations,
        Integration.of,
        by="row.integration_id",
        missing=lambda: LookupError("A delivery goes with its integration."),
        description="Whom it was made for.",
    )
    run: MonitorRun = reference(
        runs,
        MonitorRun.of,
        by="row.run_id",
        missing=lambda: Unavailable("This delivery is being removed with its run, 90 days after it: ask again without it."),
        description="What it tells of.",
    )
    message: PostedMessage | None = derived(
        PostedMessage.of,
        by="row",
        description="The message, once it stands; null where the provider has no name for one.",
    )
    attempts: list[DeliveryAttempt] = reference(
        loaders.attempts,
        lambda rows: [DeliveryAttempt.of(row) for row in rows],
        by="row.id",
        description=f"The tries to hand it over, the last {loaders.MOST_TOLD} at most, the first one first.",
        size=at_most(loaders.MOST_TOLD),
    )

    @relation(description=VIEWER_CAN_RETRY)
    async def viewer_can_retry(self, info: Info) -> bool:
        return await can_retry(self.row, info, of=models.Delivery)

    of = ShowsRow[models.Delivery]()
