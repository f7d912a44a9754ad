from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.sealing.secret import Secret
from app.services import Ground
from app.teams.actions import Founded
from app.teams.models import BrowserSession, Member
from app.teams.sessions import SESSION_LIFETIME, OpenedSession, ask_to_sign_in, cookie_name, session_of
from app.teams.sign_in_links import make_sign_in_link, use_sign_in_link
from tests.held import HeldClock
from tests.sign_ins.world import write
from tests.teams.people import found

HERE = "http://127.0.0.1:8000"
ELSEWHERE = "https://evil.example"


@pytest.mark.parametrize(
    ("kind", "method", "headers", "counts"),
    [
        ("http", "GET", {}, True),
        ("http", "GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
        ("http", "GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, True),
        ("http", "GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ("http", "GET", {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, False),
        ("http", "GET", {"origin": ELSEWHERE}, False),
        ("http", "GET", {"origin": ELSEWHERE, "sec-fetch-mode": "navigate"}, False),
        ("http", "POST", {}, True),
        ("http", "POST", {"origin": HERE}, True),
        ("http", "POST", {"origin": "null", "sec-fetch-site": "same-origin"}, True),
        ("http", "POST", {"origin": "null", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("http", "POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        ("http", "POST", {"origin": ELSEWHERE}, False),
        ("http", "POST", {"origin": "http://127.0.0.1:8010"}, False),
        ("websocket", None, {}, True),
        ("websocket", None, {"origin": HERE, "sec-fetch-site": "cross-site"}, True),
        ("websocket", None, {"origin": ELSEWHERE}, False),
        ("websocket", None, {"origin": "http://127.0.0.1:8010"}, False),
        ("websocket", None, {"origin": "null"}, False),
        ("websocket", None, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
    ],
)
async def test_the_cookie_counts_where_no_other_page_can_be_behind_the_request(
    ground: Ground, kind: str, method: str | None, headers: dict[str, str], counts: bool
) -> None:
    admin = (await found(ground)).admin
    link = (await make_sign_in_link(member_id=admin.id, ground=ground)).reveal().rpartition("/")[2]
    session = await use_sign_in_link(Secret(link), ground=ground)
    assert session is not None
    sent = headers | {"cookie": f"{cookie_name(ground.settings)}={session.cookie.reveal()}"}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": kind, "path": "/graphql", "headers": raw} | ({"method": method} if method else {})

    caller = await session_of(HTTPConnection(scope), ground=ground)

    assert (caller.member_id if caller is not None else None) == (admin.id if counts else None)


@pytest.mark.parametrize(("lasts", "counts"), [(SESSION_LIFETIME - timedelta(milliseconds=1), True), (SESSION_LIFETIME, False)])
async def test_a_session_counts_for_fourteen_days(ground: Ground, clock: HeldClock, lasts: timedelta, counts: bool) -> None:
    session = await opened_for(await found(ground), ground)

    clock.advance(lasts)

    assert (await caller_of(session, ground) is not None) is counts


async def test_a_session_of_who_has_left_or_that_has_ended_counts_no_more(ground: Ground) -> None:
    left, ended = await opened_for(await found(ground), ground), await opened_for(await found(ground, name="Comet"), ground)
    now = ground.clock.now()
    who_left, who_stays = await caller_of(left, ground), await caller_of(ended, ground)
    assert who_left is not None
    assert who_stays is not None

    await write(lambda: Member.filter(id=who_left.member_id).update(left_at=now))
    await write(lambda: BrowserSession.filter(member_id=who_stays.member_id).update(ended_at=now))

    assert [await caller_of(session, ground) for session in (left, ended)] == [None, None]


async def test_a_link_of_who_has_left_signs_nobody_in(ground: Ground) -> None:
    """Also where it was made, or was left over, after they had left."""
    admin = (await found(ground)).admin
    await write(lambda: Member.filter(id=admin.id).update(left_at=ground.clock.now()))
    link = (await make_sign_in_link(member_id=admin.id, ground=ground)).reveal().rpartition("/")[2]

    assert await use_sign_in_link(Secret(link), ground=ground) is None
    assert await BrowserSession.all().count() == 0


async def opened_for(founded: Founded, ground: Ground) -> OpenedSession:
    link = (await make_sign_in_link(member_id=founded.admin.id, ground=ground)).reveal().rpartition("/")[2]
    session = await use_sign_in_link(Secret(link), ground=ground)
    assert session is not None
    return session


async def caller_of(session: OpenedSession, ground: Ground) -> Caller | None:
    raw = [(b"cookie", f"{cookie_name(ground.settings)}={session.cookie.reveal()}".encode())]
    return await session_of(HTTPConnection({"type": "http", "path": "/graphql", "method": "GET", "headers": raw}), ground=ground)


async def test_a_browser_without_session_is_sent_to_sign_in_and_on(ground: Ground) -> None:
    answer = ask_to_sign_in("/authorize/a&b", settings=ground.settings)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/sign-in?next=/authorize/a%26b")
    assert answer.headers["referrer-policy"] == "no-referrer"
