"""Where a message goes that tells on of an outage: into the thread that the outage has in the channel, if it has one there."""

from typing import Any
from uuid import UUID

from app.deliveries.models import Delivery, DeliveryStatus
from app.storage.written import Written


def _before(outage_id: UUID, position: int, channel_id: str) -> Any:
    told = Delivery.filter(outage_id=outage_id, position__lt=position, status=DeliveryStatus.DELIVERED, channel_id=channel_id)
    return told.order_by("-position").limit(1)


_BEFORE = Written(_before)


async def find_thread(delivery: Delivery, *, channel_id: str) -> str | None:
    """Return the message in the channel that the delivery's is to answer; None for one that stands by itself.

    The last message of the same outage there has the word: where that answers, so does this one, and else this one answers it. So
    an outage whose first message was never posted, was deleted, or stands elsewhere, has one thread here all the same.
    """
    if delivery.outage_id is None or delivery.outage_id == delivery.id:
        return None
    last = await _BEFORE.ask_one(delivery.outage_id, delivery.position, channel_id)
    return (last.thread_id or last.message_id) if last is not None else None
