"""Integrations: an authorization put to work."""
