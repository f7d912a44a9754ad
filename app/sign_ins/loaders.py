"""Sign-ins read together: keys in, rows out in the same order."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import find_rows
from app.sign_ins.models import Authorization


async def authorizations(keys: Sequence[UUID], *, context: Context) -> list[Authorization | None]:
    """Return the caller's own sign-ins; None for anybody else's."""
    return await find_rows(Authorization, keys, context=context, member_id=context.viewer.member_id)
