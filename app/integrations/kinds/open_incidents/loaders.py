"""Reading what integrations open incidents for, for many asks at once."""

from app.graphql.rows import rows_by
from app.integrations.kinds.open_incidents.models import IncidentSettings

rows = rows_by(IncidentSettings, "integration_id")
"""The settings of integrations by their ids."""
