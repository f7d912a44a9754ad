"""The viewer, the team and its members in the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from app.access.callers import Caller
from app.access.rules import ADMINISTERING, PUBLIC_ATTRIBUTE, Rule, attributes
from app.graphql.connections import Arguments, Connection
from app.graphql.context import Batch, Context, Info
from app.graphql.errors import UserError
from app.graphql.fields import mutation, query, relation
from app.graphql.ids import encode_id
from app.graphql.inputs import key_of
from app.graphql.nodes import Node
from app.graphql.objects import object_of, objects_by_id
from app.graphql.scalars import URL
from app.teams import access_tokens, actions, loaders, models
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


OWN_TOKENS = Rule(Role.VIEWER, (Scope.ADMIN,))


@query(description="Who is asking, and in which team.")
def viewer(info: Info) -> Viewer:
    return Viewer.of(info.context.viewer)


@strawberry.input(description="Whom to add to the team.")
class AddTeamMemberInput:
    name: str = strawberry.field(description="For people; 1 to 200 characters.")
    email: str = strawberry.field(description="By which they are known. That of somebody who left brings that member back.")
    role: Role = strawberry.field(description="What they may do.")


@strawberry.type(description="The new member.")
@attributes(PUBLIC_ATTRIBUTE)
class AddTeamMemberPayload:
    member: TeamMember | None = strawberry.field(default=None, description="Who was added.")
    invite_url: URL | None = strawberry.field(
        default=None, description="Signs the new member's browser in once, within 24 hours; shown once."
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@strawberry.input(description="Which member gets which role.")
class ChangeTeamMemberRoleInput:
    id: strawberry.ID = strawberry.field(description="The member.")
    role: Role = strawberry.field(description="What they may do from now on.")


@strawberry.type(description="The member as they are now.")
@attributes(PUBLIC_ATTRIBUTE)
class ChangeTeamMemberRolePayload:
    member: TeamMember | None = strawberry.field(default=None, description="Whose role it is.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@strawberry.input(description="Who leaves the team.")
class RemoveTeamMemberInput:
    id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member who has left.")
@attributes(PUBLIC_ATTRIBUTE)
class RemoveTeamMemberPayload:
    removed_team_member: TeamMember | None = strawberry.field(default=None, description="Who has left, with `leftAt` set.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@strawberry.input(description="Whose way back in is wanted.")
class CreateSignInLinkInput:
    id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="A member's way back in.")
@attributes(PUBLIC_ATTRIBUTE)
class CreateSignInLinkPayload:
    member: TeamMember | None = strawberry.field(default=None, description="Whom the link signs in.")
    sign_in_url: URL | None = strawberry.field(
        default=None,
        description="Signs the member's browser in once, within 24 hours; shown once. It is for them alone.",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@strawberry.input(description="What token the caller wants.")
class CreateAccessTokenInput:
    name: str = strawberry.field(description="What it is for; 1 to 200 characters.")
    scopes: list[Scope] = strawberry.field(description="At least one; none that the caller's credential or role does not have.")
    expires_in_days: int = strawberry.field(default=access_tokens.DEFAULT_DAYS, description="1 to 365.")


@strawberry.type(description="The new token.")
@attributes(PUBLIC_ATTRIBUTE)
class CreateAccessTokenPayload:
    access_token: AccessToken | None = strawberry.field(default=None, description="What is kept of it.")
    token: str | None = strawberry.field(default=None, description="The token itself: here, once, and never again.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@strawberry.input(description="Which token is revoked.")
class RevokeAccessTokenInput:
    id: strawberry.ID = strawberry.field(description="One of the caller's own.")


@strawberry.type(description="The token that is no good any more.")
@attributes(PUBLIC_ATTRIBUTE)
class RevokeAccessTokenPayload:
    revoked_access_token_id: strawberry.ID | None = strawberry.field(default=None, description="Which one it was.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why nothing was changed.")


@mutation(ADMINISTERING, description="Add a member, with a link that signs their browser in once.")
async def add_team_member(info: Info, input: AddTeamMemberInput) -> AddTeamMemberPayload:
    caller = info.context.viewer
    invited = await actions.add_member(
        team_id=caller.team_id,
        actor=caller.actor,
        name=input.name,
        email=input.email,
        role=input.role,
        services=info.context.services,
    )
    return AddTeamMemberPayload(member=TeamMember.of(invited.member), invite_url=URL(invited.invite_url.reveal()))


@mutation(
    ADMINISTERING,
    description="Give a member another role. A team keeps one ADMIN. Their open subscriptions end, to be opened anew.",
)
async def change_team_member_role(info: Info, input: ChangeTeamMemberRoleInput) -> ChangeTeamMemberRolePayload:
    caller = info.context.viewer
    member = await actions.change_role(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=_member_key(input.id),
        role=input.role,
        services=info.context.services,
    )
    return ChangeTeamMemberRolePayload(member=TeamMember.of(member))


@mutation(
    ADMINISTERING,
    description=(
        "Let a member leave: their tokens, browser sessions and own authorizations end, and integrations that used those stop. "
        "A team keeps one ADMIN."
    ),
)
async def remove_team_member(info: Info, input: RemoveTeamMemberInput) -> RemoveTeamMemberPayload:
    caller = info.context.viewer
    member = await actions.remove_member(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=_member_key(input.id),
        services=info.context.services,
    )
    return RemoveTeamMemberPayload(removed_team_member=TeamMember.of(member))


@mutation(
    ADMINISTERING,
    description=(
        "Make a link that signs a browser in as a member of the team: for who has lost their session, or never used their "
        "invitation. Earlier links of that member work no longer. The log says who made it and for whom."
    ),
)
async def create_sign_in_link(info: Info, input: CreateSignInLinkInput) -> CreateSignInLinkPayload:
    caller = info.context.viewer
    made = await actions.make_way_back(
        team_id=caller.team_id,
        actor=caller.actor,
        member_id=_member_key(input.id),
        services=info.context.services,
    )
    return CreateSignInLinkPayload(member=TeamMember.of(made.member), sign_in_url=URL(made.invite_url.reveal()))


@mutation(
    OWN_TOKENS,
    description="Make a token for the caller: in the payload once and never again. It never has more scopes than what made it.",
)
async def create_access_token(info: Info, input: CreateAccessTokenInput) -> CreateAccessTokenPayload:
    created = await access_tokens.create_access_token(
        caller=info.context.viewer,
        name=input.name,
        scopes=input.scopes,
        expires_in_days=input.expires_in_days,
        services=info.context.services,
    )
    return CreateAccessTokenPayload(access_token=AccessToken.of(created.row), token=created.token.reveal())


@mutation(OWN_TOKENS, description="Revoke one of the caller's own tokens, at once.")
async def revoke_access_token(info: Info, input: RevokeAccessTokenInput) -> RevokeAccessTokenPayload:
    key = key_of(input.id, "AccessToken", field=("id",), message=access_tokens.NO_SUCH_TOKEN)
    await access_tokens.revoke_access_token(caller=info.context.viewer, token_id=key, services=info.context.services)
    return RevokeAccessTokenPayload(revoked_access_token_id=input.id)


async def _viewers(keys: Sequence[UUID], *, context: Context) -> list[Viewer | None]:
    caller = context.viewer
    return [Viewer.of(caller) if key == caller.member_id else None for key in keys]


def _there(row: T | None) -> T:
    if row is None:
        raise RuntimeError("The caller's own row is not there.")
    return row


def _member_key(id: strawberry.ID) -> UUID:
    return key_of(id, "TeamMember", field=("id",), message="The team has no such member.")


QUERY: dict[str, Any] = {"viewer": viewer}
MUTATION: dict[str, Any] = {
    "add_team_member": add_team_member,
    "change_team_member_role": change_team_member_role,
    "remove_team_member": remove_team_member,
    "create_sign_in_link": create_sign_in_link,
    "create_access_token": create_access_token,
    "revoke_access_token": revoke_access_token,
}
NODES: dict[type, Batch[UUID, Any]] = {
    Viewer: _viewers,
    TeamMember: objects_by_id(TeamMember.of, loaders.members),
    Team: objects_by_id(Team.of, loaders.teams),
    AccessToken: objects_by_id(AccessToken.of, loaders.access_tokens),
}
