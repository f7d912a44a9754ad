"""What is left to be swept up: links and browser sessions that sign nobody in any more."""

from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from app import database
from app.ground import Ground
from app.teams.models import BrowserSession, SignInLink

KEPT_FOR = timedelta(days=1)

_MOST = 500


async def sweep(*, ground: Ground) -> int:
    """Delete some of the links and sessions that ran out a day ago or longer; return how many."""
    before = ground.clock.now() - KEPT_FOR
    found = [
        (model, list(await model.filter(expires_at__lte=before).limit(_MOST).values_list("id", flat=True)))
        for model in (SignInLink, BrowserSession)
    ]

    async def delete(_: BaseDBAsyncClient) -> int:
        return sum([await model.filter(id__in=ids).delete() for model, ids in found if ids])

    return await database.write(delete) if any(ids for _, ids in found) else 0
