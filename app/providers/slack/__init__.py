"""Slack: channels of a workspace to post to."""
