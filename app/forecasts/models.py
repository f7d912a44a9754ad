"""What was said of what will stop."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class ForecastCode(StrEnum):
    """Why an installed app or an integration will stop."""

    AUTHORIZATION_EXPIRES = "AUTHORIZATION_EXPIRES"
    RENEWAL_REFUSED = "RENEWAL_REFUSED"
    MISSING_SCOPES = "MISSING_SCOPES"
    SERVER_CERTIFICATE_EXPIRES = "SERVER_CERTIFICATE_EXPIRES"
    CA_CERTIFICATE_EXPIRES = "CA_CERTIFICATE_EXPIRES"
    ACCESS_EXPIRES = "ACCESS_EXPIRES"
    UNUSED = "UNUSED"


class Forecast(Model):
    """One cause for which an installed app or an integration, the subject, will stop, as its team was told.

    It goes once it was taken back, or has come true. `stage` counts the steps towards `at` by which it was told.
    """

    id = fields.UUIDField(primary_key=True)
    team_id = fields.UUIDField()
    subject_id = fields.UUIDField()
    code = fields.CharEnumField(ForecastCode, max_length=32)
    message = fields.TextField()
    at: datetime | None = fields.DatetimeField(null=True)
    stage = fields.IntField()
    told_at = fields.DatetimeField()

    class Meta:
        table = "forecast"
        unique_together = (("subject_id", "code"),)
