"""Reading the settings of these integrations for many asks at once, and their channels as the provider shows them now."""

from app.graphql.rows import rows_by
from app.integrations.kinds.live_channels import live_channels_of
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost

rows = rows_by(MonitoringPost, "integration_id")
"""The settings of integrations by their ids."""

live_channels = live_channels_of(rows)
"""Where integrations post, by their ids; None where the provider does not show it."""
