"""What a team can say happened to its members and their tokens."""

from dataclasses import dataclass
from uuid import UUID

from app.access.callers import Role
from app.log.event_types import EventType
from app.log.events import LogEntry


@dataclass(frozen=True)
class MemberAdded:
    member_id: UUID
    name: str
    role: Role

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.TEAM_MEMBER_ADDED,
            subject_id=self.member_id,
            summary=f"{self.name} was added to the team as {self.role}.",
        )


@dataclass(frozen=True)
class MemberRoleChanged:
    member_id: UUID
    name: str
    role: Role
    previous: Role

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.TEAM_MEMBER_ROLE_CHANGED,
            subject_id=self.member_id,
            summary=f"{self.name} is now {self.role} (was {self.previous}).",
            status=self.role,
            previous_status=self.previous,
        )


@dataclass(frozen=True)
class MemberRemoved:
    member_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.TEAM_MEMBER_REMOVED, subject_id=self.member_id, summary=f"{self.name} left the team.")


@dataclass(frozen=True)
class SignInLinkCreated:
    member_id: UUID
    name: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.SIGN_IN_LINK_CREATED,
            subject_id=self.member_id,
            summary=f"A link was made that signs a browser in as {self.name}, once.",
        )


@dataclass(frozen=True)
class AccessTokenCreated:
    token_id: UUID
    name: str
    owner: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.ACCESS_TOKEN_CREATED,
            subject_id=self.token_id,
            summary=f"{self.owner} made the access token “{self.name}”.",
        )


@dataclass(frozen=True)
class AccessTokenRevoked:
    token_id: UUID
    name: str
    owner: str

    def entry(self) -> LogEntry:
        return LogEntry(
            type=EventType.ACCESS_TOKEN_REVOKED,
            subject_id=self.token_id,
            summary=f"{self.owner}'s access token “{self.name}” was revoked.",
        )
