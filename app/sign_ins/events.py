"""What can happen to a sign-in and to the grant that it left."""

from dataclasses import dataclass
from uuid import UUID

from app.log.domain_events import Logged, Unlogged
from app.log.event_types import EventType
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class AuthorizationCompleted(Logged):
    type = EventType.AUTHORIZATION_COMPLETED
    summary = "Signed in to {connected_to} at {provider_name}."

    authorization_id: UUID
    connected_to: str
    provider_name: str


@dataclass(frozen=True)
class AuthorizationFailed(Logged):
    type = EventType.AUTHORIZATION_FAILED
    summary = "A sign-in at {provider_name} failed: {why}"

    authorization_id: UUID
    provider_name: str
    why: str


@dataclass(frozen=True)
class AuthorizationRevoked(Logged):
    """A finished sign-in ended: given back unused, or ended by its member."""

    type = EventType.AUTHORIZATION_REVOKED
    summary = "The sign-in to {connected_to} ended."

    authorization_id: UUID
    connected_to: str


@dataclass(frozen=True)
class GrantEnded(Unlogged):
    """The grant is given back and never comes again; `reason` is what stops whoever used it."""

    grant_id: UUID
    reason: StatusReason
    message: str


@dataclass(frozen=True)
class GrantTroubled(Unlogged):
    """The grant does not work, for now or for good: `reason` says which."""

    grant_id: UUID
    reason: StatusReason
    message: str


@dataclass(frozen=True)
class GrantRecovered(Unlogged):
    """The grant works again."""

    grant_id: UUID


@dataclass(frozen=True)
class RenewalTurned(Unlogged):
    """The provider has refused, in a row and more than once, to renew the grant's tokens; or has renewed them after all."""

    grant_id: UUID


@dataclass(frozen=True)
class MemberSignedIn(Unlogged):
    """A member has an authorization of their own at a team's OAuth client from now on, in the place of any older one."""

    oauth_client_id: UUID
    member_id: UUID
    grant_id: UUID


@dataclass(frozen=True)
class ClientTroubled(Unlogged):
    """A team's OAuth client does not work, whoever signs in with it: the server refuses it, or its secret does not open."""

    oauth_client_id: UUID
    reason: StatusReason
    message: str


@dataclass(frozen=True)
class ServerCertificateSeen(Unlogged):
    """The certificate of the client's server, or the one that it is trusted by, ends at another time than was known."""

    oauth_client_id: UUID


@dataclass(frozen=True)
class ClientRecovered(Unlogged):
    """The client works again."""

    oauth_client_id: UUID
