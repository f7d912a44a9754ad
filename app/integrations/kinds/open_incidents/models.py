"""The settings of integrations that open incidents, and the incidents that they opened."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.integrations.models import Integration
from app.monitors.models import Monitor
from app.providers.incidents import Severity


class IncidentSettings(Model):
    """The settings of an integration of the kind "Open incidents", and what it has heard of its monitor.

    `heard_until` is when the latest run that it heard of began.
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
    severity = fields.CharEnumField(Severity, max_length=32)
    failures_in_a_row = fields.IntField(default=0)
    heard_until: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "incident_settings"
        indexes = (("monitor_id",),)


class Incident(Model):
    """What one integration opens while its monitor fails, three times in a row or more. Its id is its key at the provider.

    `position` is that of the run for which it is opened, `asked_at` when the provider was last to be told. The others only ever
    become true. `is_over`: the monitor has passed since. `is_opened`, `is_resolved`: the provider has said so. `is_resolving`:
    that was attempted, and nothing opens it any more, or the provider would take it for another incident.
    """

    id = fields.UUIDField(primary_key=True)
    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", on_delete=fields.RESTRICT, related_name=False
    )
    integration_id: UUID
    position = fields.BigIntField()
    asked_at = fields.DatetimeField()
    is_over = fields.BooleanField(default=False)
    is_opened = fields.BooleanField(default=False)
    is_resolving = fields.BooleanField(default=False)
    is_resolved = fields.BooleanField(default=False)

    class Meta:
        table = "incident"
        unique_together = (("integration", "position"),)
