"""What can happen to a sign-in and to the grant that it left."""

from dataclasses import dataclass
from uuid import UUID

from app.log.event_types import EventType
from app.log.events import LogEntry
from app.sign_ins.models import StatusReason


@dataclass(frozen=True)
class AuthorizationCompleted:
    authorization_id: UUID
    connected_to: str
    provider_name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.AUTHORIZATION_COMPLETED,
            subject_id=self.authorization_id,
            summary=f"Signed in to {self.connected_to} at {self.provider_name}.",
        )


@dataclass(frozen=True)
class AuthorizationFailed:
    authorization_id: UUID
    provider_name: str
    message: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.AUTHORIZATION_FAILED,
            subject_id=self.authorization_id,
            summary=f"A sign-in at {self.provider_name} failed: {self.message}",
        )


@dataclass(frozen=True)
class AuthorizationRevoked:
    """A finished sign-in ended: given back unused, or ended by its member."""

    authorization_id: UUID
    connected_to: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.AUTHORIZATION_REVOKED,
            subject_id=self.authorization_id,
            summary=f"The sign-in to {self.connected_to} ended.",
        )


@dataclass(frozen=True)
class GrantEnded:
    """The grant is given back and never comes again; `reason` is what stops whoever used it."""

    grant_id: UUID
    reason: StatusReason
    message: str

    def entry(self) -> None:
        return None


@dataclass(frozen=True)
class GrantTroubled:
    """The grant does not work, for now or for good: `reason` says which."""

    grant_id: UUID
    reason: StatusReason
    message: str

    def entry(self) -> None:
        return None


@dataclass(frozen=True)
class GrantRecovered:
    """The grant works again."""

    grant_id: UUID

    def entry(self) -> None:
        return None


@dataclass(frozen=True)
class MemberSignedIn:
    """A member has an authorization of their own at a team's OAuth client from now on, in the place of any older one."""

    oauth_client_id: UUID
    member_id: UUID
    grant_id: UUID

    def entry(self) -> None:
        return None


@dataclass(frozen=True)
class ClientTroubled:
    """A team's OAuth client does not work, whoever signs in with it: the server refuses it, or its secret does not open."""

    oauth_client_id: UUID
    reason: StatusReason
    message: str

    def entry(self) -> None:
        return None


@dataclass(frozen=True)
class ClientRecovered:
    """The client works again."""

    oauth_client_id: UUID

    def entry(self) -> None:
        return None
