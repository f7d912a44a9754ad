"""Having a test message posted, on the very way of all others, and hearing at once what became of it."""

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import CHANGING_OWN, PUBLIC_ATTRIBUTE, attributes
from app.deliveries.holding_back import find_queue
from app.deliveries.models import Delivery as Row, DeliveryStatus
from app.deliveries.obstacles import obstacle_to_posting
from app.deliveries.reactions import make_one
from app.deliveries.types import Delivery
from app.errors import DatabaseAway, Refusal, UserErrorCode
from app.graphql.context import Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation
from app.graphql.inputs import key_of
from app.integrations.events import IntegrationTested
from app.integrations.kinds.contract import Heard
from app.integrations.kinds.table import kind_of
from app.integrations.models import Integration
from app.integrations.permissions import find_editable
from app.log.event_types import EventType
from app.log.events import Change
from app.log.quotas import DELIVERIES_OF_DAY
from app.monitors.actions import record_test
from app.monitors.models import Monitor
from app.providers.contract import Occasion
from app.services import Services
from app.storage.outages import unknown

EVERY = timedelta(minutes=1)
"""How often an integration is tested at most."""

_SPARE_SECONDS = 3.0
"""How much of an operation's ten seconds is left to all else when nothing has become of it."""

FIELD = ("integrationId",)

_TURNS = frozenset(
    {EventType.DELIVERY_SUCCEEDED, EventType.DELIVERY_RETRYING, EventType.DELIVERY_FAILED, EventType.DELIVERY_SKIPPED}
)
_UNDER_WAY = "The test message is under way: `delivery` tells what becomes of it."


@strawberry.input(description="Which integration is to post a test message.")
class TestIntegrationInput:
    integration_id: strawberry.ID = strawberry.field(description="One that the caller may edit, of a kind that posts something.")


@strawberry.type(description="What `testIntegration` answers, once it is known how it went, and within ten seconds in any case.")
@attributes(PUBLIC_ATTRIBUTE)
class TestIntegrationPayload:
    delivery: Delivery | None = strawberry.field(
        default=None, description="The test message's delivery, as it is now; its run is marked `isTest`. Null when refused."
    )
    notice: str | None = strawberry.field(
        default=None,
        description="How it went, for a person: posted, failed in the provider's own words, or under way. Null when refused.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing is posted.")


@mutation(
    CHANGING_OWN,
    description=(
        "Post a test message, marked as one, on the very way of all others, and wait up to ten seconds for what comes of it. "
        "What stops a real message stops it too. Once a minute for each integration. Where incidents are opened, one of the "
        "least severity is opened and resolved at once. Who made the integration may, and admins."
    ),
)
async def test_integration(info: Info, input: TestIntegrationInput) -> TestIntegrationPayload:
    context, services = info.context, info.context.services
    key = key_of(input.integration_id, "Integration", field=FIELD)
    before = await services.watcher.head(context.viewer.team_id)
    delivery = await test(key, caller=context.viewer, services=services)
    try:
        words = await _wait_for_turn(delivery, after=before, seconds=context.deadline - _SPARE_SECONDS, services=services)
        present = await Row.get_or_none(id=delivery.id) or delivery
    except DatabaseAway as away:  # by itself it would say that nothing was written
        raise unknown(away.fault) from away
    return TestIntegrationPayload(delivery=Delivery.of(present), notice=_notice(present.status, words))


async def test(integration_id: UUID, *, caller: Caller, services: Services) -> Row:
    """Make the delivery of a test message, with a run of its own to tell of.

    Raises NOT_FOUND; FORBIDDEN unless the caller made the integration or is an admin; INVALID for a kind that posts nothing; and
    CONFLICT where it is stopped or paused, was tested within the last minute, or the team has had as many made as it may.
    """

    async def make(change: Change) -> Row:
        integration = await find_editable(change, integration_id, caller=caller, field=FIELD)
        monitor = await _monitor_of(integration)
        if (obstacle := obstacle_to_posting(integration)) is not None:
            raise Refusal(UserErrorCode.CONFLICT, obstacle, field=FIELD)
        await _check_pace(integration, now=change.now)
        change.spend(DELIVERIES_OF_DAY)
        run = await record_test(change, monitor)
        await change.record(IntegrationTested(integration.id, integration.name))
        queue = await find_queue(integration.id, of=Row)
        return await make_one(change, run.id, Heard(integration, Occasion.TEST), queue=queue)

    return await services.events.change(caller.team_id, make, actor=caller.actor)


async def _monitor_of(integration: Integration) -> Monitor:
    kind = kind_of(integration)
    if kind.deliveries is None or kind.deliveries.monitor_of is None:
        raise Refusal(
            UserErrorCode.INVALID,
            f"“{integration.name}” posts no results of a monitor, so there is no test message: its kind is “{kind.name}”.",
            field=FIELD,
        )
    return await kind.deliveries.monitor_of(integration)


async def _check_pace(integration: Integration, *, now: datetime) -> None:
    made = Row.filter(integration_id=integration.id, occasion=Occasion.TEST, created_at__gt=now - EVERY, created_at__lte=now)
    last = await made.order_by("-created_at").first()
    if last is not None:
        seconds = -(-(last.created_at + EVERY - now) // timedelta(seconds=1))
        raise Refusal(
            UserErrorCode.CONFLICT,
            f"“{integration.name}” was tested just now: try again in {seconds} seconds.",
            field=FIELD,
            retry_after=seconds,
        )


async def _wait_for_turn(delivery: Row, *, after: int, seconds: float, services: Services) -> str | None:
    """Return once something has become of the delivery, with why not where it was not posted, or after so many seconds."""
    try:
        async with (
            asyncio.timeout(seconds),
            aclosing(services.watcher.follow(delivery.team_id, after=after, types=_TURNS)) as turns,
        ):
            async for turn in turns:
                if turn.subject_id == delivery.id:
                    return turn.message
    except TimeoutError:
        pass
    return None


def _notice(status: DeliveryStatus, words: str | None) -> str:
    match status:
        case DeliveryStatus.DELIVERED:
            return "The test message was posted: the provider has accepted it."
        case DeliveryStatus.RETRYING:
            return f"The test message was not posted, and is tried again by itself. {words or ''}".rstrip()
        case DeliveryStatus.FAILED | DeliveryStatus.SKIPPED:
            return f"The test message was not posted. {words or ''}".rstrip()
        case DeliveryStatus.PENDING:
            return _UNDER_WAY
