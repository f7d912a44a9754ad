"""An installed app: one row, and the transitions that it may make."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.sign_ins.models import Grant, OAuthClient, StatusReason
from app.teams.models import Member


class InstalledAppStatus(StrEnum):
    ACTIVE = "ACTIVE"
    NEEDS_REAUTHENTICATION = "NEEDS_REAUTHENTICATION"
    UNREACHABLE = "UNREACHABLE"
    UNAVAILABLE = "UNAVAILABLE"

    @classmethod
    def because(cls, reason: StatusReason | None) -> "InstalledAppStatus":
        """Return the status that stands behind a reason; ACTIVE behind none."""
        if reason is None:
            return cls.ACTIVE
        if reason is StatusReason.KEY_UNAVAILABLE:
            return cls.UNAVAILABLE
        return cls.UNREACHABLE if reason.is_passing else cls.NEEDS_REAUTHENTICATION


class InstalledApp(Model):
    """An app that a team shares: a grant (SHARED_AUTHORIZATION, SHARED_SECRET) or an OAuth client (SHARED_CLIENT).

    `live_key` is what it is unique by in its team while it lives; NULL once deleted, so that a new one may stand beside it.
    `next_forecast_at` is when to look next at what will make it stop; NULL: at once.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    provider = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    connected_to = fields.CharField(max_length=300)
    account_id = fields.CharField(max_length=300)
    origin = fields.CharField(max_length=300)
    url: str | None = fields.TextField(null=True)
    live_key = fields.CharField(max_length=700, null=True)
    grant: fields.ForeignKeyNullableRelation[Grant] = fields.ForeignKeyField(
        "models.Grant", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    grant_id: UUID | None
    oauth_client: fields.ForeignKeyNullableRelation[OAuthClient] = fields.ForeignKeyField(
        "models.OAuthClient", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    oauth_client_id: UUID | None
    status = fields.CharEnumField(InstalledAppStatus, max_length=32)
    status_reason: StatusReason | None = fields.CharEnumField(StatusReason, max_length=32, null=True)  # type: ignore[assignment]  # null=True is not in its type
    status_message: str | None = fields.TextField(null=True)
    installed_by: fields.ForeignKeyNullableRelation[Member] = fields.ForeignKeyField(
        "models.Member", on_delete=fields.RESTRICT, related_name=False, null=True
    )
    installed_by_id: UUID | None
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    deleted_at: datetime | None = fields.DatetimeField(null=True)
    next_forecast_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "installed_app"
        unique_together = (("team_id", "live_key"),)
        # The list of those that live goes by a partial index, which Tortoise does not declare: migration 0012 makes it.
        indexes = (("grant_id",), ("oauth_client_id",))

    @property
    def is_deleted(self) -> bool:
        return self.deleted_at is not None

    def set_trouble(self, reason: StatusReason | None, message: str | None) -> InstalledAppStatus | None:
        """Take over what is wrong with its authorization, if anything; return the previous status when that changed something."""
        status = InstalledAppStatus.because(reason)
        if (status, reason) == (self.status, self.status_reason):
            return None
        previous, self.status = self.status, status
        self.status_reason, self.status_message = reason, message
        return previous

    def delete_at(self, now: datetime) -> None:
        self.live_key = None
        self.deleted_at = self.updated_at = now
