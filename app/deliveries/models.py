"""A delivery: what one run made for one integration, and each attempt to hand it over."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.integrations.models import Integration
from app.monitors.models import MonitorRun
from app.providers.contract import Occasion, PostedMessage


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    SKIPPED = "SKIPPED"
    RETRYING = "RETRYING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


WAITING = (DeliveryStatus.PENDING, DeliveryStatus.RETRYING)

WAITING_IN_SQL = ", ".join(f"'{status.value}'" for status in WAITING)
"""The same as stands behind IN, in statements that are written by hand."""

# As the first migration has it: another occasion is text like these, and changes no table.
_OCCASIONS = "RUN: RUN\nTHIRD_FAILURE: THIRD_FAILURE\nRECOVERY: RECOVERY"

HELD_BACK_BY = 5
"""A delivery that has failed so often no longer holds back those behind it."""


OF_QUEUE = (
    ("status", "next_attempt_at"),
    ("integration_id", "status", "position"),
    ("created_at",),
    ("held_back", "next_attempt_at", "created_at", "id"),
    ("put_off_at",),
)
"""The indexes that queues are read off."""


class Tried(Model):
    """One try to hand something over; `number` counts them from 1 on, `error` is the provider's own words, without secrets."""

    id = fields.UUIDField(primary_key=True)
    number = fields.IntField()
    at = fields.DatetimeField()
    duration_ms = fields.IntField()
    succeeded = fields.BooleanField()
    error: str | None = fields.TextField(null=True)

    class Meta:
        abstract = True


class DeliveryAttempt(Tried):
    """One try to hand a delivery over."""

    delivery: fields.ForeignKeyRelation["Delivery"] = fields.ForeignKeyField(
        "models.Delivery", on_delete=fields.RESTRICT, related_name=False
    )
    delivery_id: UUID

    class Meta:
        table = "delivery_attempt"
        unique_together = (("delivery", "number"),)


class Queued(Model):
    """A message that goes to where its integration hands over, or not, in the order in which they were made.

    `position` counts those of the integration from 1 on: they go in that order.
    `put_off_at` is when `next_attempt_at` was set, where that was not when it was created.
    `held_back`: one of the same integration goes before it, and lets it go when it is out of the way. False also where nobody has
    looked yet.
    `attempt_count` is how many attempts of the present schedule were made; it begins anew when a member asks for another try.
    `attempt_model`: what its attempts are rows of.
    """

    attempt_model: ClassVar[type[Tried]]

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", on_delete=fields.RESTRICT, related_name=False
    )
    integration_id: UUID
    position = fields.BigIntField()
    status = fields.CharEnumField(DeliveryStatus, max_length=32)
    attempt_count = fields.IntField(default=0)
    next_attempt_at: datetime | None = fields.DatetimeField(null=True)
    put_off_at: datetime | None = fields.DatetimeField(null=True)
    lease_owner: UUID | None = fields.UUIDField(null=True)
    lease_until: datetime | None = fields.DatetimeField(null=True)
    held_back = fields.BooleanField(default=False, db_default=False)
    created_at = fields.DatetimeField()

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING

    @property
    def holds_back(self) -> bool:
        """Whether those behind it wait for it."""
        return self.is_waiting and self.attempt_count < HELD_BACK_BY

    def end(self, status: DeliveryStatus) -> None:
        """Wait no longer: DELIVERED, FAILED or SKIPPED. Who held the lease no longer does."""
        self.status, self.held_back = status, False
        self.next_attempt_at = self.lease_owner = self.lease_until = None

    def retry(self, after: timedelta, *, now: datetime) -> None:
        """Wait for another attempt; who held the lease no longer does."""
        self.status = DeliveryStatus.RETRYING
        self.next_attempt_at, self.put_off_at = now + after, now
        self.lease_owner = self.lease_until = None

    def start_over(self, now: datetime) -> None:
        """Be tried again at once, with the whole schedule before it."""
        self.attempt_count = 0
        self.retry(timedelta(), now=now)


class Delivery(Queued):
    """What one run made for one integration: one message to be posted, or not.

    `outage_id` is the delivery that began the thread to which this one belongs, its own id where it is that. Where the message
    stands is kept as the provider says it: `thread_id` is what it answers, `message_url` is asked for later.
    """

    attempt_model = DeliveryAttempt

    run: fields.ForeignKeyRelation[MonitorRun] = fields.ForeignKeyField(
        "models.MonitorRun", on_delete=fields.RESTRICT, related_name=False
    )
    run_id: UUID
    occasion = fields.CharEnumField(Occasion, max_length=32, description=_OCCASIONS)
    outage_id: UUID | None = fields.UUIDField(null=True)
    channel_id = fields.CharField(max_length=300, null=True)
    message_id = fields.CharField(max_length=300, null=True)
    thread_id = fields.CharField(max_length=300, null=True)
    posted_at: datetime | None = fields.DatetimeField(null=True)
    message_url: str | None = fields.TextField(null=True)

    class Meta:
        table = "delivery"
        unique_together = (("integration", "run"), ("integration", "position"))
        indexes = (*OF_QUEUE, ("run_id",), ("outage_id", "position"))

    def stand(self, message: PostedMessage, *, at: datetime) -> None:
        """Take note of where the provider says that the message stands, since `at`."""
        self.channel_id, self.message_id, self.thread_id = message.channel_id, message.id, message.thread_id
        self.posted_at = at


class Pace(Model):
    """The moment from which a channel may be written to again. A conditional update claims it, so it holds over processes."""

    channel = fields.CharField(max_length=700, primary_key=True)
    next_at = fields.DatetimeField()

    class Meta:
        table = "pace"


def table_of(model: type[Model]) -> str:
    """Return the name of its table, for statements that are written by hand."""
    name: str = model._meta.db_table  # noqa: SLF001 - Tortoise tells it nowhere else
    return name
