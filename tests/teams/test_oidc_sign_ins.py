"""Setting off: what is asked of the issuer, from whose page, and where the browser is afterwards."""

import re
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.responses import PlainTextResponse

from app.oidc.issuer import ASKED_EVERY
from app.redis.rate_limits import Rates
from app.teams.models import BrowserSession, OidcSignIn
from tests.held import HeldClock
from tests.oidc.idp import CLIENT_ID
from tests.teams.issued import issuing
from tests.teams.people import rows
from tests.teams.visits import Visit, browsing

SECURE = "https://apps.example.com"


async def test_a_member_signs_in_at_the_issuer_for_twelve_hours(visit: Visit, clock: HeldClock) -> None:
    answer = await visit.sign_in()

    assert (answer.status_code, answer.headers["location"]) == (303, f"{visit.home}/")
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


async def test_an_id_token_may_name_the_access_token_that_came_with_it(visit: Visit) -> None:
    visit.issued.idp.signs = {"at_hash": "NeJ9Y7vA1g8c8GB4QJjTDQ"}

    answer = await visit.sign_in()

    assert (answer.status_code, await BrowserSession.all().count()) == (303, 1)


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
        ("?next=https://evil.example/", "/"),
        ("?next=//evil.example", "/"),
        ("?next=/authorize/..%2f..", "/"),
        ("?next=%22%3E%3Cscript%3E", "/"),
        ("?next=/sign-out", "/"),
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


async def test_below_a_path_the_issuer_sends_the_browser_back_to_it_and_the_cookies_stay_there(
    database: str, tmp_path: Path, clock: HeldClock
) -> None:
    del database
    async with issuing(folder=tmp_path, clock=clock, public_url=f"{SECURE}/installed-apps") as issued:
        with browsing(issued) as browser:
            visit = Visit(issued, browser)
            address = await visit.agree(await visit.set_off())
            [held] = browser.cookies.jar
            answer = await visit.come_back(address)

    [(name, cookie)] = SimpleCookie(answer.headers["set-cookie"]).items()
    assert address.startswith(f"{SECURE}/installed-apps/sign-in/oidc/callback?")
    assert (held.name.startswith("__Secure-oidc_sign_in_"), held.path) == (True, "/installed-apps")
    assert (name, cookie["path"]) == ("__Secure-installed_apps_session", "/installed-apps")
    assert answer.headers["location"] == f"{SECURE}/installed-apps/"


async def test_without_a_client_nobody_is_offered_it(database: str, tmp_path: Path, clock: HeldClock) -> None:
    del database
    async with issuing(folder=tmp_path, clock=clock, oidc_client_id=None, oidc_client_secret=None) as issued:
        with browsing(issued) as browser:
            form = await browser.get("/sign-in")
            begun = await browser.post("/sign-in/oidc", headers={"Origin": issued.services.settings.public_url})

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
    visit.issued.services = replace(visit.issued.services, rates=Rates(clock=clock))
    with browsing(visit.issued) as browser:
        answers = [await browser.post("/sign-in/oidc", headers={"Origin": visit.home}) for _ in range(61)]
        clock.advance(timedelta(minutes=1))
        later = await browser.post("/sign-in/oidc", headers={"Origin": visit.home})

    assert [answer.status_code for answer in (*answers, later)] == [200] * 60 + [429, 200]
    assert (answers[-1].headers["retry-after"], await OidcSignIn.all().count()) == ("60", 61)
