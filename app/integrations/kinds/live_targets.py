"""The channels and repositories that settings name, as their providers show them now; None for what they do not show.

An integration is read also while its provider is away, and by whoever may not ask there: what was chosen stands in its settings.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from app.access.rules import ASKING_PROVIDERS
from app.graphql.context import Context
from app.installed_apps.loaders import grants, installed_apps, own_grants
from app.installed_apps.models import InstalledApp
from app.integrations import loaders
from app.integrations.models import Integration
from app.providers.contract import Channel, Failure
from app.providers.hosting import Repository
from app.repositories import asking
from app.sign_ins.channels import find_channel, list_channels
from app.sign_ins.lookups import Listed, Source, look_up
from app.sign_ins.models import Grant

_PAGE = 100

T = TypeVar("T")


async def live_channels(keys: Sequence[UUID], *, context: Context) -> list[Channel | None]:
    """Return where each integration posts, asked for with what it posts with."""
    posts = await loaders.monitoring_posts(keys, context=context)
    wanted = [post.channel_id if post is not None else None for post in posts]
    rows = await loaders.integrations(keys, context=context)
    apps = await _apps_of(rows, context=context)
    grant_ids = [(row.grant_id or (app.grant_id if app else None)) if row else None for row, app in zip(rows, apps, strict=True)]
    found = await _each_once(grant_ids, lambda ids: grants(ids, context=context))
    of_account = [
        grant if grant is not None and row is not None and grant.account_id == row.account_id else None
        for grant, row in zip(found, rows, strict=True)
    ]

    def source(grant: Grant) -> Source[Channel]:
        async def turn(cursor: str | None) -> Listed[Channel] | Failure:
            page = await list_channels(grant, cursor, _PAGE, budget=context.budget, services=context.services)
            return page if isinstance(page, Failure) else Listed({each.id: each for each in page.channels}, page.next_cursor)

        return Source(lambda one: find_channel(grant, one, budget=context.budget, services=context.services), turn)

    return await _look_up_each(rows, of_account, wanted, source=source, context=context)


async def live_repositories(keys: Sequence[UUID], *, context: Context) -> list[Repository | None]:
    """Return what each integration is connected to, asked for as the viewer, with the viewer's own sign-in."""
    connections = await loaders.api_connections(keys, context=context)
    wanted = [connection.repository_id if connection is not None else None for connection in connections]
    rows = await loaders.integrations(keys, context=context)
    apps = await _apps_of(rows, context=context)
    clients = [app.oauth_client_id if app is not None else None for app in apps]
    found = await _each_once(clients, lambda ids: own_grants(ids, context=context))

    def source(grant: Grant) -> Source[Repository]:
        async def turn(cursor: str | None) -> Listed[Repository] | Failure:
            question = asking.repositories(None, cursor, _PAGE)
            page = await asking.ask(question, grant=grant, budget=context.budget, services=context.services)
            return page if isinstance(page, Failure) else Listed({each.id: each for each in page.repositories}, page.next_cursor)

        return Source(
            lambda one: asking.ask(asking.repository(one), grant=grant, budget=context.budget, services=context.services), turn
        )

    return await _look_up_each(rows, found, wanted, source=source, context=context)


async def _look_up_each(
    rows: Sequence[Integration | None],
    found: Sequence[Grant | None],
    wanted: Sequence[str | None],
    *,
    source: Callable[[Grant], Source[T]],
    context: Context,
) -> list[T | None]:
    """Ask with each grant once for all that is wanted of it."""
    if not ASKING_PROVIDERS.admits(context.viewer.role):
        return [None] * len(rows)
    asked: dict[UUID, set[str]] = defaultdict(set)
    places: list[tuple[UUID, str] | None] = []
    by_id = {grant.id: grant for grant in found if grant is not None}
    for row, grant, target in zip(rows, found, wanted, strict=True):
        place = (grant.id, target) if row and grant and target and grant.origin == row.origin else None
        places.append(place)
        if place is not None:
            asked[place[0]].add(place[1])
    answers = await asyncio.gather(*(look_up(ids, source=source(by_id[key])) for key, ids in asked.items()))
    shown = dict(zip(asked, answers, strict=True))
    return [shown[place[0]].get(place[1]) if place is not None else None for place in places]


async def _apps_of(rows: Sequence[Integration | None], *, context: Context) -> list[InstalledApp | None]:
    keys = [row.installed_app_id if row is not None else None for row in rows]
    return await _each_once(keys, lambda ids: installed_apps(ids, context=context))


async def _each_once(
    keys: Sequence[UUID | None], read: Callable[[Sequence[UUID]], Awaitable[Sequence[T | None]]]
) -> list[T | None]:
    """Return what `read` has for each key, and None for none, having named each key once."""
    named = list({key for key in keys if key is not None})
    found = dict(zip(named, await read(named), strict=True)) if named else {}
    return [found.get(key) if key is not None else None for key in keys]
