"""Removing grants that were given back long ago and are shown nowhere any more."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from app.log.events import Change
from app.log.retention import BATCH_SIZE, remove_of_teams
from app.services import Services
from app.sign_ins.models import Grant, GrantState
from app.sign_ins.retention import KEPT_FOR

_USES = RawSQL("""(CASE
    WHEN EXISTS (SELECT 1 FROM "authorization" AS "sign_in" WHERE "sign_in"."grant_id" = "grant"."id") THEN 1
    WHEN EXISTS (SELECT 1 FROM "installed_app" AS "app" WHERE "app"."grant_id" = "grant"."id") THEN 1
    WHEN EXISTS (SELECT 1 FROM "integration" AS "user" WHERE "user"."grant_id" = "grant"."id") THEN 1
    ELSE 0
END)""")


async def remove_given_back(*, services: Services) -> int:
    """Remove some of the grants that were given back 30 days ago, the oldest first, and return how many.

    None that a sign-in, an installed app or an integration still names, deleted or not.
    """
    found = await _removable(services.clock.now()).order_by("revoking_since").limit(BATCH_SIZE).values_list("team_id", "id")
    return await remove_of_teams(found, _remove, events=services.events)


def _removable(now: datetime) -> QuerySet[Grant]:
    return Grant.filter(state=GrantState.GONE, revoking_since__lte=now - KEPT_FOR).annotate(uses=_USES).filter(uses=0)


async def _remove(change: Change, ids: Sequence[UUID]) -> int:
    still = await _removable(change.now).filter(id__in=list(ids)).values_list("id", flat=True)
    return await Grant.filter(id__in=list(still)).delete()
