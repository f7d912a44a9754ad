"""What stands in the way of having something delivered: in words, for who asks for it."""

from app.deliveries.models import Delivery, DeliveryStatus, Queued
from app.deliveries.schedule import MOST_BEFORE_A_RETRY
from app.integrations.models import Integration


def obstacle_to_posting(integration: Integration) -> str | None:
    """Return why the integration posts nothing, and what to do; None where it posts."""
    if integration.is_stopped:
        return f"“{integration.name}” is stopped: re-authenticate it first. {integration.message or ''}".rstrip()
    return f"“{integration.name}” is paused: resume it first." if integration.is_paused else None


def has_failed(delivery: Queued) -> bool:
    """Whether it was given up: nothing else is tried again."""
    return delivery.status is DeliveryStatus.FAILED


def obstacle_to_a_retry(delivery: Queued, integration: Integration, *, of: type[Queued], tries: int) -> str | None:
    """Return why the delivery, a row of that model, gets no other try, and what to do; None where it gets one.

    It was tried so often.
    """
    if not has_failed(delivery):
        return f"Only a delivery that has failed can be tried again, and this one is {delivery.status}."
    if (obstacle := obstacle_to_posting(integration)) is not None:
        return obstacle
    if tries <= MOST_BEFORE_A_RETRY:
        return None
    instead = ": record the run anew" if of is Delivery else ""
    return f"This delivery was tried {tries} times, which is as often as may be{instead}."
