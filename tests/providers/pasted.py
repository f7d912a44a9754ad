"""What an admin would paste, for each provider that takes a secret, and how the service speaks to a provider with it."""

from collections.abc import Callable, Mapping

from app.providers.contract import Authorized, Destination
from app.providers.description import Provider
from app.providers.shared_secrets import Fields, join_fields
from app.sealing.secret import Secret
from tests.providers.scripted import ScriptedProvider

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"

# What an admin would paste, for a provider that takes a secret and is at `there`.
SECRET_FIELDS: Mapping[str, Callable[[ScriptedProvider], Fields]] = {
    "pagerduty": lambda there: {"routingKey": Secret(ROUTING_KEY), "address": Secret(f"{there.url}/events")},
    "webhook": lambda there: {"url": Secret(f"{there.url}/hook"), "signingSecret": Secret(SIGNING_SECRET)},
}


def authorized_at(provider: Provider, there: ScriptedProvider) -> Authorized:
    """Return how the service would speak to the provider: with a token, or with what an admin has pasted."""
    if provider.secret is None:
        return there.authorized()
    return Destination(there.url).authorized(join_fields(SECRET_FIELDS[provider.key](there)))
