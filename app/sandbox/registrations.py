"""What the operator of a service would have registered at the real providers: the same for everyone who tries the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox import slack_app

STANDS_IN_FOR = "Slack, PagerDuty, a GitHub Enterprise Server and a GitLab"
SENDS_EVENTS = "slack"
"""The key of the provider whose signed events the sandbox sends."""


@dataclass(frozen=True)
class Registration:
    """A client at a stand-in, which lies at `path` below the sandbox's own address."""

    path: str
    client_id: str
    client_secret: str
    signing_secret: str


REGISTRATIONS: Mapping[str, Registration] = {
    "slack": Registration("/slack", slack_app.CLIENT_ID, slack_app.CLIENT_SECRET, slack_app.SIGNING_SECRET)
}
"""By the providers' keys."""
