from datetime import timedelta

from app.ground import Ground
from app.secret import Secret
from app.teams.jobs import sweep
from app.teams.models import BrowserSession, SignInLink
from app.teams.sign_in_links import make_sign_in_link, use_sign_in_link
from tests.held import HeldClock
from tests.teams.people import found, rows


async def test_links_and_sessions_are_swept_up_a_day_after_they_ran_out(ground: Ground, clock: HeldClock) -> None:
    admin = (await found(ground)).admin
    link = (await make_sign_in_link(member_id=admin.id, ground=ground)).reveal().rpartition("/")[2]
    await use_sign_in_link(Secret(link), ground=ground)
    await make_sign_in_link(member_id=admin.id, ground=ground)
    before = await rows()

    clock.advance(timedelta(days=1, minutes=9))
    assert await sweep(ground=ground) == 0
    assert await rows() == before

    clock.advance(timedelta(minutes=1))
    assert await sweep(ground=ground) == 2
    assert (await SignInLink.all().count(), await BrowserSession.all().count()) == (0, 1)

    clock.advance(timedelta(days=14))
    assert await sweep(ground=ground) == 1
    assert await BrowserSession.all().count() == 0
