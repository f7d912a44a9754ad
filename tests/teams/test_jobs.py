from datetime import timedelta

import pytest

from app.access.callers import Scope
from app.sealing.secret import Secret
from app.services import Services
from app.teams.creating_tokens import create as create_access_token
from app.teams.jobs import sweep
from app.teams.models import AccessToken, BrowserSession, SignInLink
from app.teams.revoking_tokens import revoke as revoke_access_token
from app.teams.sign_in_links import make_sign_in_link, use_sign_in_link
from tests.held import HeldClock
from tests.teams.people import by_session, found, rows


async def test_links_and_sessions_are_swept_up_a_day_after_they_ran_out(services: Services, clock: HeldClock) -> None:
    admin = (await found(services)).admin
    link = (await make_sign_in_link(member_id=admin.id, services=services)).reveal().rpartition("/")[2]
    await use_sign_in_link(Secret(link), services=services)
    await make_sign_in_link(member_id=admin.id, services=services)
    before = await rows()

    clock.advance(timedelta(days=1, minutes=9))
    assert await sweep(services=services) == 0
    assert await rows() == before

    clock.advance(timedelta(minutes=1))
    assert await sweep(services=services) == 2
    assert (await SignInLink.all().count(), await BrowserSession.all().count()) == (0, 1)

    clock.advance(timedelta(days=14))
    assert await sweep(services=services) == 1
    assert await BrowserSession.all().count() == 0


@pytest.mark.parametrize("ends", ["expired", "revoked"])
async def test_an_access_token_is_swept_up_thirty_days_after_it_ended(services: Services, clock: HeldClock, ends: str) -> None:
    caller = by_session((await found(services)).admin)
    made = [
        await create_access_token(caller=caller, name=name, scopes=[Scope.READ], expires_in_days=days, services=services)
        for name, days in (("ends", 10), ("stays", 41))
    ]
    if ends == "revoked":
        clock.advance(timedelta(days=3))
        await revoke_access_token(caller=caller, token_id=made[0].row.id, services=services)
    else:
        clock.advance(timedelta(days=10))

    clock.advance(timedelta(days=30, milliseconds=-1))
    early = await sweep(services=services)
    clock.advance(timedelta(milliseconds=1))

    assert (early, await sweep(services=services)) == (0, 1)
    assert [row.name for row in await AccessToken.all()] == ["stays"]
