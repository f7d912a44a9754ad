"""Reading the settings of these integrations for many asks at once."""

from app.graphql.rows import rows_by
from app.integrations.kinds.post_team_activity.models import ActivityPost

rows = rows_by(ActivityPost, "integration_id")
"""The settings of integrations by their ids."""
