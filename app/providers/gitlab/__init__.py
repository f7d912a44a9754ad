"""GitLab Self-Managed: projects of a team's own server."""
