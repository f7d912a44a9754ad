"""The way back from the issuer: it counts once, for the browser that set off, and for that issuer's answer alone."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.teams.jobs import sweep
from app.teams.models import BrowserSession, OidcSignIn
from tests.held import HeldClock
from tests.teams.people import rows
from tests.teams.visits import Visit, browsing


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
    assert (await sweep(services=visit.issued.services), await OidcSignIn.all().count()) == (1, 0)


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
