"""The settings of integrations that post monitoring results."""

from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.integrations.models import Integration
from app.monitors.models import Monitor


class NotifyRule(StrEnum):
    ALL_RUNS = "ALL_RUNS"
    THREE_FAILURES_THEN_FIRST_SUCCESS = "THREE_FAILURES_THEN_FIRST_SUCCESS"


class FollowUps(StrEnum):
    SILENT = "SILENT"
    IN_THREAD = "IN_THREAD"


class MonitoringPost(Model):
    """The settings of an integration of the kind "Post monitoring results", and where the notify rule's count stands.

    `outage_id` is the delivery that began the thread of the failures that are counted, where they have one. `mention` is whom the
    first message of such failures calls, in the provider's own word, and `mention_name` the same for people, as it was chosen.
    """

    id = fields.UUIDField(primary_key=True)
    integration: fields.OneToOneRelation[Integration] = fields.OneToOneField(
        "models.Integration", on_delete=fields.RESTRICT, related_name=False
    )
    integration_id: UUID
    monitor: fields.ForeignKeyRelation[Monitor] = fields.ForeignKeyField(
        "models.Monitor", on_delete=fields.RESTRICT, related_name=False
    )
    monitor_id: UUID
    channel_id = fields.CharField(max_length=300)
    channel_name = fields.CharField(max_length=300)
    channel_is_private = fields.BooleanField()
    notify = fields.CharEnumField(NotifyRule, max_length=64)
    follow_ups = fields.CharEnumField(FollowUps, max_length=32, default=FollowUps.SILENT, db_default="SILENT")
    recovery_in_channel = fields.BooleanField(default=True, db_default=True)
    failures_in_a_row = fields.IntField(default=0)
    outage_id: UUID | None = fields.UUIDField(null=True)
    mention = fields.CharField(max_length=64, null=True)
    mention_name = fields.CharField(max_length=300, null=True)

    class Meta:
        table = "monitoring_post"
        indexes = (("monitor_id",),)
