import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from http.cookies import Morsel, SimpleCookie
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from app.access.callers import Role, Scope, scopes_of
from app.log.actors import Actor
from app.redis.rate_limits import Rates
from app.services import Services
from app.settings import Settings
from app.teams.adding import add_member
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import BrowserSession, Member
from app.teams.removing import remove_member
from app.teams.routes import routes
from app.teams.sign_in_links import make_sign_in_link
from app.web.below import below
from tests.held import HeldClock
from tests.services import make_services
from tests.teams.people import by_session, found, join, rows

HERE = "http://127.0.0.1:8000"
SECURE = "https://apps.example.com"
FROM_HERE = {"Origin": HERE}


def browser_at(services: Services) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=below(Starlette(routes=routes(services=services)), services.settings.path))
    return httpx2.AsyncClient(transport=transport, base_url=services.settings.public_url, follow_redirects=False)


@pytest.fixture
async def browser(services: Services) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_at(services) as client:
        yield client


@pytest.fixture
async def ada(services: Services) -> Member:
    return (await found(services, name="Orbit & <Co>")).admin


async def link_of(member: Member, *, services: Services) -> str:
    return (await make_sign_in_link(member_id=member.id, services=services)).reveal()


async def token_of(member: Member, *scopes: Scope, services: Services) -> str:
    created = await create_access_token(
        caller=by_session(member), name="CI", scopes=scopes or scopes_of(member.role), expires_in_days=90, services=services
    )
    return created.token.reveal()


def cookie_in(answer: httpx2.Response) -> Morsel[str]:
    cookies = SimpleCookie(answer.headers["set-cookie"])
    [cookie] = cookies.values()
    return cookie


async def test_opening_a_link_says_who_and_where_and_does_nothing(
    browser: httpx2.AsyncClient, ada: Member, services: Services
) -> None:
    link = await link_of(ada, services=services)
    before = await rows()

    fetched = await browser.head(link)
    answer = await browser.get(link)

    assert (fetched.status_code, answer.status_code) == (200, 200)
    assert "Ada (ada@example.com)" in answer.text
    assert "Orbit &amp; &lt;Co&gt;" in answer.text
    assert "set-cookie" not in answer.headers
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    assert await rows() == before


async def test_the_button_signs_in_and_goes_to_the_pages(
    browser: httpx2.AsyncClient, ada: Member, services: Services, clock: HeldClock
) -> None:
    link = await link_of(ada, services=services)

    answer = await browser.post(link, headers=FROM_HERE)

    cookie = cookie_in(answer)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/")
    assert (cookie.key, cookie["path"], cookie["domain"]) == ("installed_apps_session", "/", "")
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["secure"]) == (True, "lax", "")
    session = await BrowserSession.get()
    assert (session.member_id, session.expires_at) == (ada.id, clock.now() + timedelta(days=14))
    assert cookie.value not in repr(await rows())


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(database: str, clock: HeldClock, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database, public_url=SECURE)
    async with make_services(folder=tmp_path, clock=clock, settings=settings) as services, browser_at(services) as browser:
        link = await link_of((await found(services)).admin, services=services)

        answer = await browser.post(link, headers={"Origin": SECURE})
        left = await browser.post("/sign-out", headers={"Origin": SECURE})

    cookie = cookie_in(answer)
    assert (cookie.key, cookie["secure"], cookie["path"]) == ("__Host-installed_apps_session", True, "/")
    assert (answer.headers["location"], left.headers["location"]) == (f"{SECURE}/", f"{SECURE}/sign-in")
    assert (cookie_in(left).key, cookie_in(left)["secure"]) == ("__Host-installed_apps_session", True)


@pytest.mark.parametrize(
    ("public_url", "name"),
    [
        ("https://tools.example.com/installed-apps", "__Secure-installed_apps_session"),
        ("http://127.0.0.1:8000/installed-apps/", "installed_apps_session"),
    ],
)
async def test_below_a_path_the_cookie_and_every_address_are_kept_to_it(
    database: str, clock: HeldClock, tmp_path: Path, public_url: str, name: str
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database, public_url=public_url)
    home, origin = public_url.rstrip("/"), public_url.partition("/installed-apps")[0]
    async with make_services(folder=tmp_path, clock=clock, settings=settings) as services, browser_at(services) as browser:
        link = await link_of((await found(services)).admin, services=services)

        answer = await browser.post(link, headers={"Origin": origin})
        left = await browser.post("/sign-out", headers={"Origin": origin})

    assert link.startswith(f"{home}/sign-in/")
    assert [(cookie_in(each).key, cookie_in(each)["path"]) for each in (answer, left)] == [(name, "/installed-apps")] * 2
    assert (answer.headers["location"], left.headers["location"]) == (f"{home}/", f"{home}/sign-in")


async def test_twenty_who_post_the_same_link_at_once_make_one_session(
    browser: httpx2.AsyncClient, ada: Member, services: Services
) -> None:
    link = await link_of(ada, services=services)

    answers = await asyncio.gather(*(browser.post(link, headers=FROM_HERE) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [303] + [404] * 19
    assert await BrowserSession.all().count() == 1


@pytest.mark.parametrize("trouble", ["unknown", "used", "expired", "left"])
async def test_a_link_that_is_no_good_does_not_say_why(
    browser: httpx2.AsyncClient, services: Services, clock: HeldClock, ada: Member, trouble: str
) -> None:
    bob = await join(services, await ada.team, name="Bob", role=Role.MEMBER)
    link = await link_of(bob, services=services)
    unknown = await browser.get(f"{HERE}/sign-in/unknown")
    match trouble:
        case "unknown":
            link = f"{HERE}/sign-in/{'A' * 43}"
        case "used":
            await browser.post(link, headers=FROM_HERE)
            browser.cookies.clear()
        case "expired":
            clock.advance(timedelta(minutes=10))
        case _:
            await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, services=services)
    before = await rows()

    answers = [await browser.get(link), await browser.post(link, headers=FROM_HERE)]

    assert [(answer.status_code, answer.text) for answer in answers] == [(404, unknown.text)] * 2
    assert all("set-cookie" not in answer.headers for answer in answers)
    assert await rows() == before


@pytest.mark.parametrize("trouble", ["used", "expired"])
async def test_whoever_is_signed_in_as_whom_the_link_is_for_goes_on(
    browser: httpx2.AsyncClient, ada: Member, services: Services, clock: HeldClock, trouble: str
) -> None:
    link = await link_of(ada, services=services)
    signed_in = await browser.post(link if trouble == "used" else await link_of(ada, services=services), headers=FROM_HERE)
    # The held clock may be long past for the jar, which goes by the machine's.
    browser.cookies.set(cookie_in(signed_in).key, cookie_in(signed_in).value)
    clock.advance(timedelta(minutes=10 if trouble == "expired" else 0))
    before = await rows()

    answers = [await browser.get(f"{link}?next=/authorize/abc"), await browser.post(link, headers=FROM_HERE)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert [answer.headers["location"] for answer in answers] == [f"{HERE}/authorize/abc", f"{HERE}/"]
    assert all("set-cookie" not in answer.headers for answer in answers)
    assert await rows() == before


async def test_somebody_elses_used_link_does_not_work_for_who_is_signed_in(
    browser: httpx2.AsyncClient, ada: Member, services: Services
) -> None:
    bob = await join(services, await ada.team, name="Bob", role=Role.MEMBER)
    link = await link_of(bob, services=services)
    await browser.post(link, headers=FROM_HERE)
    signed_in = await browser.post(await link_of(ada, services=services), headers=FROM_HERE)
    browser.cookies.set(cookie_in(signed_in).key, cookie_in(signed_in).value)

    answer = await browser.get(link)

    assert (answer.status_code, "Bob" in answer.text) == (404, False)


async def test_a_dead_link_says_who_can_make_another(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/sign-in/unknown")

    assert "Any admin of your team can make another" in answer.text
    assert "sign-in-link --team TEAM --email YOURS" in answer.text


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("/authorize/abc_DEF-123", "/authorize/abc_DEF-123"),
        ("/graphql", "/graphql"),
        ("/integrations/SW50ZWdyYXRpb24", "/integrations/SW50ZWdyYXRpb24"),
        ("/settings/installed-apps/add/slack", "/settings/installed-apps/add/slack"),
        ("/activity", "/activity"),
        ("/integrations//evil.example", "/"),
        ("/integrations/..", "/"),
        ("/metrics", "/"),
        ("", "/"),
        ("https://evil.example", "/"),
        ("//evil.example/authorize/x", "/"),
        ("/authorize/../sign-out", "/"),
        ("/authorize//evil.example", "/"),
        ("/authorize/x?y=z", "/"),
        ("/authorize/x\r\nSet-Cookie: a=b", "/"),
        ("/authorize/x\n", "/"),
        ("\\\\evil.example", "/"),
        ("/sign-out", "/"),
        ("@evil.example", "/"),
    ],
)
async def test_after_signing_in_the_browser_goes_to_our_own_pages_only(
    browser: httpx2.AsyncClient, ada: Member, services: Services, wanted: str, location: str
) -> None:
    link = await link_of(ada, services=services)

    answer = await browser.post(link, params={"next": wanted}, headers=FROM_HERE)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}{location}")


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({}, True),
        ({"Origin": HERE}, True),
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://127.0.0.1:9000", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://localhost:8000"}, False),
        ({"Origin": "https://127.0.0.1:8000"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
async def test_no_other_origins_page_signs_a_browser_in_or_out(
    browser: httpx2.AsyncClient, ada: Member, services: Services, headers: dict[str, str], counts: bool
) -> None:
    link, token = await link_of(ada, services=services), await token_of(ada, services=services)
    before = await rows()

    answers = [
        await browser.post(link, headers=headers),
        await browser.post("/sign-in", data={"token": token}, headers=headers),
        await browser.post("/sign-out", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [303 if counts else 403] * 3
    if not counts:
        assert all("set-cookie" not in answer.headers for answer in answers)
        assert await rows() == before


async def test_an_access_token_given_once_signs_in(browser: httpx2.AsyncClient, ada: Member, services: Services) -> None:
    token = await token_of(ada, services=services)

    form = await browser.get("/sign-in?next=/authorize/abc")
    answer = await browser.post("/sign-in?next=/authorize/abc", data={"token": f" {token} "}, headers=FROM_HERE)

    assert (form.status_code, re.findall(r'<form[^>]*>|<input[^>]* name="token"', form.text)) == (
        200,
        ['<form method="post">', '<input id="token" name="token"'],
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/authorize/abc")
    assert (await BrowserSession.get()).member_id == ada.id


@pytest.mark.parametrize(
    "body", [b"", b"token=", b"token=ia_x", b"other=1", b"token=\xff", b"token=" + b"x" * 5000, b"a=1&" * 20 + b"token=x"]
)
async def test_a_form_without_a_good_token_is_shown_again(browser: httpx2.AsyncClient, ada: Member, body: bytes) -> None:
    del ada
    before = await rows()

    answer = await browser.post("/sign-in", content=body, headers=FROM_HERE)

    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert 'role="alert"' in answer.text
    assert await rows() == before


async def test_tokens_that_are_no_good_are_told_to_wait_and_a_good_one_still_signs_in(
    ada: Member, services: Services, clock: HeldClock
) -> None:
    good = await token_of(ada, *Scope, services=services)
    async with browser_at(replace(services, rates=Rates(clock=clock))) as browser:
        answers = [await browser.post("/sign-in", data={"token": "ia_x"}, headers=FROM_HERE) for _ in range(61)]
        signed_in = await browser.post("/sign-in", data={"token": good}, headers=FROM_HERE)

    assert [answer.status_code for answer in answers] == [403] * 60 + [429]
    assert answers[-1].headers["retry-after"] == "60"
    assert "Try again in 60 seconds" in answers[-1].text
    assert signed_in.status_code == 303


async def test_a_token_with_fewer_scopes_than_the_role_has_opens_no_session(
    browser: httpx2.AsyncClient, ada: Member, services: Services
) -> None:
    token = await token_of(ada, Scope.READ, Scope.ADMIN, services=services)

    answer = await browser.post("/sign-in", data={"token": token}, headers=FROM_HERE)

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)
    assert token not in answer.text


async def test_signing_out_ends_the_session_here_and_in_the_browser(
    browser: httpx2.AsyncClient, ada: Member, services: Services, clock: HeldClock
) -> None:
    await browser.post(await link_of(ada, services=services), headers=FROM_HERE)

    answer = await browser.post("/sign-out", headers=FROM_HERE)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/sign-in")
    assert (cookie_in(answer).value, cookie_in(answer)["max-age"]) == ("", "0")
    assert (await BrowserSession.get()).ended_at == clock.now()
    assert (await browser.get("/sign-out")).status_code == 405


async def test_signing_out_without_a_session_is_no_trouble(browser: httpx2.AsyncClient, ada: Member) -> None:
    del ada
    before = await rows()

    assert (await browser.post("/sign-out", headers=FROM_HERE)).status_code == 303

    assert await rows() == before


async def test_an_invitation_signs_its_member_in_like_any_link(
    browser: httpx2.AsyncClient, ada: Member, services: Services
) -> None:
    invited = await add_member(
        team_id=ada.team_id, actor=Actor(ada.id), name="Bob", email="bob@example.com", role=Role.VIEWER, services=services
    )

    answer = await browser.post(invited.invite_url.reveal(), headers=FROM_HERE)

    assert answer.status_code == 303
    assert (await BrowserSession.get()).member_id == invited.member.id
