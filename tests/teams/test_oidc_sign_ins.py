"""Signing a browser in at the operator's OIDC issuer, in front of a real one on a port of its own."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
import structlog
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.graphql.callers import Role
from app.oidc.issuer import ASKED_EVERY
from app.rates import Rates
from app.teams import oidc_routes, routes
from app.teams.actions import remove_member
from app.teams.jobs import sweep
from app.teams.models import BrowserSession, OidcSignIn
from tests.held import HeldClock
from tests.oidc.idp import CLIENT_ID, encode, key_named, sign
from tests.teams.issued import Issued, issuing
from tests.teams.people import found, join, rows

SECURE = "https://apps.example.com"


@dataclass
class Visit:
    """A browser in front of the service, and what it meets on its way."""

    issued: Issued
    browser: httpx2.AsyncClient

    @property
    def home(self) -> str:
        return self.issued.ground.settings.public_url

    async def set_off(self, next_path: str = "") -> str:
        """Press the button; return where the page leads."""
        form = await self.browser.get(f"/sign-in{next_path}")
        [action] = re.findall(r'<form method="post" action="([^"]+)">', form.text)
        page = await self.browser.post(f"/{unescape(action)}", headers={"Origin": self.home})
        assert page.status_code == 200
        [link] = re.findall(r'<a href="([^"]+)">Go on', page.text)
        assert page.headers["refresh"] == f"0; url={unescape(link)}"
        return unescape(link)

    async def agree(self, url: str) -> str:
        """Sign in at the issuer; return the address that it sends the browser back to."""
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.get(url)
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    async def come_back(self, address: str) -> httpx2.Response:
        path = address.removeprefix(self.home)
        return await self.browser.get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})

    async def sign_in(self, next_path: str = "") -> httpx2.Response:
        return await self.come_back(await self.agree(await self.set_off(next_path)))


@contextmanager
def browsing(issued: Issued) -> Iterator[httpx2.AsyncClient]:
    app = Starlette(routes=[*oidc_routes.routes(ground=issued.ground), *routes.routes(ground=issued.ground)])
    yield httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url=issued.ground.settings.public_url, follow_redirects=False
    )


@pytest.fixture
async def issued(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[Issued]:
    del database
    async with issuing(folder=tmp_path, clock=clock) as made:
        yield made


@pytest.fixture
async def visit(issued: Issued) -> AsyncIterator[Visit]:
    with browsing(issued) as browser:
        async with browser:
            yield Visit(issued, browser)


async def test_a_member_signs_in_at_the_issuer_for_twelve_hours(visit: Visit, clock: HeldClock) -> None:
    answer = await visit.sign_in()

    assert (answer.status_code, answer.headers["location"]) == (303, f"{visit.home}/graphql")
    session = await BrowserSession.get()
    assert (session.member_id, session.expires_at - clock.now()) == (visit.issued.ada.id, timedelta(hours=12))
    assert "installed_apps_session" in SimpleCookie(answer.headers["set-cookie"])
    [form] = visit.issued.idp.forms
    assert form["redirect_uri"] == f"{visit.home}/sign-in/oidc/callback"


async def test_what_is_asked_of_the_issuer_is_the_code_flow_with_proof_keys(visit: Visit) -> None:
    url = await visit.set_off()

    asked = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
    assert url.startswith(f"{visit.issued.idp.url}/authorize?")
    assert {name: value for name, value in asked.items() if name not in {"state", "nonce", "code_challenge"}} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{visit.home}/sign-in/oidc/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", asked[name]) for name in ("state", "nonce", "code_challenge"))


async def test_the_claims_are_asked_for_by_name_where_the_issuer_takes_that(visit: Visit) -> None:
    visit.issued.idp.metadata["claims_parameter_supported"] = True

    asked = dict(parse_qsl(urlsplit(await visit.set_off()).query))

    assert asked["claims"] == '{"id_token":{"email":null,"email_verified":null,"team_id":null}}'


async def test_an_endpoint_that_has_a_query_keeps_it(visit: Visit) -> None:
    visit.issued.idp.metadata["authorization_endpoint"] = f"{visit.issued.idp.url}/authorize?realm=a%26b"

    asked = dict(parse_qsl(urlsplit(await visit.set_off()).query))

    assert (asked["realm"], asked["client_id"]) == ("a&b", CLIENT_ID)


@pytest.mark.parametrize(
    "methods", [["client_secret_basic"], ["client_secret_post"], ["private_key_jwt", "client_secret_post"], None]
)
async def test_the_client_shows_its_secret_in_the_way_that_the_issuer_names(
    database: str, tmp_path: Path, clock: HeldClock, methods: list[str] | None
) -> None:
    del database
    secret = "a secret+of/the client=&é:"
    async with issuing(folder=tmp_path, clock=clock, oidc_client_secret=secret) as issued:
        issued.idp.client_secret = secret
        issued.idp.metadata["token_endpoint_auth_methods_supported"] = methods
        with browsing(issued) as browser:
            answer = await Visit(issued, browser).sign_in()

    assert answer.status_code == 303
    assert [form.get("client_secret") for form in issued.idp.forms] == [
        secret if methods and "client_secret_post" in methods else None
    ]


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        ("?next=/authorize/abc-DEF_1", "/authorize/abc-DEF_1"),
        ("?next=https://evil.example/", "/graphql"),
        ("?next=//evil.example", "/graphql"),
        ("?next=/authorize/..%2f..", "/graphql"),
        ("?next=%22%3E%3Cscript%3E", "/graphql"),
        ("?next=/sign-out", "/graphql"),
    ],
)
async def test_the_browser_then_goes_to_our_own_pages_only(visit: Visit, wanted: str, location: str) -> None:
    answer = await visit.sign_in(wanted)

    assert answer.headers["location"] == f"{visit.home}{location}"


async def test_over_https_the_cookies_are_the_hosts_own(database: str, tmp_path: Path, clock: HeldClock) -> None:
    del database
    async with issuing(folder=tmp_path, clock=clock, public_url=SECURE) as issued:
        with browsing(issued) as browser:
            visit = Visit(issued, browser)
            address = await visit.agree(await visit.set_off())
            [held] = browser.cookies.jar
            answer = await visit.come_back(address)

    [(name, cookie)] = SimpleCookie(answer.headers["set-cookie"]).items()
    assert (held.name.startswith("__Host-oidc_sign_in_"), held.secure, held.path) == (True, True, "/")
    assert (name, cookie["httponly"], cookie["samesite"], cookie["secure"]) == (
        "__Host-installed_apps_session",
        True,
        "lax",
        True,
    )


async def test_without_a_client_nobody_is_offered_it(database: str, tmp_path: Path, clock: HeldClock) -> None:
    del database
    async with issuing(folder=tmp_path, clock=clock, oidc_client_id=None, oidc_client_secret=None) as issued:
        with browsing(issued) as browser:
            form = await browser.get("/sign-in")
            begun = await browser.post("/sign-in/oidc", headers={"Origin": issued.ground.settings.public_url})

    assert "Sign in with" not in form.text
    assert (begun.status_code, await OidcSignIn.all().count(), issued.idp.asked) == (404, 0, {})


async def test_the_form_names_the_issuers_host_beside_the_token_form_and_asks_nobody(visit: Visit) -> None:
    form = await visit.browser.get("/sign-in?next=/authorize/abc")

    assert f"<button>Sign in with 127.0.0.1:{visit.issued.idp.port}</button>" in form.text
    assert 'action="sign-in/oidc?next=/authorize/abc"' in form.text
    assert 'name="token"' in form.text
    assert visit.issued.idp.asked == {}


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
async def test_no_other_origins_page_begins_it(visit: Visit, headers: dict[str, str]) -> None:
    before = await rows()

    answer = await visit.browser.post("/sign-in/oidc", headers=headers)

    assert (answer.status_code, "set-cookie" in answer.headers, await rows() == before) == (403, False, True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda address: address.replace("state=", "state=A"),
        lambda address: re.sub(r"state=[^&]+", "state=" + "A" * 43, address),
        lambda address: re.sub(r"state=[^&]+&?", "", address),
        lambda address: re.sub(r"code=[^&]+&?", "", address),
        lambda address: f"{address}&state=x",
        lambda address: f"{address}&code=x",
        lambda address: f"{address}&error=access_denied",
        lambda address: f"{address}&x={'x' * 9000}",
        lambda address: address.replace("code=", "code[]="),
    ],
)
async def test_a_callback_that_makes_no_sense_changes_nothing_and_asks_nobody(visit: Visit, spoil: Any) -> None:
    address = await visit.agree(await visit.set_off())
    before = await rows()

    answer = await visit.come_back(spoil(address))

    assert (answer.status_code, await rows() == before, visit.issued.idp.forms) == (403, True, [])
    assert (await visit.come_back(address)).status_code == 303


async def test_a_callback_in_another_browser_changes_nothing(visit: Visit) -> None:
    address = await visit.agree(await visit.set_off())
    before = await rows()
    with browsing(visit.issued) as another:
        await Visit(visit.issued, another).set_off()  # it has begun a sign-in of its own
        begun = {**before, "OidcSignIn": (await rows())["OidcSignIn"]}

        answer = await Visit(visit.issued, another).come_back(address)

    assert (answer.status_code, await rows() == begun, visit.issued.idp.forms) == (403, True, [])


async def test_a_look_at_the_callback_without_coming_back_uses_nothing_up(visit: Visit) -> None:
    address = await visit.agree(await visit.set_off())

    assert (await visit.browser.head(address.removeprefix(visit.home))).status_code == 403
    assert (await visit.come_back(address)).status_code == 303


async def test_a_callback_counts_once_however_often_it_comes(visit: Visit) -> None:
    address = await visit.agree(await visit.set_off())

    answers = await asyncio.gather(*(visit.come_back(address) for _ in range(10)))
    again = await visit.come_back(address)

    assert sorted(answer.status_code for answer in (*answers, again)) == [303] + [403] * 10
    assert (await BrowserSession.all().count(), len(visit.issued.idp.forms)) == (1, 1)


async def test_a_sign_in_is_over_after_ten_minutes_and_swept_up(visit: Visit, clock: HeldClock) -> None:
    address = await visit.agree(await visit.set_off())
    clock.advance(timedelta(minutes=10))

    answer = await visit.come_back(address)

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)
    assert (await sweep(ground=visit.issued.ground), await OidcSignIn.all().count()) == (1, 0)


async def test_tabs_do_not_mix(visit: Visit) -> None:
    first, second = [await visit.agree(await visit.set_off(f"?next=/authorize/{tab}")) for tab in ("one", "two")]

    answers = [await visit.come_back(address) for address in (first, second)]

    assert [answer.headers["location"] for answer in answers] == [
        f"{visit.home}/authorize/one",
        f"{visit.home}/authorize/two",
    ]


@pytest.mark.parametrize(
    ("also", "is_advertised", "status"),
    [
        ({}, True, 303),
        ({}, None, 303),
        ({"iss": "https://evil.example"}, True, 403),
        ({"iss": "https://evil.example"}, None, 403),
        ({"iss": ""}, True, 403),
        ({"iss": ""}, None, 303),
    ],
)
async def test_an_answer_of_another_issuer_is_not_taken(
    visit: Visit, also: dict[str, str], is_advertised: bool | None, status: int
) -> None:
    visit.issued.idp.answer_also = also
    visit.issued.idp.metadata["authorization_response_iss_parameter_supported"] = is_advertised

    answer = await visit.sign_in()

    assert (answer.status_code, len(visit.issued.idp.forms)) == (status, 1 if status == 303 else 0)


async def test_what_the_issuer_refuses_is_said(visit: Visit) -> None:
    state = dict(parse_qsl(urlsplit(await visit.set_off()).query))["state"]

    answer = await visit.come_back(f"/sign-in/oidc/callback?error=access_denied&state={state}&iss={visit.issued.idp.url}")

    assert answer.status_code == 403
    assert "The issuer did not sign you in, or you chose not to." in answer.text
    assert (await BrowserSession.all().count(), visit.issued.idp.forms) == (0, [])


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "https://apps.example.com/graphql"},
        {"aud": [CLIENT_ID, "another"]},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"team_id": ["a"]},
    ],
    ids=str,
)
async def test_an_id_token_that_is_not_wholly_right_signs_nobody_in(visit: Visit, said: dict[str, Any]) -> None:
    visit.issued.idp.signs = said

    with structlog.testing.capture_logs() as logged:
        answer = await visit.sign_in()

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)
    assert "cannot be verified" in answer.text
    assert [(entry["event"], entry["why"].partition(":")[0]) for entry in logged] == [
        ("sign-in refused", "the ID token does not count")
    ]


@pytest.mark.parametrize(
    "instead",
    [
        JSONResponse({"error": "invalid_client"}, 401),
        JSONResponse({"access_token": "only"}),
        JSONResponse({"id_token": 1}),
        JSONResponse({"id_token": "a.b.c"}),
        JSONResponse({"id_token": "a" * 9000}),
        PlainTextResponse("<html>"),
        PlainTextResponse("x" * 300_000),
        RedirectResponse("https://evil.example/", 307),
        JSONResponse({"id_token": sign({"alg": "none"}, {}, alg="none", key=None)}),
        JSONResponse({"id_token": f"{encode({'alg': 'HS256', 'kid': 'rsa-1'})}.{encode({})}.{encode(b'x')}"}),
        JSONResponse({"id_token": sign({"alg": "RS256", "kid": "rsa-1"}, {"sub": "x"}, alg="RS256", key=key_named("rsa-mine"))}),
    ],
    ids=lambda answer: str(answer.body[:30]),
)
async def test_whatever_the_token_endpoint_answers_nobody_is_signed_in_by_it(visit: Visit, instead: Response) -> None:
    visit.issued.idp.instead["/token"] = instead

    answer = await visit.sign_in()

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({"email": "eve@example.com"}, "No member of the team"),
        ({"email_verified": False}, "no e-mail address of yours that it has verified"),
        ({"email_verified": "true"}, "no e-mail address of yours that it has verified"),
        ({"email": None}, "no e-mail address of yours that it has verified"),
        ({"team_id": "5c00df4e-7949-4587-a4a9-2a225243c61d"}, "No member of the team"),
        ({"team_id": "Orbit"}, "No member of the team"),
    ],
)
async def test_nobody_else_is_signed_in_or_made_a_member(visit: Visit, person: dict[str, Any], words: str) -> None:
    visit.issued.idp.person |= person
    before = await rows()

    answer = await visit.sign_in()

    assert answer.status_code == 403
    assert words in answer.text
    assert {**await rows(), "OidcSignIn": []} == before


async def test_a_member_who_left_is_not_signed_in(visit: Visit) -> None:
    bob = await join(visit.issued.ground, (await found(visit.issued.ground, name="Apollo")).team, name="Bob", role=Role.MEMBER)
    visit.issued.idp.person |= {"email": bob.email, "team_id": str(bob.team_id)}
    await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, ground=visit.issued.ground)

    assert (await visit.sign_in()).status_code == 403


async def test_where_the_issuer_names_no_team_it_is_the_one_that_has_the_member(visit: Visit) -> None:
    del visit.issued.idp.person["team_id"]

    answer = await visit.sign_in()

    assert answer.status_code == 303
    assert (await BrowserSession.get()).member_id == visit.issued.ada.id


async def test_where_it_names_no_team_and_several_have_the_member_nobody_is_signed_in(visit: Visit) -> None:
    await found(visit.issued.ground, name="Apollo")
    del visit.issued.idp.person["team_id"]

    answer = await visit.sign_in()

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)
    assert "member of several teams" in answer.text


async def test_while_the_issuer_is_away_the_page_says_so_and_keeps_nothing(visit: Visit, clock: HeldClock) -> None:
    visit.issued.idp.instead["/jwks"] = PlainTextResponse("", 500)

    answer = await visit.browser.post("/sign-in/oidc", headers={"Origin": visit.home})

    assert (answer.status_code, await OidcSignIn.all().count(), "set-cookie" in answer.headers) == (503, 0, False)
    visit.issued.idp.instead.clear()
    clock.advance(ASKED_EVERY)
    assert (await visit.sign_in()).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    [{"authorization_endpoint": None}, {"token_endpoint": None}, {"code_challenge_methods_supported": ["plain"]}],
    ids=str,
)
async def test_an_issuer_that_lacks_what_a_sign_in_needs_is_not_gone_to(visit: Visit, metadata: dict[str, Any]) -> None:
    visit.issued.idp.metadata = metadata

    answer = await visit.browser.post("/sign-in/oidc", headers={"Origin": visit.home})

    assert (answer.status_code, await OidcSignIn.all().count()) == (503, 0)


async def test_sixty_are_begun_from_one_address_in_a_minute_and_others_begin_theirs(visit: Visit, clock: HeldClock) -> None:
    visit.issued.ground = replace(visit.issued.ground, rates=Rates(clock=clock))
    with browsing(visit.issued) as browser:
        answers = [await browser.post("/sign-in/oidc", headers={"Origin": visit.home}) for _ in range(61)]
        clock.advance(timedelta(minutes=1))
        later = await browser.post("/sign-in/oidc", headers={"Origin": visit.home})

    assert [answer.status_code for answer in (*answers, later)] == [200] * 60 + [429, 200]
    assert (answers[-1].headers["retry-after"], await OidcSignIn.all().count()) == ("60", 61)


async def test_neither_the_row_nor_a_page_shows_what_proves_the_sign_in(visit: Visit) -> None:
    address = await visit.agree(await visit.set_off())
    [cookie] = [held.value for held in visit.browser.cookies.jar]
    asked = dict(parse_qsl(urlsplit(address).query))

    kept = str(await OidcSignIn.all().values())
    answer = await visit.come_back(address)

    [form] = visit.issued.idp.forms
    for secret in (cookie, asked["state"], asked["code"], form["code_verifier"], visit.issued.idp.client_secret):
        assert secret
        assert secret not in kept
        assert secret not in f"{answer.text}{answer.headers}"
