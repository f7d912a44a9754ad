"""Links that sign a browser in once: from the command line, and for who was just added to a team."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from tortoise.backends.base.client import BaseDBAsyncClient

from app.sealing.secret import Secret
from app.services import Services
from app.settings import Settings
from app.storage import database
from app.teams.models import Member, SignInLink
from app.teams.secrets import hash_of, make_secret
from app.teams.sessions import OpenedSession, open_session

LINK_LIFETIME = timedelta(minutes=10)
INVITE_LIFETIME = timedelta(hours=24)


async def make_sign_in_link(*, member_id: UUID, services: Services) -> Secret:
    """Return the address that signs a browser in as the member, once, within ten minutes."""
    link, now = make_secret(services.entropy), services.clock.now()

    async def put(_: BaseDBAsyncClient) -> None:
        await save_link(member_id, link, now=now, lifetime=LINK_LIFETIME)

    await database.write(put)
    return address_of(link, settings=services.settings)


async def save_link(member_id: UUID, link: Secret, *, now: datetime, lifetime: timedelta) -> None:
    """Keep the hash of a link's secret, inside a write."""
    await SignInLink.create(id=uuid4(), member_id=member_id, hash=hash_of(link), created_at=now, expires_at=now + lifetime)


def address_of(link: Secret, *, settings: Settings) -> Secret:
    return Secret(f"{settings.public_url}/sign-in/{link.reveal()}")


async def find_link(link: Secret, *, services: Services) -> Member | None:
    """Return who the link would sign in, with their team; None when it is unknown, used or too old, all the same."""
    row = await _good_link(link, services.clock.now())
    return await Member.get_or_none(id=row.member_id, left_at=None).select_related("team") if row is not None else None


async def use_sign_in_link(link: Secret, *, services: Services) -> OpenedSession | None:
    """Use the link up and open a browser session: once, however many ask at the same time. None as in `find_link`."""
    cookie, now = make_secret(services.entropy), services.clock.now()

    async def use(_: BaseDBAsyncClient) -> OpenedSession | None:
        row = await _good_link(link, now)
        # Holding the member's row: they cannot leave between here and the session, which their leaving would then miss.
        member = await Member.filter(id=row.member_id, left_at=None).select_for_update().first() if row is not None else None
        if row is None or member is None or not await _take(row, now):
            return None
        return await open_session(member.id, cookie, now=now)

    return await database.write(use)


async def is_of(link: Secret, member_id: UUID) -> bool:
    """Whether the link was made for the member, be it used or too old by now."""
    return await SignInLink.exists(hash=hash_of(link), member_id=member_id)


async def _good_link(link: Secret, now: datetime) -> SignInLink | None:
    return await SignInLink.get_or_none(hash=hash_of(link), used_at=None, expires_at__gt=now)


async def _take(row: SignInLink, now: datetime) -> bool:
    return bool(await SignInLink.filter(id=row.id, used_at=None, expires_at__gt=now).update(used_at=now))
