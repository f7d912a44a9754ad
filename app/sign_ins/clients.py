"""Which OAuth client a row speaks for, and whether the service still has it."""

from dataclasses import dataclass

from app.providers.catalogue import CATALOGUE
from app.providers.contract import Client, Destination, Failure, Fault, NotConfigured
from app.providers.description import Provider
from app.providers.oauth import OAuth
from app.services import Services
from app.sign_ins import oauth_clients
from app.sign_ins.models import Authorization, Grant, GrantState, OAuthClient


@dataclass(frozen=True)
class Replaced:
    """The provider's client or address is another now than when the member signed in; nothing may be sent there.

    `message` says so to a person.
    """

    message: str


def provider_of(row: Grant | Authorization) -> Provider:
    return CATALOGUE[row.provider]


def sign_in_of(row: Grant | Authorization) -> OAuth:
    """Return how members sign in at the row's provider. Rows with a client are of providers that have that."""
    sign_in = provider_of(row).sign_in
    if sign_in is None:
        raise ValueError(f"Nobody signs in at {row.provider}.")
    return sign_in


def shares_token(grant: Grant) -> bool:
    """Whether the provider has one token for each account, whoever signs in."""
    sign_in = provider_of(grant).sign_in
    return sign_in is not None and sign_in.shares_token


async def destination_of(row: Grant, *, services: Services) -> Client | Destination | NotConfigured | Replaced:
    """Return where and as whom the grant's secret is used: as `client_of` has it, or where a pasted secret belongs."""
    return Destination(row.origin) if provider_of(row).sign_in is None else await client_of(row, services=services)


async def client_of(row: Grant | Authorization, *, services: Services) -> Client | NotConfigured | Replaced:
    """Return the client that the row was made with, if the service has it still: the operator's, or the team's own.

    A team's client that has ended still gives back what was got with it. Raises SealError where its secret does not open; that
    is written down then.
    """
    if row.oauth_client_id is not None:
        return await _client_of_team(row, row.oauth_client_id, services=services)
    provider = provider_of(row)
    client = sign_in_of(row).configure(services.settings)
    if isinstance(client, NotConfigured) or (client.origin, client.id) == (row.origin, row.client_id):
        return client
    message = f"{provider.name} was set up anew on this server (another address or client id) since this sign-in: sign in again."
    return Replaced(message)


def explain(row: Grant | Authorization, client: NotConfigured | Replaced) -> str:
    """Say to a person why nothing can be asked of the provider for the row."""
    return client.message if isinstance(client, Replaced) else describe_missing(provider_of(row), client)


def describe_missing(provider: Provider, missing: NotConfigured) -> str:
    return f"{provider.name} is not set up on this server: the operator has to set {' and '.join(missing.settings)}."


def describe_refused(row: Grant | Authorization, failure: Failure) -> str:
    """Return the words of a failure; of one for the client that the row was made with, also whose turn it is."""
    if failure.fault is not Fault.CLIENT_REFUSED:
        return failure.message
    if row.oauth_client_id is not None:
        return f"{failure.message} A Team Admin has to set the installed app's client right, with `editInstalledApp`."
    return f"{failure.message} The operator of this server has to set {provider_of(row).name}'s client id and secret right."


async def _client_of_team(row: Grant | Authorization, client_id: object, *, services: Services) -> Client | Replaced:
    client = await OAuthClient.get(id=client_id, team_id=row.team_id)
    fits = (client.provider, client.origin, client.client_id) == (row.provider, row.origin, row.client_id)
    is_given_back = isinstance(row, Grant) and row.state is GrantState.REVOKING
    if not fits or client.sealed_secret is None or (client.has_ended and not is_given_back):
        return Replaced(f"The installed app for {client.base_url} was deleted or has another client id since this sign-in.")
    return Client(
        id=client.client_id,
        secret=await oauth_clients.open_secret(client, services=services),
        base_url=client.base_url,
        origin=client.origin,
        certificates=client.certificates,
    )
