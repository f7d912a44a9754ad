"""The caller: one member of one team, by an access token, a JWT of the OIDC issuer, or a browser session. Values only."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.log.actors import Actor, EventOrigin


class Role(StrEnum):
    """The role of a member in the team, from least to most: VIEWER, MEMBER, ADMIN."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"

    def covers(self, role: "Role") -> bool:
        """Whether a member of this role may do what `role` is asked for."""
        return _RANK[self] >= _RANK[role]


class Scope(StrEnum):
    """A permission of an access token."""

    READ = "READ"
    RUNS_WRITE = "RUNS_WRITE"
    INTEGRATIONS_WRITE = "INTEGRATIONS_WRITE"
    ADMIN = "ADMIN"


_RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2}

ALL_SCOPES = frozenset(Scope)

_SCOPES_OF = {
    Role.ADMIN: ALL_SCOPES,
    Role.MEMBER: frozenset({Scope.READ, Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE}),
    Role.VIEWER: frozenset({Scope.READ}),
}


def scopes_of(role: Role) -> frozenset[Scope]:
    """Return every scope that a token of a member of this role may have."""
    return _SCOPES_OF[role]


@dataclass(frozen=True)
class Caller:
    """A member of a team, and what they came with.

    `credential_id` is the access token's or the browser session's id. A session has every scope, whatever `scopes` says.
    `expires_at` is when the credential ends, in UTC; None when it does not. `origin` is where this request came from.
    `is_of_issuer`: it is a JWT of the OIDC issuer, which has no row; its `credential_id` stays the same for the same account
    there, as the member of the same team.
    """

    team_id: UUID
    member_id: UUID
    role: Role
    scopes: frozenset[Scope]
    credential_id: UUID
    is_session: bool
    expires_at: datetime | None
    is_of_issuer: bool = False
    origin: EventOrigin | None = field(default=None, compare=False)

    @property
    def actor(self) -> Actor:
        """The caller as the actor of a change."""
        return Actor(self.member_id, self.origin)

    @property
    def can_write(self) -> bool:
        """Whether the role allows more than reading."""
        return self.role.covers(Role.MEMBER)

    def has_any(self, *scopes: Scope) -> bool:
        """Whether at least one of the scopes was given."""
        return self.is_session or not self.scopes.isdisjoint(scopes)


_OF_ONE_CALLER = frozenset({"member_id", "credential_id", "expires_at", "is_of_issuer", "origin"})


class Deputy(Caller):
    """A caller who stands for all of the team with the same role and scopes, and notes whether anybody asks who exactly it is."""

    was_asked_who = False

    @classmethod
    def of(cls, caller: Caller) -> "Deputy":
        return cls(**{each.name: getattr(caller, each.name) for each in fields(caller)})

    def __getattribute__(self, name: str) -> Any:
        if name in _OF_ONE_CALLER:
            object.__setattr__(self, "was_asked_who", True)
        return super().__getattribute__(name)
