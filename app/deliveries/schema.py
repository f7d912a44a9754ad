"""Deliveries in the API: what runs made, reporting a run, trying again, listening."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.access.callers import Role, Scope
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, Rule, attributes
from app.deliveries import actions, loaders, models
from app.deliveries.models import DeliveryStatus
from app.deliveries.notices import notice_of
from app.errors import DatabaseAway, Unavailable
from app.graphql.connections import Arguments, UncountedConnection
from app.graphql.context import Batch, Info
from app.graphql.enums import register_enum
from app.graphql.errors import UserError
from app.graphql.extension import Fields
from app.graphql.fields import mutation, relation, subscription
from app.graphql.ids import decode_id, encode_id
from app.graphql.inputs import key_of
from app.graphql.lists import at_most
from app.graphql.nodes import Node
from app.graphql.objects import object_of, objects_by_id
from app.graphql.scalars import URL
from app.graphql.streams import cursor_of, follow
from app.integrations.loaders import integrations
from app.integrations.schema import Integration
from app.log.event_types import EventType
from app.log.events import Event
from app.monitors.actions import record_run
from app.monitors.loaders import runs
from app.monitors.models import Failure, RunOutcome
from app.monitors.reported import ReportedRun
from app.monitors.schema import MonitorRun
from app.storage.outages import unknown

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

_TYPES = frozenset(
    {
        EventType.DELIVERY_CREATED,
        EventType.DELIVERY_SKIPPED,
        EventType.DELIVERY_RETRYING,
        EventType.DELIVERY_SUCCEEDED,
        EventType.DELIVERY_FAILED,
    }
)


@strawberry.type(description="One try to hand a delivery over.")
@attributes(PUBLIC_ATTRIBUTE)
class DeliveryAttempt:
    at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    succeeded: bool = strawberry.field(description="Whether the provider has accepted the message.")
    error: str | None = strawberry.field(description="The provider's own words, without secrets; null when it succeeded.")

    @classmethod
    def of(cls, row: models.DeliveryAttempt) -> "DeliveryAttempt":
        return object_of(cls, row)


@strawberry.type(description="What a run made for one integration: a message to be posted, or kept quiet.")
@attributes(PUBLIC_ATTRIBUTE)
class Delivery(Node):
    row: strawberry.Private[models.Delivery]
    status: DeliveryStatus = strawberry.field(description="What became of it so far.")
    next_attempt_at: datetime | None = strawberry.field(description="When it is tried next; null when it no longer waits.")
    created_at: datetime = strawberry.field(description="When the run was recorded.")

    @relation(description="Whom it was made for.")
    async def integration(self, info: Info) -> Integration:
        integration = await info.context.load(integrations, self.row.integration_id)
        if integration is None:
            raise LookupError("A delivery goes with its integration.")
        return Integration.of(integration)

    @relation(description="What it tells of.")
    async def run(self, info: Info) -> MonitorRun:
        run = await info.context.load(runs, self.row.run_id)
        if run is None:
            raise Unavailable("This delivery is being removed with its run, 90 days after it: ask again without it.")
        return MonitorRun.of(run)

    @relation(
        description=f"The tries to hand it over, the last {loaders.MOST_TOLD} at most, the first one first.",
        size=at_most(loaders.MOST_TOLD),
    )
    async def attempts(self, info: Info) -> list[DeliveryAttempt]:
        return [DeliveryAttempt.of(row) for row in await info.context.load(loaders.attempts, self.row.id)]

    @classmethod
    def of(cls, row: models.Delivery) -> "Delivery":
        return object_of(cls, row)


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


@strawberry.input(description="A test that failed, or an error.")
class MonitorRunFailureInput:
    name: str = strawberry.field(description="The test's name; cut at 1,000 characters.")
    message: str = strawberry.field(description="What it says; cut at 1,000 characters.")


@strawberry.input(description="One finished run of a monitor.")
class RecordMonitorRunInput:
    monitor_key: str = strawberry.field(
        description="Your own name for the monitor, 1 to 200 characters; the monitor is made by the first run that names it."
    )
    monitor_name: str | None = strawberry.field(
        description="For people; renames the monitor. Left out, it keeps its name, at first the key.", default=None
    )
    run_id: str = strawberry.field(description="Your own name for the run, 1 to 200 characters, unique in the monitor.")
    outcome: RunOutcome = strawberry.field(description="How it ended.")
    started_at: datetime = strawberry.field(description="When it began.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds; 0 where you do not know.")
    request_count: int = strawberry.field(description="How many requests it made.", default=0)
    test_count: int = strawberry.field(description="How many tests it ran.", default=0)
    failed_test_count: int = strawberry.field(description="How many of the tests failed.", default=0)
    error_count: int = strawberry.field(description="How many requests or scripts could not be run to their end.", default=0)
    failures: list[MonitorRunFailureInput] = strawberry.field(
        description="At most 100; names and messages are cut at 1,000 characters.", default_factory=list
    )
    url: URL | None = strawberry.field(description="Where to read more about it.", default=None)

    def reported(self) -> ReportedRun:
        return ReportedRun(
            monitor_key=self.monitor_key,
            monitor_name=self.monitor_name,
            run_id=self.run_id,
            outcome=self.outcome,
            started_at=self.started_at,
            duration_ms=self.duration_ms,
            request_count=self.request_count,
            test_count=self.test_count,
            failed_test_count=self.failed_test_count,
            error_count=self.error_count,
            failures=tuple(Failure(failure.name, failure.message) for failure in self.failures),
            url=self.url,
        )


@strawberry.type(description="What `recordMonitorRun` answers.")
@attributes(PUBLIC_ATTRIBUTE)
class RecordMonitorRunPayload:
    run: MonitorRun | None = strawberry.field(
        description="The run; the first one when it had been recorded before.", default=None
    )
    deliveries: list[Delivery] = strawberry.field(
        description="The ones that this run made, at most 100; all of them stand in their integrations' run logs.",
        default_factory=list,
        metadata=at_most(loaders.MOST_MADE),
    )
    notice: str | None = strawberry.field(
        description=(
            "Why nothing comes of the run, for whoever reports it: no integration listens to its monitor, those that do are"
            " stopped or paused, it was recorded before, or nothing ran."
            " Null where all is well, also where a notify rule keeps quiet."
        ),
        default=None,
    )
    user_errors: list[UserError] = strawberry.field(description="Why nothing was recorded.", default_factory=list)


@strawberry.input(description="Which delivery to try again.")
class RetryDeliveryInput:
    id: strawberry.ID = strawberry.field(description="A delivery that has FAILED.")


@strawberry.type(description="What `retryDelivery` answers.")
@attributes(PUBLIC_ATTRIBUTE)
class RetryDeliveryPayload:
    delivery: Delivery | None = strawberry.field(description="The delivery, about to be tried.", default=None)
    user_errors: list[UserError] = strawberry.field(description="Why it is not tried again.", default_factory=list)


RECORDING_RUNS = Rule(Role.MEMBER, (Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE))


@mutation(
    RECORDING_RUNS,
    description=(
        "Report one finished run of a monitor. The same runId of the same monitor again changes nothing and returns the first."
    ),
)
async def record_monitor_run(info: Info, input: RecordMonitorRunInput) -> RecordMonitorRunPayload:
    context = info.context
    recorded = await record_run(input.reported(), caller=context.viewer, services=context.services)
    try:
        made = await loaders.made_by(recorded.run.id, context=context)
        notice = await notice_of(recorded)
    except DatabaseAway as away:  # by itself it would say that nothing was written
        raise unknown(away.fault) from away
    return RecordMonitorRunPayload(run=MonitorRun.of(recorded.run), deliveries=[Delivery.of(row) for row in made], notice=notice)


@mutation(CHANGING, description="Try a failed delivery again.")
async def retry_delivery(info: Info, input: RetryDeliveryInput) -> RetryDeliveryPayload:
    context = info.context
    key = key_of(input.id, "Delivery", field=["id"])
    return RetryDeliveryPayload(delivery=Delivery.of(await actions.retry(key, caller=context.viewer, services=context.services)))


@relation(description="The run log: newest first.", name="deliveries")
async def deliveries_of_integration(root: Integration, info: Info, page: Arguments) -> UncountedConnection[Delivery]:
    return UncountedConnection.of(await info.context.load(loaders.deliveries_of, (root.row.id, page)), Delivery.of)


@subscription(description="Deliveries that are created and every change of their status, of the team or of one integration.")
async def delivery_changed(
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
    async for event in follow(info.context, after, types=_TYPES, parents=_only(integration_id)):
        yield DeliveryChange.of(event)


def _only(integration_id: str | None) -> frozenset[UUID] | None:
    if integration_id is None:
        return None
    key = decode_id(integration_id, "Integration")
    return frozenset({key} if key is not None else ())


MUTATION = {"record_monitor_run": record_monitor_run, "retry_delivery": retry_delivery}
SUBSCRIPTION = {"delivery_changed": delivery_changed}
FIELDS: Fields = {Integration: {"deliveries": deliveries_of_integration}}
NODES: dict[type, Batch[UUID, Any]] = {Delivery: objects_by_id(Delivery.of, loaders.deliveries)}
