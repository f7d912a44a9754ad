"""Jobs that remove links, browser sessions and access tokens that sign nobody in any more."""

from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q

from app.services import Services
from app.storage import database
from app.teams.models import AccessToken, BrowserSession, OidcSignIn, SignInLink

KEPT_FOR = timedelta(days=1)
TOKENS_KEPT_FOR = timedelta(days=30)
"""Their member is shown for a while that they expired, and who still sends one is told why it is refused."""

_MOST = 500


async def sweep(*, services: Services) -> int:
    """Delete some of the links and sessions that ran out a day ago or longer, and of the tokens that ended 30 days ago.

    Sign-ins at the issuer go as soon as they ran out. Return how many.
    """
    now = services.clock.now()
    before, tokens_before = now - KEPT_FOR, now - TOKENS_KEPT_FOR
    ended = (
        SignInLink.filter(expires_at__lte=before),
        BrowserSession.filter(expires_at__lte=before),
        OidcSignIn.filter(expires_at__lte=now),  # anybody can begin one
        AccessToken.filter(Q(expires_at__lte=tokens_before) | Q(revoked_at__lte=tokens_before)),
    )
    found = [(rows.model, list(await rows.limit(_MOST).values_list("id", flat=True))) for rows in ended]

    async def delete(_: BaseDBAsyncClient) -> int:
        return sum([await model.filter(id__in=ids).delete() for model, ids in found if ids])

    return await database.write(delete) if any(ids for _, ids in found) else 0
