"""Every module with tables of its own, and the package with their migrations."""

from app.integrations.kinds.table import ALL

MODELS = (
    "app.log.counters",
    "app.log.events",
    "app.sealing.key_states",
    "app.sealing.data_keys",
    "app.sealing.presence",
    "app.log.horizon",
    "app.teams.models",
    "app.monitors.models",
    "app.sign_ins.models",
    "app.installed_apps.models",
    "app.integrations.models",
    *(kind.table.__module__ for kind in ALL),
    "app.forecasts.models",
    "app.deliveries.models",
    "app.deliveries.activity.models",
)

MIGRATIONS = "app.migrations"
