"""What several processes share through Redis: notifications and rate limits, and how to go on without."""
