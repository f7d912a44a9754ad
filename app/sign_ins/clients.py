"""Which OAuth client a row speaks for, and whether the service still has it."""

from dataclasses import dataclass

from app.ground import Ground
from app.providers.catalogue import CATALOGUE
from app.providers.contract import Client, NotConfigured, Provider
from app.sign_ins.models import Authorization, Grant


@dataclass(frozen=True)
class Replaced:
    """The provider's client or address is another now than when the member signed in; nothing may be sent there.

    `words` say so to a person.
    """

    words: str


def provider_of(row: Grant | Authorization) -> Provider:
    return CATALOGUE[row.provider]


def client_of(row: Grant | Authorization, *, ground: Ground) -> Client | NotConfigured | Replaced:
    """Return the client that the row was made with, if the service has it still."""
    provider = provider_of(row)
    client = provider.configure(ground.settings)
    if isinstance(client, NotConfigured) or (client.origin, client.id) == (row.origin, row.client_id):
        return client
    words = f"{provider.name} was set up anew on this server (another address or client id) since this sign-in: sign in again."
    return Replaced(words)


def explain(row: Grant | Authorization, client: NotConfigured | Replaced) -> str:
    """Say to a person why nothing can be asked of the provider for the row."""
    return client.words if isinstance(client, Replaced) else describe_missing(provider_of(row), client)


def describe_missing(provider: Provider, missing: NotConfigured) -> str:
    return f"{provider.name} is not set up on this server: the operator has to set {' and '.join(missing.settings)}."
