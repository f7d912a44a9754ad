"""OAuth: what a provider can do at which members sign in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.outbound import Sender
from app.providers.contract import Client, Failure, Identity, NotConfigured, Tokens, Unwanted
from app.sealing.secret import Secret
from app.settings import Settings


class Configure(Protocol):
    """Return the operator's client; NotConfigured of no settings where each team has its own (SHARED_CLIENT)."""

    def __call__(self, settings: Settings, /) -> Client | NotConfigured: ...


class AuthorizeUrl(Protocol):
    """Return where the member's browser goes (RFC 6749 §4.1.1, with the S256 challenge of RFC 7636).

    `account_id`: the account to begin with, where the provider lets one be chosen.
    """

    def __call__(self, *, client: Client, redirect_uri: str, state: str, challenge: str, account_id: str | None) -> str: ...


class Exchange(Protocol):
    """Trade the code of a callback for tokens and the identity read with them (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

    async def __call__(
        self, *, client: Client, code: Secret, verifier: Secret, redirect_uri: str, now: datetime, outbound: Sender
    ) -> tuple[Tokens, Identity] | Unwanted | Failure: ...


class Refresh(Protocol):
    """Trade a refresh token for fresh tokens (RFC 6749 §6). DEAD_GRANT: the refresh token is no longer valid."""

    async def __call__(
        self, *, client: Client, refresh_token: Secret, redirect_uri: str, now: datetime, outbound: Sender
    ) -> Tokens | Failure: ...


class Revoke(Protocol):
    """Give one token back (RFC 7009). A token already dead is a success, which is None."""

    async def __call__(self, *, client: Client, access: Secret, outbound: Sender) -> Failure | None: ...


@dataclass(frozen=True)
class OAuth:
    """How members sign in at a provider. `scopes` are what is asked for, all of them needed.

    `revoke` is None where the provider takes no token back: then it is shredded here alone.
    `shares_token`: it has one token for each (client, account), whoever signs in. Then revoking one ends them all.
    """

    scopes: tuple[str, ...]
    configure: Configure
    authorize_url: AuthorizeUrl
    exchange: Exchange
    refresh: Refresh
    revoke: Revoke | None
    shares_token: bool = False
