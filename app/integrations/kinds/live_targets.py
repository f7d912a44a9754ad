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
from app.installed_apps.loaders import installed_apps
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.sign_ins.lookups import Source, look_up
from app.sign_ins.models import Grant

PAGE = 100

T = TypeVar("T")


async def look_up_each(
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


async def apps_of(rows: Sequence[Integration | None], *, context: Context) -> list[InstalledApp | None]:
    keys = [row.installed_app_id if row is not None else None for row in rows]
    return await each_once(keys, lambda ids: installed_apps(ids, context=context))


async def each_once(
    keys: Sequence[UUID | None], read: Callable[[Sequence[UUID]], Awaitable[Sequence[T | None]]]
) -> list[T | None]:
    """Return what `read` finds for each key, which is asked for each one once; None for None."""
    named = list({key for key in keys if key is not None})
    found = dict(zip(named, await read(named), strict=True)) if named else {}
    return [found.get(key) if key is not None else None for key in keys]
