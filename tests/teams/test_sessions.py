from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.sealing.secret import Secret
from app.services import Services
from app.teams.founding import Founded
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
    services: Services, kind: str, method: str | None, headers: dict[str, str], counts: bool
) -> None:
    admin = (await found(services)).admin
    link = (await make_sign_in_link(member_id=admin.id, services=services)).reveal().rpartition("/")[2]
    session = await use_sign_in_link(Secret(link), services=services)
    assert session is not None
    sent = headers | {"cookie": f"{cookie_name(services.settings)}={session.cookie.reveal()}"}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": kind, "path": "/graphql", "headers": raw} | ({"method": method} if method else {})

    caller = await session_of(HTTPConnection(scope), services=services)

    assert (caller.member_id if caller is not None else None) == (admin.id if counts else None)


@pytest.mark.parametrize(("lasts", "counts"), [(SESSION_LIFETIME - timedelta(milliseconds=1), True), (SESSION_LIFETIME, False)])
async def test_a_session_counts_for_fourteen_days(services: Services, clock: HeldClock, lasts: timedelta, counts: bool) -> None:
    session = await opened_for(await found(services), services)

    clock.advance(lasts)

    assert (await caller_of(session, services) is not None) is counts


async def test_a_session_of_who_has_left_or_that_has_ended_counts_no_more(services: Services) -> None:
    left, ended = (
        await opened_for(await found(services), services),
        await opened_for(await found(services, name="Comet"), services),
    )
    now = services.clock.now()
    who_left, who_stays = await caller_of(left, services), await caller_of(ended, services)
    assert who_left is not None
    assert who_stays is not None

    await write(lambda: Member.filter(id=who_left.member_id).update(left_at=now))
    await write(lambda: BrowserSession.filter(member_id=who_stays.member_id).update(ended_at=now))

    assert [await caller_of(session, services) for session in (left, ended)] == [None, None]


async def test_a_link_of_who_has_left_signs_nobody_in(services: Services) -> None:
    """Also where it was made, or was left over, after they had left."""
    admin = (await found(services)).admin
    await write(lambda: Member.filter(id=admin.id).update(left_at=services.clock.now()))
    link = (await make_sign_in_link(member_id=admin.id, services=services)).reveal().rpartition("/")[2]

    assert await use_sign_in_link(Secret(link), services=services) is None
    assert await BrowserSession.all().count() == 0


async def opened_for(founded: Founded, services: Services) -> OpenedSession:
    link = (await make_sign_in_link(member_id=founded.admin.id, services=services)).reveal().rpartition("/")[2]
    session = await use_sign_in_link(Secret(link), services=services)
    assert session is not None
    return session


async def caller_of(session: OpenedSession, services: Services) -> Caller | None:
    raw = [(b"cookie", f"{cookie_name(services.settings)}={session.cookie.reveal()}".encode())]
    return await session_of(
        HTTPConnection({"type": "http", "path": "/graphql", "method": "GET", "headers": raw}), services=services
    )


async def test_a_browser_without_session_is_sent_to_sign_in_and_on(services: Services) -> None:
    answer = ask_to_sign_in("/authorize/a&b", settings=services.settings)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/sign-in?next=/authorize/a%26b")
    assert answer.headers["referrer-policy"] == "no-referrer"
