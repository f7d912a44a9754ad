"""Sign-ins read together: keys in, rows out in the same order."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.sign_ins.models import Authorization


async def authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    """Return the caller's own sign-ins; None for anybody else's."""
    viewer = context.viewer
    rows = await Authorization.filter(id__in=list(keys), team_id=viewer.team_id, member_id=viewer.member_id)
    found = {row.id: row for row in rows}
    return [found.get(key) for key in keys]
