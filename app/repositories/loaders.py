"""Reading what the viewer may ask Git servers with."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import find_rows
from app.sign_ins.models import Grant, GrantState, OAuthClient


async def own_grants(keys: Sequence[UUID], *, context: Context) -> list[Grant | None]:
    """Return the viewer's own grants by OAuth client: never another member's."""
    own: dict[str, Any] = {"member_id": context.viewer.member_id, "state": GrantState.ACTIVE}
    return await find_rows(Grant, keys, context=context, by="oauth_client_id", **own)


async def oauth_clients(keys: Sequence[UUID], *, context: Context) -> list[OAuthClient | None]:
    """Return the team's OAuth clients by id."""
    return await find_rows(OAuthClient, keys, context=context)
