"""Having a delivery that has failed tried again."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING, PUBLIC_ATTRIBUTE, attributes
from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery as ActivityRow
from app.deliveries.activity.types import ActivityDelivery
from app.deliveries.events import DeliveryChanged
from app.deliveries.models import Delivery as Row, DeliveryAttempt, DeliveryStatus, Queued, Tried
from app.deliveries.schedule import MOST_BEFORE_A_RETRY
from app.deliveries.types import Delivery
from app.errors import Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.ids import decode_id
from app.graphql.inputs import key_of, not_found
from app.integrations.models import Integration
from app.log.events import Change
from app.log.quotas import CHANGES_OF_DAY
from app.services import Services
from app.teams.permissions import recheck_role

Q = TypeVar("Q", bound=Queued)


ATTEMPTS: Mapping[type[Queued], type[Tried]] = {Row: DeliveryAttempt, ActivityRow: ActivityAttempt}
"""What is delivered, and where its attempts are."""


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
    stopped or paused, or it was tried too often.
    """

    async def start_over(change: Change) -> Q:
        await recheck_role(change, caller)
        delivery = await of.get_or_none(id=delivery_id, team_id=change.team_id).select_related("integration")
        if delivery is None or delivery.integration.is_deleted:
            raise not_found(field=["id"])
        _check(delivery, delivery.integration)
        await _check_attempts(delivery)
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


def check_goes_out(integration: Integration, *, field: Sequence[str]) -> None:
    """Raise CONFLICT, with what to do, where nothing is posted: the integration is stopped or paused."""
    if integration.is_stopped:
        message = f"“{integration.name}” is stopped: re-authenticate it first. {integration.message or ''}".rstrip()
        raise Refusal(UserErrorCode.CONFLICT, message, field=field)
    if integration.is_paused:
        raise Refusal(UserErrorCode.CONFLICT, f"“{integration.name}” is paused: resume it first.", field=field)


def _check(delivery: Queued, integration: Integration) -> None:
    if delivery.status is not DeliveryStatus.FAILED:
        raise _conflict(f"Only a delivery that has failed can be tried again, and this one is {delivery.status}.")
    check_goes_out(integration, field=["id"])


async def _check_attempts(delivery: Queued) -> None:
    last = await ATTEMPTS[type(delivery)].filter(delivery_id=delivery.id).order_by("-number").first()
    if last is not None and last.number > MOST_BEFORE_A_RETRY:
        instead = ": record the run anew" if isinstance(delivery, Row) else ""
        raise _conflict(f"This delivery was tried {last.number} times, which is as often as may be{instead}.")


def _conflict(message: str) -> Refusal:
    return Refusal(UserErrorCode.CONFLICT, message, field=["id"])
