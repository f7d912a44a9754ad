"""A delivery of what one change recorded, and each attempt to hand it over."""

from collections.abc import Sequence
from uuid import UUID

from tortoise import fields

from app.deliveries.models import OF_QUEUE, Queued, Tried

MOST_NAMED = 100
"""So many events of a change are kept by their numbers, and told; of the others how many they are."""


class ActivityAttempt(Tried):
    """One try to hand such a delivery over."""

    delivery: fields.ForeignKeyRelation["ActivityDelivery"] = fields.ForeignKeyField(
        "models.ActivityDelivery", on_delete=fields.RESTRICT, related_name=False
    )
    delivery_id: UUID

    class Meta:
        table = "activity_attempt"
        unique_together = (("delivery", "number"),)


class ActivityDelivery(Queued):
    """What one integration tells of one change: `sequences` are the numbers of the first events of it, `event_count` is all."""

    attempt_model = ActivityAttempt

    sequences = fields.TextField()
    event_count = fields.IntField()

    class Meta:
        table = "activity_delivery"
        unique_together = (("integration", "position"),)
        indexes = OF_QUEUE

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the events that are told, in their order."""
        return read_numbers(self.sequences)


def write_numbers(numbers: Sequence[int]) -> str:
    """Return the text of the column `sequences`."""
    return " ".join(map(str, numbers[:MOST_NAMED]))


def read_numbers(text: str) -> Sequence[int]:
    """Return what `write_numbers` wrote."""
    return [int(number) for number in text.split()]
