"""Redis, for what several processes share: notifications and rate limits. Without it the service goes on."""
