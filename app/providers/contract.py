"""The values in which providers and the rest of the service speak of sign-ins, faults, messages and events.

Whatever a provider answers is sorted into a `Failure` with one `Fault`; nobody above looks at a provider's own error words
except to show them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from app.sealing.secret import Secret


class SharingModel(StrEnum):
    """The part of an authorization that an installed app holds."""

    SHARED_AUTHORIZATION = "SHARED_AUTHORIZATION"
    SHARED_CLIENT = "SHARED_CLIENT"
    SHARED_SECRET = "SHARED_SECRET"  # noqa: S105 - the name of a model


class Fault(Enum):
    """The kind of a call's failure: it decides who must act."""

    DEAD_GRANT = "the authorization was revoked, or the app uninstalled"
    EXPIRED = "the access token has expired; a refresh may help"
    MISSING_SCOPES = "the authorization lacks a scope"
    CLIENT_REFUSED = "the provider refuses the OAuth client"
    TARGET_GONE = "the channel or repository is gone, or closed to this authorization"
    DENIED = "the person declined"
    REFUSED = "the provider says no, for a reason of its own"
    BUSY = "the provider asks for patience"
    UNREACHABLE = "the provider cannot be reached, or did not answer in time"
    BROKEN = "the provider fails, or answers what makes no sense"
    NOT_ALLOWED = "the operator's network policy forbids the address"

    @property
    def is_transient(self) -> bool:
        """Whether it may pass by itself: such a fault never stops an integration."""
        return self in {Fault.BUSY, Fault.UNREACHABLE, Fault.BROKEN, Fault.NOT_ALLOWED}


@dataclass(frozen=True)
class Failure:
    """A call that did not succeed.

    `message` is for a person: the provider's own words where it had some, never a secret, at most 300 characters.
    `retry_after` is in seconds, set where the provider asks for it.
    """

    fault: Fault
    message: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Authorized:
    """How to speak for a grant: its access token, and where."""

    access: Secret
    client_id: str
    base_url: str
    origin: str
    certificates: str | None = None


@dataclass(frozen=True)
class Client:
    """An OAuth client, at its provider's origin (scheme://host[:port], no path)."""

    id: str
    secret: Secret
    base_url: str
    origin: str
    certificates: str | None = None

    def authorized(self, access: Secret) -> Authorized:
        """Return how to speak, with this client's access token, at its server."""
        return Authorized(
            access=access, client_id=self.id, base_url=self.base_url, origin=self.origin, certificates=self.certificates
        )


@dataclass(frozen=True)
class Destination:
    """Where a pasted secret is used, which is the one origin that it may be sent to."""

    origin: str

    def authorized(self, access: Secret) -> Authorized:
        """Return how to speak with the secret there."""
        return Authorized(access=access, client_id="", base_url=self.origin, origin=self.origin)


@dataclass(frozen=True)
class NotConfigured:
    """The operator has not set what the provider needs; `settings` are the full names of what is missing."""

    settings: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """The workspace or account that was connected.

    `account_id` is unique at the origin and never changes; `actor_id` is who our calls act as there (a bot user).
    """

    account_id: str
    account_name: str
    actor_id: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Tokens:
    """The tokens of an exchange or a refresh. `expires_at` is by our own clock; None: the token does not expire.

    `refresh_ends_at` is when the refresh token ends, where the provider says so.
    """

    access: Secret
    refresh: Secret | None
    expires_at: datetime | None
    scopes: tuple[str, ...]
    refresh_ends_at: datetime | None = None


@dataclass(frozen=True)
class Unwanted:
    """Tokens that came for a code and are not to be used, and why. They work, so they have to be given back.

    `account_id` is whose they are, empty where the provider did not say.
    """

    tokens: Tokens
    failure: "Failure"
    account_id: str = ""


@dataclass(frozen=True)
class Alive:
    """A grant that works. `scopes` is None where the provider did not say."""

    identity: Identity
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Channel:
    """Somewhere to post. `id` is the provider's own."""

    id: str
    name: str
    is_private: bool


@dataclass(frozen=True)
class ChannelPage:
    """Some channels; `next_cursor` (the provider's own) is None at the end."""

    channels: tuple[Channel, ...]
    next_cursor: str | None


class Occasion(StrEnum):
    """Why a message is posted."""

    RUN = "RUN"
    THIRD_FAILURE = "THIRD_FAILURE"
    RECOVERY = "RECOVERY"
    TEST = "TEST"


@dataclass(frozen=True)
class RunReport:
    """A monitor's run, as a message tells it. `outcome` is PASSED, FAILED, ERROR or NOTHING_RAN.

    `failures` are (name, message) pairs, the first of those that the counts tell of. A duration of 0 is one that is not known.
    `begins_outage`: it is the first that is told of failures in a row. `follow_ups_in_thread`: what fails from now on is told in
    a thread of this message, and not left unsaid.
    """

    delivery_id: str
    occasion: Occasion
    monitor_name: str
    outcome: str
    started_at: datetime
    duration_ms: int
    request_count: int
    test_count: int
    failed_test_count: int
    error_count: int
    failures: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    begins_outage: bool = False
    follow_ups_in_thread: bool = False


@dataclass(frozen=True)
class PostedMessage:
    """A message that stands in a channel. `id` is the provider's own, and names it there.

    `thread_id` is the message that it answers, as the provider says; None for one that stands by itself.
    """

    channel_id: str
    id: str
    thread_id: str | None = None


@dataclass(frozen=True)
class Posted:
    """The provider's own word that a message stands in the channel, and where, where it has names for messages."""

    message: PostedMessage | None = None


@dataclass(frozen=True)
class SignedRequest:
    """A request that claims to come from the provider: raw, as it arrived."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Challenge:
    """The provider checks that the address is ours: answer with this text."""

    text: str


@dataclass(frozen=True)
class AccessEnded:
    """A hint that authorizations of this account may have ended. Whether they have, each grant finds out for itself."""

    account_id: str


@dataclass(frozen=True)
class Ignored:
    """Genuine, and of no consequence here."""


@dataclass(frozen=True)
class Forged:
    """Not signed by the provider, too old, or not readable."""


HookAnswer = Challenge | AccessEnded | Ignored | Forged


def missing_scopes(granted: Sequence[str] | None, *, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return what is wanted and not granted, in the order wanted; nothing when the provider did not say what it granted."""
    if granted is None:
        return ()
    return tuple(scope for scope in wanted if scope not in set(granted))
