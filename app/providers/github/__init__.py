"""GitHub Enterprise Server: repositories of a team's own server."""
