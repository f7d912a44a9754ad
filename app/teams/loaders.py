"""Rows of teams, read together. What is another team's is not there."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.teams.models import AccessToken, Member, Team

OLDEST_FIRST = ("joined_at", "id")


async def members(keys: Sequence[UUID], *, context: Context) -> list[Member | None]:
    """Return the team's members by their ids, also those who have left."""
    rows = {row.id: row for row in await Member.filter(team_id=context.viewer.team_id, id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def teams(keys: Sequence[UUID], *, context: Context) -> list[Team | None]:
    """Return teams by their ids: there is only the caller's own."""
    own = context.viewer.team_id
    row = await Team.get_or_none(id=own) if own in keys else None
    return [row if key == own else None for key in keys]


async def access_tokens(keys: Sequence[UUID], *, context: Context) -> list[AccessToken | None]:
    """Return the caller's own tokens by their ids, as long as they are not revoked."""
    own = AccessToken.filter(member_id=context.viewer.member_id, revoked_at=None, id__in=list(keys))
    rows = {row.id: row for row in await own}
    return [rows.get(key) for key in keys]


async def member_pages(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> list[Page[Member]]:
    """Return a page of present members for each (team, arguments)."""
    present = Member.filter(team_id=context.viewer.team_id, left_at=None)
    return await paginate_each(present, keys, by="team_id", order=OLDEST_FIRST)


async def access_token_pages(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> list[Page[AccessToken]]:
    """Return a page of tokens for each (member, arguments): the caller's own."""
    own = AccessToken.filter(member_id=context.viewer.member_id, revoked_at=None)
    return await paginate_each(own, keys, by="member_id")
