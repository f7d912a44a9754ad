"""What an attempt makes of a delivery: saved in one change, with the attempt itself and the integration's note of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from tortoise.expressions import RawSQL, Subquery
from tortoise.queryset import QuerySet

from app.deliveries.events import DeliveryChanged
from app.deliveries.holding_back import first_held_back, let_next_go
from app.deliveries.leases import Lease
from app.deliveries.models import Delivery, DeliveryStatus, Queued, Tried, table_of
from app.deliveries.posting import Attempt
from app.deliveries.schedule import delay_after
from app.deliveries.targets import target_of
from app.integrations.models import Integration
from app.integrations.status import record_attempt
from app.log.events import Change
from app.providers.contract import Failure, Fault
from app.services import Services
from app.storage import database
from app.storage.written import Written

Tell = Callable[[Change, Any, DeliveryStatus, Failure | None], Awaitable[None]]


class Kept:
    """What is delivered. `tell` records that one of them turned."""

    def __init__(self, model: type[Queued], tell: Tell) -> None:
        self.tell = tell
        self.locked: Written[Any] = Written(partial(_locked, model))


_WAITS = (0.1, 0.3, 1.0, 3.0, 9.0)
_TURNED = ("status", "held_back", "attempt_count", "next_attempt_at", "put_off_at", "lease_owner", "lease_until")
_STANDING = ("channel_id", "message_id", "thread_id", "posted_at")
_FINAL = frozenset({Fault.DEAD_GRANT, Fault.EXPIRED, Fault.MISSING_SCOPES, Fault.CLIENT_REFUSED, Fault.TARGET_GONE})
"""Trying again would not help: somebody has to act first, and can then ask for another try."""


async def settle(lease: Lease, attempt: Attempt, *, services: Services, of: Kept | None = None) -> None:
    """Save the attempt. A success is the provider's own word, and stands whatever became of the delivery meanwhile.

    A database that is away is waited for, for some seconds: a message that stands in the channel and is not known to would be
    posted again. Raises what the database raises when it stays away. `of`: what it is a delivery of, where not of a run.
    """
    save = partial(_save, lease=lease, attempt=attempt, kept=of or OF_RUNS, entropy=services.entropy)
    services.meters.attempted(attempt.failure.fault.name if attempt.failure is not None else "DELIVERED")
    if attempt.failure is None:  # it concerns its own integration alone
        commit = partial(services.events.join, lease.team_id, save, apart=lease.integration_id)
    else:
        commit = partial(services.events.change, lease.team_id, save)
    became = await _insist(commit)
    if became is not None:
        services.meters.delivery_became(became.value)


async def _save(
    change: Change, *, lease: Lease, attempt: Attempt, kept: Kept, entropy: Callable[[int], bytes]
) -> DeliveryStatus | None:
    """Return what became of the delivery; None where that is no news."""
    delivery = await kept.locked.ask_one(lease.delivery_id, attempt.id)
    if delivery is None:
        return None  # it ended in other hands, and is so old by now that it was removed
    made, saved = _attempts_of(delivery)
    if saved:
        return None  # the connection broke off after all between the commit and its answer
    change.add(_made(delivery, attempt, number=made + 1))
    previous, held_back = delivery.status, delivery.holds_back
    is_news = _turn(delivery, lease, attempt, entropy=entropy, now=change.now)
    if is_news:
        change.save(delivery, [*_TURNED, *(_STANDING if attempt.message is not None else ())])
        if held_back and not delivery.holds_back:
            await let_next_go(delivery)
        await kept.tell(change, delivery, previous, attempt.failure)
    if _says_something(attempt, delivery.integration) and await _goes_there_still(delivery.integration, attempt):
        await record_attempt(change, delivery.integration, attempt.failure)
    return delivery.status if is_news else None


async def _insist(save: Callable[[], Awaitable[DeliveryStatus | None]]) -> DeliveryStatus | None:
    for seconds in _WAITS:
        try:
            return await save()
        except database.OUTAGES:
            await asyncio.sleep(seconds)
    return await save()


def _locked(model: type[Queued], key: UUID, attempt: UUID) -> QuerySet[Any]:
    table, of_attempts = table_of(model), table_of(model.attempt_model)
    made = RawSQL(f"""(SELECT COUNT(*) FROM "{of_attempts}" AS "made" WHERE "made"."delivery_id" = "{table}"."id")""")  # noqa: S608 - no value from outside is in it
    found = model.filter(id=key).select_related("integration")
    saved = Subquery(model.attempt_model.filter(id=attempt).values("id"))
    return found.annotate(next=first_held_back(model), made=made, saved=saved).select_for_update(of=(table,))


def _attempts_of(delivery: Queued) -> tuple[int, bool]:
    """Return how many attempts the delivery has, and whether this one is among them, as the query found it."""
    found: Any = delivery
    return found.made, found.saved is not None


def _made(delivery: Queued, attempt: Attempt, *, number: int) -> Tried:
    return delivery.attempt_model(
        id=attempt.id,
        delivery_id=delivery.id,
        number=number,
        at=attempt.at,
        duration_ms=attempt.duration_ms,
        succeeded=attempt.failure is None,
        error=attempt.failure.message if attempt.failure is not None else None,
    )


def _turn(delivery: Queued, lease: Lease, attempt: Attempt, *, entropy: Callable[[int], bytes], now: datetime) -> bool:
    """Make of the delivery what the attempt says; False when that is nothing."""
    failure = attempt.failure
    if failure is None:
        is_news = delivery.status is not DeliveryStatus.DELIVERED
        delivery.end(DeliveryStatus.DELIVERED)
        if is_news and attempt.message is not None and isinstance(delivery, Delivery):
            delivery.stand(attempt.message, at=attempt.ended_at)
        return is_news
    if delivery.lease_owner != lease.owner or not delivery.is_waiting:
        return False
    delivery.attempt_count += 1
    delay = _delay(delivery, failure, entropy=entropy)
    if delay is None:
        delivery.end(DeliveryStatus.FAILED)
    else:
        delivery.retry(delay, now=now)
    return True


def _delay(delivery: Queued, failure: Failure, *, entropy: Callable[[int], bytes]) -> timedelta | None:
    if failure.fault in _FINAL:
        return None
    return delay_after(delivery.attempt_count, retry_after=failure.retry_after, entropy=entropy)


def _says_something(attempt: Attempt, integration: Integration) -> bool:
    """Whether there is anything to note of it: that all goes well goes without saying."""
    return attempt.failure is not None or integration.failing_by is not None


async def _goes_there_still(integration: Integration, attempt: Attempt) -> bool:
    """Whether the attempt says something of the target that the integration has now."""
    target = await target_of(integration)
    return target is not None and target.id == attempt.target_id


async def _tell(change: Change, delivery: Delivery, previous: DeliveryStatus, failure: Failure | None) -> None:
    integration = delivery.integration
    message = failure.message if failure is not None else None
    await change.record(DeliveryChanged(delivery.id, integration.id, integration.name, delivery.status, previous, message))


OF_RUNS = Kept(Delivery, _tell)
