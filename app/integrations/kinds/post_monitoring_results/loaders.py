"""Reading the settings of these integrations for many asks at once."""

from app.graphql.rows import rows_by
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost

rows = rows_by(MonitoringPost, "integration_id")
"""The settings of integrations by their ids."""
