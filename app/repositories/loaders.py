"""Reading what the viewer may ask Git servers with."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.sign_ins.models import Grant, GrantState, OAuthClient


async def own_grants(keys: Sequence[UUID], *, context: Context) -> list[Grant | None]:
    """Return the viewer's own grants by OAuth client: never another member's."""
    viewer = context.viewer
    own = Grant.filter(team_id=viewer.team_id, member_id=viewer.member_id, state=GrantState.ACTIVE)
    rows = {row.oauth_client_id: row for row in await own.filter(oauth_client_id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def oauth_clients(keys: Sequence[UUID], *, context: Context) -> list[OAuthClient | None]:
    """Return the team's OAuth clients by id."""
    rows = {row.id: row for row in await OAuthClient.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]
