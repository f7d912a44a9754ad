"""The channel that an integration posts to, in the API: as it was chosen, and as the provider shows it now."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.graphql.context import Batch, Context, Info
from app.graphql.fields import relation
from app.installed_apps.loaders import grants
from app.integrations.kinds.live_targets import PAGE, apps_of, each_once, look_up_each
from app.integrations.loaders import integrations
from app.integrations.models import Integration
from app.providers.contract import Channel, Failure
from app.sign_ins import types
from app.sign_ins.channels import ChannelRef, find_channel, list_channels
from app.sign_ins.lookups import Listed, Source
from app.sign_ins.models import Grant


def live_channels_of(rows: Batch[UUID, Any]) -> Batch[UUID, Channel | None]:
    """Return the batch function that shows where integrations post, asked for with what each posts with.

    `rows` finds their settings, which say where that was chosen to be.
    """

    async def live_channels(keys: Sequence[UUID], /, *, context: Context) -> list[Channel | None]:
        chosen = [post.channel_id if post is not None else None for post in await rows(keys, context=context)]
        return await _look_up(keys, chosen, context=context)

    return live_channels


def channel_of(live_channels: Batch[UUID, Channel | None]) -> Any:
    """Return the field of the channel, for a type with its `integration` and its `post`, the settings."""

    @relation(
        description=(
            "The channel as its provider shows it now, to within a minute; asks the provider. Null where it is gone or cannot be "
            "posted to, where the provider does not answer, where an operation would ask for too many, and for VIEWERs: then "
            "`channelName` says what was chosen."
        )
    )
    async def channel(root: Any, info: Info) -> types.Channel | None:
        found = await info.context.load(live_channels, root.integration.id)
        if found is None:
            return None
        return types.Channel.of(_ref_of(root.integration, root.post.channel_id), name=found.name, is_private=found.is_private)

    return channel


def channel_id_of(integration: Integration, channel_id: str) -> strawberry.ID:
    """Return the channel's id in the API, of the provider's own."""
    return strawberry.ID(_ref_of(integration, channel_id).id)


def _ref_of(integration: Integration, channel_id: str) -> ChannelRef:
    return ChannelRef(integration.provider, integration.account_id, channel_id)


async def _look_up(keys: Sequence[UUID], chosen: Sequence[str | None], *, context: Context) -> list[Channel | None]:
    placed = await integrations(keys, context=context)
    apps = await apps_of(placed, context=context)
    users = zip(placed, apps, strict=True)
    grant_ids = [(row.grant_id or (app.grant_id if app else None)) if row else None for row, app in users]
    found = await each_once(grant_ids, lambda ids: grants(ids, context=context))
    of_account = [
        grant if grant is not None and row is not None and grant.account_id == row.account_id else None
        for grant, row in zip(found, placed, strict=True)
    ]

    def source(grant: Grant) -> Source[Channel]:
        async def turn(cursor: str | None) -> Listed[Channel] | Failure:
            page = await list_channels(grant, cursor, PAGE, budget=context.budget, services=context.services)
            return page if isinstance(page, Failure) else Listed({each.id: each for each in page.channels}, page.next_cursor)

        return Source(lambda one: find_channel(grant, one, budget=context.budget, services=context.services), turn)

    return await look_up_each(placed, of_account, chosen, source=source, context=context)
