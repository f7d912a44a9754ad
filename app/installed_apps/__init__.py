"""Installed apps: what a team shares."""
