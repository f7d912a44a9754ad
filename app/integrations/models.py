"""An integration: one row, and the transitions that it may make. The settings of its kind are a row of that kind's own table."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.installed_apps.models import InstalledApp
from app.sign_ins.models import Grant, StatusReason
from app.teams.models import Member


class IntegrationStatus(StrEnum):
    ACTIVE = "ACTIVE"
    NEEDS_REAUTHENTICATION = "NEEDS_REAUTHENTICATION"
    FAILING = "FAILING"
    PAUSED = "PAUSED"
    UNAVAILABLE = "UNAVAILABLE"


class Integration(Model):
    """An authorization put to work: through an installed app, or with a grant of its own.

    What holds it back is kept apart (`stopped_by`, `is_paused`, `failing_by`), so that each can end by itself; `status` is what
    they come to together. Both are changed by the transitions below only. `access_ends_at` is when its member loses access to
    what it is connected to, as the provider has told; `next_forecast_at` is when to look next at what stops it, NULL: at once.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    provider = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    uses_installed_app = fields.BooleanField()
    installed_app: fields.ForeignKeyNullableRelation[InstalledApp] = fields.ForeignKeyField(
        "models.InstalledApp", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    installed_app_id: UUID | None
    grant: fields.ForeignKeyNullableRelation[Grant] = fields.ForeignKeyField(
        "models.Grant", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    grant_id: UUID | None
    authorized_by: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    authorized_by_id: UUID | None
    connected_to = fields.CharField(max_length=300)
    account_id = fields.CharField(max_length=300)
    origin = fields.CharField(max_length=300)
    status = fields.CharEnumField(IntegrationStatus, max_length=32)
    status_changed_at = fields.DatetimeField()
    stopped_by: StatusReason | None = fields.CharEnumField(StatusReason, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    stopped_message: str | None = fields.TextField(null=True)
    is_paused = fields.BooleanField(default=False)
    failing_by: StatusReason | None = fields.CharEnumField(StatusReason, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    failing_message: str | None = fields.TextField(null=True)
    created_by: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    created_by_id: UUID | None
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    deleted_at: datetime | None = fields.DatetimeField(null=True)
    access_ends_at: datetime | None = fields.DatetimeField(null=True)
    next_forecast_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "integration"
        # The lists of those that live go by partial indexes, which Tortoise does not declare: migration 0012 makes them.
        indexes = (("installed_app_id",), ("grant_id",))

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    @property
    def reason(self) -> StatusReason | None:
        return reason_of(self.status, stopped_by=self.stopped_by, failing_by=self.failing_by)

    @property
    def message(self) -> str | None:
        match self.status:
            case IntegrationStatus.UNAVAILABLE | IntegrationStatus.NEEDS_REAUTHENTICATION:
                return self.stopped_message
            case IntegrationStatus.FAILING:
                return self.failing_message
            case IntegrationStatus.PAUSED | IntegrationStatus.ACTIVE:
                return None

    @property
    def is_stopped(self) -> bool:
        """Whether it has no authorization that works."""
        return self.stopped_by is not None

    def stop(self, reason: StatusReason, message: str, *, now: datetime) -> IntegrationStatus | None:
        """Lose the authorization. Like every transition, return the previous status when the status or its reason changed."""
        return self._become(now, stopped_by=reason, stopped_message=message)

    def restore(self, *, now: datetime) -> IntegrationStatus | None:
        """Have a working authorization again, and a fresh start with it."""
        return self._become(now, stopped_by=None, stopped_message=None, failing_by=None, failing_message=None)

    def pause(self, *, now: datetime) -> IntegrationStatus | None:
        return self._become(now, is_paused=True)

    def resume(self, *, now: datetime) -> IntegrationStatus | None:
        return self._become(now, is_paused=False)

    def fail(self, reason: StatusReason, message: str, *, now: datetime) -> IntegrationStatus | None:
        """Take note that the last attempt failed."""
        return self._become(now, failing_by=reason, failing_message=message)

    def succeed(self, *, now: datetime) -> IntegrationStatus | None:
        """Take note that the last attempt, or the target it now has, is fine."""
        return self._become(now, failing_by=None, failing_message=None)

    def _become(self, now: datetime, **holds: object) -> IntegrationStatus | None:
        previous, previous_reason = self.status, self.reason
        for name, value in holds.items():
            setattr(self, name, value)
        self.status = self._status()
        if (self.status, self.reason) == (previous, previous_reason):
            return None
        self.status_changed_at = now
        return previous

    def _status(self) -> IntegrationStatus:
        if self.stopped_by is StatusReason.KEY_UNAVAILABLE:
            return IntegrationStatus.UNAVAILABLE
        if self.stopped_by is not None:
            return IntegrationStatus.NEEDS_REAUTHENTICATION
        if self.is_paused:
            return IntegrationStatus.PAUSED
        return IntegrationStatus.FAILING if self.failing_by is not None else IntegrationStatus.ACTIVE


def reason_of(
    status: IntegrationStatus, *, stopped_by: StatusReason | None, failing_by: StatusReason | None
) -> StatusReason | None:
    """Return why an integration has this status, of what holds it back."""
    match status:
        case IntegrationStatus.UNAVAILABLE | IntegrationStatus.NEEDS_REAUTHENTICATION:
            return stopped_by
        case IntegrationStatus.PAUSED:
            return StatusReason.PAUSED_BY_MEMBER
        case IntegrationStatus.FAILING:
            return failing_by
        case IntegrationStatus.ACTIVE:
            return None
