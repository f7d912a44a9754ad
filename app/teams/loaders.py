"""Rows of teams, read together. What is another team's is not there."""

from collections.abc import Sequence
from uuid import UUID

from app.access.callers import Role
from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.rows import find_rows, of_team, rows_by
from app.storage.records import columns_of
from app.storage.statements import read_rows
from app.teams.models import AccessToken, Member, Team

OLDEST_FIRST = ("joined_at", "id")


members = rows_by(Member)
"""The team's members by their ids, also those who have left."""


async def members_with_teams(keys: Sequence[UUID], *, context: Context) -> list[Member | None]:
    """Return the team's members by their ids, each with its team joined to it."""
    of_team = (f"team__{name}" for name in columns_of(Team))
    return await find_rows(Member, keys, context=context, columns=(*columns_of(Member), *of_team))


async def teams(keys: Sequence[UUID], *, context: Context) -> list[Team | None]:
    """Return teams by their ids: there is only the caller's own."""
    own = context.viewer.team_id
    rows = await read_rows(Team, [own], by="id", conditions={}) if own in keys else ()
    return [next(iter(rows), None) if key == own else None for key in keys]


async def access_tokens(keys: Sequence[UUID], *, context: Context) -> list[AccessToken | None]:
    """Return the caller's own tokens by their ids, as long as they are not revoked."""
    return await find_rows(AccessToken, keys, context=context, member_id=context.viewer.member_id, revoked_at=None)


async def have_other_admins(keys: Sequence[UUID], *, context: Context) -> list[bool]:
    """Return for each member whether the team has another ADMIN."""
    admins = of_team(Member, context).filter(left_at=None, role=Role.ADMIN).order_by(*OLDEST_FIRST).limit(2)
    found: list[UUID] = list(await admins.values_list("id", flat=True))  # type: ignore[arg-type]  # flat is not in its type
    return [any(admin != key for admin in found) for key in keys]


async def member_pages(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[Member]]:
    """Return a page of present members for each (team, arguments)."""
    present = of_team(Member, context).filter(left_at=None)
    return await paginate_each(present, keys, by="team_id", order=OLDEST_FIRST)


async def access_token_pages(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[AccessToken]]:
    """Return a page of tokens for each (member, arguments): the caller's own."""
    own = of_team(AccessToken, context).filter(member_id=context.viewer.member_id, revoked_at=None)
    return await paginate_each(own, keys, by="member_id")
