"""Secrets at rest: sealed with a key of the team's, which a key of the keyring wraps, and how those keys come and go."""
