"""Teams, their members, and what members sign in with, in the API."""

from datetime import datetime
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.connections import Connection
from app.graphql.context import Info
from app.graphql.fields import relation
from app.graphql.ids import encode_id
from app.graphql.nodes import Node
from app.graphql.objects import ShowsRow, object_of
from app.graphql.relations import pages, reference
from app.storage.records import joined_to
from app.teams import loaders, models
from app.teams.enums import Role, Scope
from app.teams.permissions import may_administer


@strawberry.type(description="Somebody in the team, or somebody who was.")
@attributes(PUBLIC_ATTRIBUTE)
class TeamMember(Node):
    row: strawberry.Private[models.Member]
    name: str = strawberry.field(description="For people.")
    email: str = strawberry.field(description="By which they are known: unique in the team, in lower case.")
    role: Role = strawberry.field(description="What they may do.")
    joined_at: datetime = strawberry.field(description="When they were added, the last time.")
    left_at: datetime | None = strawberry.field(
        description="Set once they have left: still named where they did something, no longer among the team's members."
    )

    @relation(
        description=(
            "When a browser was last signed in as them; null: never since they were added, so that `createSignInLink` may be "
            "what they need. Null too for whoever is neither an admin nor they themselves."
        )
    )
    def last_signed_in_at(self, info: Info) -> datetime | None:
        viewer = info.context.viewer
        return self.row.last_signed_in_at if may_administer(viewer) or viewer.member_id == self.row.id else None

    @relation(description="Whether the viewer may give them another role: admins may, but a team keeps one ADMIN.")
    async def viewer_can_change_role(self, info: Info) -> bool:
        return await self._may_be_no_admin(info)

    @relation(description="Whether the viewer may remove them: admins may, but a team keeps one ADMIN.")
    async def viewer_can_remove(self, info: Info) -> bool:
        return await self._may_be_no_admin(info)

    @relation(description="Whether the viewer may make a link that signs them in: admins only.")
    def viewer_can_create_sign_in_link(self, info: Info) -> bool:
        return self.left_at is None and may_administer(info.context.viewer)

    async def _may_be_no_admin(self, info: Info) -> bool:
        if self.left_at is not None or not may_administer(info.context.viewer):
            return False
        return self.role != Role.ADMIN or await info.context.load(loaders.have_other_admins, self.row.id)

    of = ShowsRow[models.Member]()


@strawberry.type(description="Those who share installed apps: everything belongs to a team.")
@attributes(PUBLIC_ATTRIBUTE)
class Team(Node):
    key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique on this server.")
    created_at: datetime = strawberry.field(description="When it was made.")

    members: Connection[TeamMember] = pages(
        loaders.member_pages,
        Connection,
        TeamMember.of,
        by="key",
        description="Its present members, in the order in which they joined.",
    )

    @relation(description="Whether the viewer may add members: admins only.")
    def viewer_can_add_members(self, info: Info) -> bool:
        return may_administer(info.context.viewer)

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


def _not_there() -> Exception:
    return RuntimeError("The caller's own row is not there.")


@strawberry.type(description="The caller.")
@attributes(PUBLIC_ATTRIBUTE)
class Viewer(Node):
    member_key: strawberry.Private[UUID]

    member: TeamMember = reference(
        loaders.members_with_teams, TeamMember.of, by="member_key", missing=_not_there, description="Who is asking."
    )
    team: Team = reference(
        loaders.members_with_teams,
        lambda member: Team.of(joined_to(member, "team")),
        by="member_key",
        missing=_not_there,
        description="The team that all of this is about.",
    )
    access_tokens: Connection[AccessToken] = pages(
        loaders.access_token_pages,
        Connection,
        AccessToken.of,
        by="member_key",
        description="The caller's own access tokens, newest first, without those revoked.",
    )

    @classmethod
    def of(cls, caller: Caller) -> "Viewer":
        return cls(id=strawberry.ID(encode_id("Viewer", caller.member_id)), member_key=caller.member_id)
