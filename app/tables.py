"""Every module with tables of its own, for Tortoise and for the migrations."""

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
