"""A team's installed apps: third-party authorizations kept sealed, put to work as integrations, watched live over GraphQL."""
