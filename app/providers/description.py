"""What the rest of the service may know of a provider: a frozen description and a few functions.

A provider is a folder beside this module. It imports no other provider, holds no state, and asks the world only through the
`outbound` that it is handed. What it can do beside being there is a capability that it has or not: `sign_in`, `secret`,
`messaging`, `incidents`, `hosting`, `hooks`.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from app.outbound import Sender
from app.providers.contract import Alive, Authorized, Failure, SharingModel
from app.providers.hooks import Hooks
from app.providers.hosting import Hosting
from app.providers.icons import Icon
from app.providers.incidents import Incidents
from app.providers.messaging import Messaging
from app.providers.oauth import OAuth
from app.providers.shared_secrets import SecretField, SharedSecret


class Check(Protocol):
    """Ask the provider whether what is stored still works, and whose it is."""

    async def __call__(self, *, authorized: Authorized, outbound: Sender) -> Alive | Failure: ...


class Manifest(Protocol):
    """Return what the operator registers at the provider, for a service at `public_url`."""

    def __call__(self, public_url: str, /) -> str: ...


@dataclass(frozen=True)
class OperatorSettings:
    """The names, in Settings, of what the operator sets: a client, where the provider is, and what its events are signed with.

    `signing_secret` is None where the provider signs no events with a secret of the operator's.
    """

    client_id: str
    client_secret: str
    url: str
    signing_secret: str | None = None


@dataclass(frozen=True)
class Provider:
    """What a provider is called, what its installed apps hold, and what it can do."""

    key: str
    name: str
    description: str
    sharing: SharingModel
    check: Check | None
    """None: the provider has no call by which a stored secret could be tried."""
    icon: Icon | None = None
    """None: the first letter of its name."""
    help_url: str | None = None
    """Where the provider itself explains to people what they have to do there."""
    limits_methods: bool = False
    """Whether it limits how often each method is called, each by itself: then one that has to wait holds no other back."""
    sign_in: OAuth | None = None
    secret: SharedSecret | None = None
    messaging: Messaging | None = None
    incidents: Incidents | None = None
    hosting: Hosting | None = None
    hooks: Hooks | None = None
    operator: OperatorSettings | None = None
    manifest: Manifest | None = None
    ends_unused_after: timedelta | None = None
    """After how long without a use it ends a token; None: it does not, as far as its reference says."""

    @property
    def picture(self) -> str:
        """What people know it by in a list, as SVG."""
        return (self.icon or Icon(self.name[0])).draw(name=self.name)

    @property
    def scopes(self) -> tuple[str, ...]:
        """What a sign-in asks for; nothing where there is none."""
        return self.sign_in.scopes if self.sign_in is not None else ()

    @property
    def secret_fields(self) -> tuple[SecretField, ...]:
        """What an admin pastes; nothing where there is no secret to paste."""
        return self.secret.fields if self.secret is not None else ()


def callback_path(provider: Provider, base_url: str | None = None) -> str:
    """Return the path of the redirect URI: one for the whole provider or, of its address, one for each Git server.

    Each server has its own, or a hostile one could have another's code sent to itself. `base_url` is in its one spelling.
    """
    if base_url is None:
        return f"/callback/{provider.key}"
    return f"/callback/{provider.key}/{hashlib.sha256(base_url.encode()).hexdigest()[:16]}"
