"""Having a delivery that has failed tried again."""

from typing import TypeVar
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.deliveries.activity.models import ActivityDelivery as ActivityRow
from app.deliveries.activity.reports import read_report
from app.deliveries.activity.types import ActivityDelivery
from app.deliveries.events import DeliveryChanged
from app.deliveries.models import Delivery as Row, DeliveryStatus, Queued
from app.deliveries.obstacles import obstacle_to_a_retry
from app.deliveries.types import Delivery
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.ids import decode_id
from app.graphql.inputs import key_of, not_found
from app.log.events import Change
from app.log.horizon import KEPT_FOR
from app.log.quotas import CHANGES_OF_DAY
from app.services import Services
from app.teams.permissions import recheck_role

Q = TypeVar("Q", bound=Queued)

_FORGOTTEN = (
    f"What this delivery is about is no longer in the team's activity log, which keeps events for {KEPT_FOR.days} days: "
    "leave it as it is. What happens from now on is told all the same."
)


@strawberry.input(description="Which delivery to try again.")
class RetryDeliveryInput:
    id: strawberry.ID = strawberry.field(description="A Delivery or an ActivityDelivery that has FAILED.")


@strawberry.type(description="What `retryDelivery` answers.")
@attributes(PUBLIC_ATTRIBUTE)
class RetryDeliveryPayload:
    delivery: Delivery | None = strawberry.field(description="The delivery of a run, about to be tried.", default=None)
    activity_delivery: ActivityDelivery | None = strawberry.field(
        description="What tells of the team's activity log, about to be tried.", default=None
    )
    user_errors: list[UserError] = strawberry.field(description="Why it is not tried again.", default_factory=list)


@mutation(CHANGING, description="Try a failed delivery again: of a run, or of the team's activity log.")
async def retry_delivery(info: Info, input: RetryDeliveryInput) -> RetryDeliveryPayload:
    context = info.context
    telling = decode_id(input.id, "ActivityDelivery")
    if telling is not None:
        told = await retry(telling, of=ActivityRow, caller=context.viewer, services=context.services)
        return RetryDeliveryPayload(activity_delivery=ActivityDelivery.of(told))
    key = key_of(input.id, "Delivery", field=["id"])
    return RetryDeliveryPayload(delivery=Delivery.of(await retry(key, of=Row, caller=context.viewer, services=context.services)))


async def retry(delivery_id: UUID, *, of: type[Q], caller: Caller, services: Services) -> Q:
    """Try a failed delivery again: at once, and with the whole schedule before it.

    Raises FORBIDDEN for who may only read; NOT_FOUND; CONFLICT, with what to do, when it has not failed, its integration is
    stopped or paused, it was tried too often, or nothing is left of what it tells.
    """

    async def start_over(change: Change) -> Q:
        await recheck_role(change, caller)
        delivery = await of.get_or_none(id=delivery_id, team_id=change.team_id).select_related("integration")
        if delivery is None or delivery.integration.is_deleted:
            raise not_found(field=["id"])
        obstacle = obstacle_to_a_retry(delivery, delivery.integration, of=of, tries=await _tries(delivery))
        if obstacle is None and isinstance(delivery, ActivityRow) and await read_report(delivery) is None:
            obstacle = _FORGOTTEN
        if obstacle is not None:
            raise Refusal(UserErrorCode.CONFLICT, obstacle, field=["id"])
        delivery.start_over(change.now)
        await delivery.save()
        await _record(change, delivery)
        return delivery

    return await services.events.change(caller.team_id, start_over, actor=caller.actor)


async def _record(change: Change, delivery: Queued) -> None:
    if not isinstance(delivery, Row):
        change.spend(CHANGES_OF_DAY)  # it counts as one, though the log does not tell of telling itself
        return
    integration = delivery.integration
    await change.record(
        DeliveryChanged(delivery.id, integration.id, integration.name, DeliveryStatus.RETRYING, DeliveryStatus.FAILED)
    )


async def _tries(delivery: Queued) -> int:
    last = await delivery.attempt_model.filter(delivery_id=delivery.id).order_by("-number").first()
    return last.number if last is not None else 0
