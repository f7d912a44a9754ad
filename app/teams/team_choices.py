"""Which of their teams somebody means whom the issuer verified, where it does not say: asked of them, after they are known.

Otherwise any team's admin could lock somebody out of theirs, by adding their address to another.
"""

from collections.abc import Mapping
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from app.services import Services
from app.storage import database
from app.teams.models import Member, OidcSignIn
from app.teams.oidc_sign_ins import NOBODY, NotHere, NotSignedIn, SignedIn, cookie_of, open_as
from app.teams.secrets import make_secret
from app.teams.sessions import OpenedSession


async def choose(
    sign_in_id: UUID, team_id: UUID, *, cookies: Mapping[str, str], services: Services
) -> SignedIn | NotSignedIn | NotHere:
    """Sign the browser that came back from the issuer in to one of its member's teams: once, within ten minutes."""
    row = await OidcSignIn.get_or_none(id=sign_in_id)
    if row is None or cookie_of(row, cookies, settings=services.settings) is None:
        return NotHere()
    opened = await _open(row, team_id, services=services)
    return SignedIn(opened, row.next_path) if isinstance(opened, OpenedSession) else opened


async def _open(row: OidcSignIn, team_id: UUID, *, services: Services) -> OpenedSession | NotSignedIn | NotHere:
    cookie, now = make_secret(services.entropy), services.clock.now()

    async def open_(_: BaseDBAsyncClient) -> OpenedSession | NotSignedIn | NotHere:
        waiting = OidcSignIn.filter(id=row.id, email__isnull=False, expires_at__gt=now)
        if row.email is None or not await waiting.update(email=None):
            return NotHere()
        member = await Member.get_or_none(team_id=team_id, email=row.email, left_at=None)
        return await open_as(member, cookie, now=now) if member is not None else NOBODY

    return await database.write(open_)
