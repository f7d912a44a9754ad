"""Signing in at a provider: authorizations from begin to callback, and the grants that they leave."""
