"""Sign-ins read together: keys in, rows out in the same order."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.rows import find_rows, of_team
from app.sign_ins.models import Authorization, AuthorizationStatus

NEWEST_FIRST = ("-begun_at", "-id")


async def authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    """Return the caller's own sign-ins; None for anybody else's."""
    return await find_rows(Authorization, keys, context=context, member_id=context.viewer.member_id)


async def connected_account_pages(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[Authorization]]:
    """Return a page of the sign-ins at Git servers that are in force, for each (member, arguments): the caller's own."""
    own = of_team(Authorization, context).filter(member_id=context.viewer.member_id, status=AuthorizationStatus.COMPLETED)
    at_git_servers = own.filter(oauth_client_id__isnull=False)
    return await paginate_each(at_git_servers, keys, by="member_id", order=NEWEST_FIRST)
