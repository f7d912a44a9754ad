"""What a team can say happened to its members and their tokens."""

from dataclasses import dataclass
from uuid import UUID

from app.access.callers import Role
from app.log.domain_events import Logged
from app.log.event_types import EventType


@dataclass(frozen=True)
class MemberAdded(Logged):
    type = EventType.TEAM_MEMBER_ADDED
    summary = "{name} was added to the team as {role}."

    member_id: UUID
    name: str
    role: Role


@dataclass(frozen=True)
class MemberRoleChanged(Logged):
    type = EventType.TEAM_MEMBER_ROLE_CHANGED
    summary = "{name} is now {status} (was {previous_status})."

    member_id: UUID
    name: str
    status: Role
    previous_status: Role


@dataclass(frozen=True)
class MemberRemoved(Logged):
    type = EventType.TEAM_MEMBER_REMOVED
    summary = "{name} left the team."

    member_id: UUID
    name: str


@dataclass(frozen=True)
class SignInLinkCreated(Logged):
    type = EventType.SIGN_IN_LINK_CREATED
    summary = "A link was made that signs a browser in as {name}, once."

    member_id: UUID
    name: str


@dataclass(frozen=True)
class AccessTokenCreated(Logged):
    type = EventType.ACCESS_TOKEN_CREATED
    summary = "{owner} made the access token “{name}”."

    token_id: UUID
    name: str
    owner: str


@dataclass(frozen=True)
class AccessTokenRevoked(Logged):
    type = EventType.ACCESS_TOKEN_REVOKED
    summary = "{owner}'s access token “{name}” was revoked."

    token_id: UUID
    name: str
    owner: str
