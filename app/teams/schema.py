"""The viewer, the team and its members in the API."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.graphql.context import Batch, Context, Info
from app.graphql.fields import query
from app.graphql.objects import objects_by_id
from app.teams import loaders
from app.teams.adding import add_team_member
from app.teams.changing_roles import change_team_member_role
from app.teams.creating_links import create_sign_in_link
from app.teams.creating_tokens import create_access_token
from app.teams.removing import remove_team_member
from app.teams.revoking_tokens import revoke_access_token
from app.teams.types import AccessToken, Team, TeamMember, Viewer


@query(description="Who is asking, and in which team.")
def viewer(info: Info) -> Viewer:
    return Viewer.of(info.context.viewer)


async def _viewers(keys: Sequence[UUID], *, context: Context) -> list[Viewer | None]:
    caller = context.viewer
    return [Viewer.of(caller) if key == caller.member_id else None for key in keys]


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
