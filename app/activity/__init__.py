"""The team's activity log, read and listened to."""
