"""The settings of integrations that connect an API."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.integrations.models import Integration


class ApiConnection(Model):
    """The settings of an integration of the kind "Connect an API"; the repository's columns are as it was when connected.

    `live_key` is what it is unique by in its team (repository, branch, schema file); NULL once its integration is deleted.
    """

    id = fields.UUIDField(primary_key=True)
    integration: fields.OneToOneRelation[Integration] = fields.OneToOneField(
        "models.Integration", on_delete=fields.RESTRICT, related_name=False
    )
    integration_id: UUID
    team_id = fields.UUIDField()
    api_name = fields.CharField(max_length=200)
    repository_id = fields.CharField(max_length=500)
    repository_owner = fields.CharField(max_length=500)
    repository_name = fields.CharField(max_length=500)
    repository_full_name = fields.CharField(max_length=1000)
    repository_url = fields.TextField()
    default_branch = fields.CharField(max_length=500, null=True)
    branch = fields.CharField(max_length=500)
    schema_file = fields.TextField(null=True)
    collection_directory = fields.TextField()
    live_key = fields.CharField(max_length=64, null=True)
    next_check_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "api_connection"
        unique_together = (("team_id", "live_key"),)
        indexes = (("next_check_at",), ("repository_id",))
