"""The operator's OIDC issuer: what it publishes, the JWTs that it signs, and signing a browser in at it. Knows nobody here."""
