"""Repositories: Git servers, read as the member who asks."""
