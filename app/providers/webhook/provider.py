"""Webhook: an admin pastes an address and a signing secret, and every member can have results posted there.

Source: the Standard Webhooks specification (github.com/standard-webhooks/standard-webhooks).
"""

from app.providers.contract import SharingModel
from app.providers.description import Provider
from app.providers.icons import Icon
from app.providers.webhook.channels import MESSAGING
from app.providers.webhook.secrets import SECRET

PROVIDER = Provider(
    key="webhook",
    name="Webhook",
    description="Posts the results of your monitors as signed JSON to your own address. An admin pastes it once for the team.",
    icon=Icon("W", "#1f4f8f"),
    help_url="https://www.standardwebhooks.com/",
    sharing=SharingModel.SHARED_SECRET,
    check=None,
    secret=SECRET,
    messaging=MESSAGING,
)
