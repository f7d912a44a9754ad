"""Reading where integrations post for many asks at once: as it was chosen, and as the provider shows it now."""

from collections.abc import Sequence
from uuid import UUID

from app.graphql.context import Context
from app.graphql.rows import rows_by
from app.installed_apps.loaders import grants
from app.integrations.kinds.live_targets import PAGE, apps_of, each_once, look_up_each
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.loaders import integrations
from app.providers.contract import Channel, Failure
from app.sign_ins.channels import find_channel, list_channels
from app.sign_ins.lookups import Listed, Source
from app.sign_ins.models import Grant

rows = rows_by(MonitoringPost, "integration_id")
"""The settings of integrations by their ids."""


async def live_channels(keys: Sequence[UUID], *, context: Context) -> list[Channel | None]:
    """Return where each integration posts, asked for with what it posts with."""
    posts = await rows(keys, context=context)
    wanted = [post.channel_id if post is not None else None for post in posts]
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

    return await look_up_each(placed, of_account, wanted, source=source, context=context)
