"""Slack: channels of a workspace to post to."""

KEY, NAME = "slack", "Slack"
