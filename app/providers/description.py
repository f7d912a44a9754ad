"""What the rest of the service may know of a provider: a frozen description and a few functions.

A provider is one file beside this one. It imports no other provider, holds no state, and asks the world only through the
`outbound` that it is handed.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from app.providers.contract import Alive, Client, Exchange, Failure, HookAnswer, Messaging, NotConfigured, Refresh, SharingModel
from app.providers.hosting import Hosting
from app.sealing.secret import Secret
from app.settings import Settings


@dataclass(frozen=True)
class Provider:
    """A provider's description. `scopes` are what is asked for, all of them needed."""

    key: str
    name: str
    description: str
    sharing: SharingModel
    scopes: tuple[str, ...]
    configure: Callable[[Settings], Client | NotConfigured]
    """The operator's client, where the provider's client is the operator's (SHARED_AUTHORIZATION)."""
    authorize_url: Callable[..., str]
    """(*, client, redirect_uri, state, challenge: str, account_id: str | None): where the member's browser goes (S256)."""
    exchange: Exchange
    refresh: Refresh
    check: Callable[..., Awaitable[Alive | Failure]]
    """(*, authorized, outbound): ask the provider whether the access token still works."""
    revoke: Callable[..., Awaitable[Failure | None]]
    """(*, client, access: Secret, outbound): give one token back; a token already dead is a success."""
    shares_token: bool = False
    """Whether the provider has one token for each (client, account), whoever signs in: then revoking one ends them all."""
    limits_methods: bool = False
    """Whether it limits how often each method is called, each by itself: then one that has to wait holds no other back."""
    messaging: Messaging | None = None
    hosting: Hosting | None = None
    read_hook: Callable[..., HookAnswer] | None = None
    """(request: SignedRequest, *, signing_secret: Secret, now: datetime): verify and read an event of the provider's."""
    hook_secret: Callable[[Settings], Secret | None] = field(default=lambda _settings: None)


def callback_path(provider: Provider, base_url: str | None = None) -> str:
    """Return the path of the redirect URI: one for the whole provider or, of its address, one for each Git server.

    Each server has its own, or a hostile one could have another's code sent to itself. `base_url` is in its one spelling.
    """
    if base_url is None:
        return f"/callback/{provider.key}"
    return f"/callback/{provider.key}/{hashlib.sha256(base_url.encode()).hexdigest()[:16]}"
