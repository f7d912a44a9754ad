"""The one app that is registered at the sandbox's Slack."""

APP_ID = "A0SANDBOX01"
APP_NAME = "Sandbox app"
CLIENT_ID = "sandbox-slack"
CLIENT_SECRET = "sandbox-slack-secret"  # noqa: S105 - made up, and the same for everyone
SIGNING_SECRET = "sandbox-slack-signing-secret"  # noqa: S105 - made up, and the same for everyone
