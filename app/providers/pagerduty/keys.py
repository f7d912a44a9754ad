"""What an admin pastes for PagerDuty: the integration key of a service, and where its account takes events.

Sources: Events API v2, "Send an Alert Event" (a routing key has 32 characters; an incident is resolved with the very key that it
was triggered with), and "Service Regions" (an account in the EU has addresses of its own).
"""

import hashlib
import re

from app.outbound import OddUrl, Url, parse_url
from app.providers.contract import Identity
from app.providers.shared_secrets import Fields, OddField, Pasted, SecretField, SharedSecret
from app.sealing.secret import Secret

ROUTING_KEY = "routingKey"
ADDRESS = "address"

_US = "https://events.pagerduty.com"
_EU = "https://events.eu.pagerduty.com"
_PATH = "/v2/enqueue"
_KEY = re.compile(r"[0-9A-Za-z]{32}")
_ACCOUNT_LENGTH = 32
_SHOWN_OF_KEY = 4


def read(fields: Fields, /) -> Pasted | OddField:
    """Read what was pasted. The key is the account: what was opened with one can be resolved with that one alone."""
    if not _KEY.fullmatch(fields[ROUTING_KEY].reveal()):
        return OddField(ROUTING_KEY, "an integration key of the Events API v2 has 32 letters and digits.")
    url = parse_url(enqueue_url(fields))
    if isinstance(url, OddUrl):
        return OddField(ADDRESS, f"this is no address to send events to: {url.message}.")
    if "?" in url.target:
        return OddField(ADDRESS, "this is no address to send events to: nothing stands behind its path.")
    return Pasted(identity_of(fields, url), url.origin)


def identity_of(fields: Fields, url: Url) -> Identity:
    """Return the account: a hash of address and key, and for people the address with the last letters of the key."""
    key = fields[ROUTING_KEY].reveal()
    account = hashlib.sha256(f"{url.origin}{url.target} {key}".encode()).hexdigest()[:_ACCOUNT_LENGTH]
    return Identity(account_id=account, account_name=f"{url.authority} (key …{key[-_SHOWN_OF_KEY:]})")


def enqueue_url(fields: Fields) -> str:
    """Return where events are sent to, whether the whole address was pasted, its beginning, or none."""
    base = fields.get(ADDRESS, Secret(_US)).reveal()
    return base.rstrip("/").removesuffix(_PATH) + _PATH


SECRET = SharedSecret(
    fields=(
        SecretField(
            ROUTING_KEY,
            "Integration key",
            "The key of an integration of the type Events API v2, on the service's page “Integrations”: 32 letters and digits.",
        ),
        SecretField(
            ADDRESS,
            "Events address",
            f"Where your account takes events: {_US}, also when this is left out, or {_EU} for an account in the EU.",
            is_required=False,
        ),
    ),
    read=read,
)
