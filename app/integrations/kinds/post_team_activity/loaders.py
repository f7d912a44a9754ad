"""Reading the settings of these integrations for many asks at once, and their channels as the provider shows them now."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import rows_by
from app.integrations.kinds import channels
from app.integrations.kinds.post_team_activity.models import ActivityPost
from app.providers.contract import Channel

rows = rows_by(ActivityPost, "integration_id")
"""The settings of integrations by their ids."""


async def live_channels(keys: Sequence[UUID], *, context: Context) -> list[Channel | None]:
    """Return where each integration posts, asked for with what it posts with."""

    async def channel_ids(of: Sequence[UUID]) -> Sequence[str | None]:
        return [post.channel_id if post is not None else None for post in await rows(of, context=context)]

    return await channels.live_channels(keys, channel_ids=channel_ids, context=context)
