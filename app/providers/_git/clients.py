"""Whose the OAuth client at a Git server is."""

from app.providers.contract import NotConfigured
from app.settings import Settings


def configure(_settings: Settings, /) -> NotConfigured:
    """Return that the operator has no client, and none to set: each team stores its own."""
    return NotConfigured(())
