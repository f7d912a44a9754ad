"""The service put together."""

MODELS = (
    "app.events",
    "app.keyring",
    "app.vault",
    "app.teams.models",
    "app.monitors.models",
    "app.sign_ins.models",
    "app.installed_apps.models",
    "app.integrations.models",
    "app.deliveries.models",
)
