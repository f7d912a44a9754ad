"""Deliveries in the API: the run log, listening, and what may be done."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.deliveries import loaders
from app.deliveries.activity import loaders as activity
from app.deliveries.activity.types import ActivityDelivery
from app.deliveries.models import Delivery as Row, DeliveryStatus
from app.deliveries.recording import record_monitor_run
from app.deliveries.retrying import retry_delivery
from app.deliveries.testing import test_integration
from app.deliveries.types import Delivery
from app.graphql.connections import Arguments, Page, UncountedConnection
from app.graphql.context import Batch, Info
from app.graphql.extension import Fields
from app.graphql.fields import relation, subscription
from app.graphql.ids import decode_id, encode_id
from app.graphql.objects import object_of, objects_by_id
from app.graphql.relations import Narrowing, pages
from app.graphql.streams import cursor_of, follow
from app.integrations.types import Integration
from app.log.event_types import EventType
from app.log.events import Event
from app.monitors.schema import MonitorRun

_TYPES = frozenset(
    {
        EventType.DELIVERY_CREATED,
        EventType.DELIVERY_SKIPPED,
        EventType.DELIVERY_RETRYING,
        EventType.DELIVERY_SUCCEEDED,
        EventType.DELIVERY_FAILED,
    }
)


@strawberry.type(description="A delivery was created, or its status changed.")
@attributes(PUBLIC_ATTRIBUTE)
class DeliveryChange:
    event: strawberry.Private[Event]
    cursor: str = strawberry.field(description="Pass it as `after` to go on right behind this change.")
    sequence: int = strawberry.field(description="Its number in the team's activity log.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    delivery_id: strawberry.ID = strawberry.field(description="The delivery's id, also when it is gone.")
    status: DeliveryStatus = strawberry.field(description="What this change made of it.")

    @relation(description="As it is now; null once its integration was deleted, or 90 days after its run.")
    async def delivery(self, info: Info) -> Delivery | None:
        row = await info.context.load(loaders.deliveries, self.event.subject_id)
        return Delivery.of(row) if row is not None else None

    @classmethod
    def of(cls, event: Event) -> "DeliveryChange":
        return object_of(
            cls,
            event,
            event=event,
            cursor=cursor_of(event),
            delivery_id=strawberry.ID(encode_id("Delivery", event.subject_id)),
            status=DeliveryStatus(str(event.status)),
        )


@subscription(description="Deliveries that are created and every change of their status, of the team or of one integration.")
def delivery_changed(
    info: Info,
    integration_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="Only this integration's; an id that the team has not hears nothing."),
    ] = None,
    after: Annotated[
        str | None,
        strawberry.argument(description="A cursor: first everything recorded since, then live. Without it: live from about now."),
    ] = None,
) -> AsyncGenerator[DeliveryChange, None]:
    return follow(info.context, after, show=DeliveryChange.of, types=_TYPES, parents=_only(integration_id))


def _only(integration_id: str | None) -> frozenset[UUID] | None:
    if integration_id is None:
        return None
    key = decode_id(integration_id, "Integration")
    return frozenset({key} if key is not None else ())


@strawberry.input(description="Which deliveries: those that meet all that is given.")
class DeliveryFilter:
    statuses: list[DeliveryStatus] | None = strawberry.field(default=None, description="Only in one of these statuses.")


_Filter = Annotated[DeliveryFilter | None, strawberry.argument(description="Only some of them.")]


def _narrow(filter: DeliveryFilter) -> Batch[tuple[UUID, Arguments], Page[Row]]:
    return loaders.deliveries_of if filter.statuses is None else loaders.deliveries_in(frozenset(filter.statuses))


MUTATION = {"record_monitor_run": record_monitor_run, "retry_delivery": retry_delivery, "test_integration": test_integration}
SUBSCRIPTION = {"delivery_changed": delivery_changed}
FIELDS: Fields = {
    Integration: {
        "deliveries": pages(
            loaders.deliveries_of,
            UncountedConnection,
            Delivery.of,
            by="row.id",
            type=UncountedConnection[Delivery],
            description="The run log: newest first.",
            narrowed=Narrowing(_Filter, _narrow),
        ),
        "activity_deliveries": pages(
            activity.deliveries_of,
            UncountedConnection,
            ActivityDelivery.of,
            by="row.id",
            type=UncountedConnection[ActivityDelivery],
            description="What it told of the team's activity log, newest first: none where its kind does not tell of it.",
        ),
    },
    MonitorRun: {
        "deliveries": pages(
            loaders.deliveries_of_runs,
            UncountedConnection,
            Delivery.of,
            by="row.id",
            type=UncountedConnection[Delivery],
            description="What it made: one for each integration that heard of it, in an order that stays.",
        )
    },
}
NODES: dict[type, Batch[UUID, Any]] = {
    Delivery: objects_by_id(Delivery.of, loaders.deliveries),
    ActivityDelivery: objects_by_id(ActivityDelivery.of, activity.deliveries),
}
