"""The settings of integrations that tell of the team's log."""

from collections.abc import Sequence
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.integrations.models import Integration
from app.log.event_types import EventType

KEY = "post-team-activity"


class ActivityPost(Model):
    """The settings of an integration of the kind "Post team activity".

    `type_names` are the types of the events that are posted, and NULL is the usual choice. `app_keys` are the installed apps that
    they are about, and NULL is whatever they are about. Names and keys have a blank between them.
    """

    id = fields.UUIDField(primary_key=True)
    integration: fields.OneToOneRelation[Integration] = fields.OneToOneField(
        "models.Integration", on_delete=fields.RESTRICT, related_name=False
    )
    integration_id: UUID
    channel_id = fields.CharField(max_length=300)
    channel_name = fields.CharField(max_length=300)
    channel_is_private = fields.BooleanField()
    type_names: str | None = fields.TextField(null=True)
    app_keys: str | None = fields.TextField(null=True)

    class Meta:
        table = "activity_post"

    @property
    def types(self) -> Sequence[EventType] | None:
        """The types that are posted; None for the usual choice."""
        return [EventType(name) for name in self.type_names.split()] if self.type_names is not None else None

    @property
    def installed_app_ids(self) -> Sequence[UUID] | None:
        """The installed apps that it is about; None for all, and for what belongs to none."""
        return [UUID(hex=key) for key in self.app_keys.split()] if self.app_keys is not None else None


def write_types(types: Sequence[EventType] | None) -> str | None:
    """Return the text of the column `type_names`."""
    return " ".join(types) if types is not None else None


def write_apps(ids: Sequence[UUID] | None) -> str | None:
    """Return the text of the column `app_keys`."""
    return " ".join(key.hex for key in ids) if ids is not None else None
