"""Teams, their members, and what members sign in with, in the API."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.ids import encode_id
from app.graphql.nodes import Node
from app.graphql.objects import object_of
from app.teams import loaders, models
from app.teams.enums import Role, Scope

T = TypeVar("T")


@strawberry.type(description="Somebody in the team, or somebody who was.")
@attributes(PUBLIC_ATTRIBUTE)
class TeamMember(Node):
    name: str = strawberry.field(description="For people.")
    email: str = strawberry.field(description="By which they are known: unique in the team, in lower case.")
    role: Role = strawberry.field(description="What they may do.")
    joined_at: datetime = strawberry.field(description="When they were added, the last time.")
    left_at: datetime | None = strawberry.field(
        description="Set once they have left: still named where they did something, no longer among the team's members."
    )

    @classmethod
    def of(cls, row: models.Member) -> "TeamMember":
        return object_of(cls, row)


@strawberry.type(description="Those who share installed apps: everything belongs to a team.")
@attributes(PUBLIC_ATTRIBUTE)
class Team(Node):
    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique on this server.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @relation(description="Its present members, in the order in which they joined.")
    async def members(self, info: Info, page: Arguments) -> Connection[TeamMember]:
        return Connection.of(await info.context.load(loaders.member_pages, (self.key, page)), TeamMember.of)

    @classmethod
    def of(cls, row: models.Team) -> "Team":
        return object_of(cls, row, key=row.id)


@strawberry.type(description="A bearer token of the caller, for scripts. The token itself is never shown again.")
@attributes(PUBLIC_ATTRIBUTE)
class AccessToken(Node):
    name: str = strawberry.field(description="What it is for.")
    last_four: str = strawberry.field(description="Its last four characters, by which it is recognized.")
    scopes: list[Scope] = strawberry.field(description="What it may be used for, as far as the member's role allows.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="From when on it is refused.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to within five minutes; null: never.")

    @classmethod
    def of(cls, row: models.AccessToken) -> "AccessToken":
        return object_of(cls, row, scopes=[scope for scope in Scope if scope in row.scopes])


@strawberry.type(description="The caller.")
@attributes(PUBLIC_ATTRIBUTE)
class Viewer(Node):
    member_key: strawberry.Private[UUID]
    team_key: strawberry.Private[UUID]

    @relation(description="Who is asking.")
    async def member(self, info: Info) -> TeamMember:
        return TeamMember.of(_there(await info.context.load(loaders.members, self.member_key)))

    @relation(description="The team that all of this is about.")
    async def team(self, info: Info) -> Team:
        return Team.of(_there(await info.context.load(loaders.teams, self.team_key)))

    @relation(description="The caller's own access tokens, newest first, without those revoked.")
    async def access_tokens(self, info: Info, page: Arguments) -> Connection[AccessToken]:
        return Connection.of(await info.context.load(loaders.access_token_pages, (self.member_key, page)), AccessToken.of)

    @classmethod
    def of(cls, caller: Caller) -> "Viewer":
        return cls(id=strawberry.ID(encode_id("Viewer", caller.member_id)), member_key=caller.member_id, team_key=caller.team_id)


def _there(row: T | None) -> T:
    if row is None:
        raise RuntimeError("The caller's own row is not there.")
    return row
