"""Callbacks that are refused: in the same words, with nothing changed and no provider asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import httpx2
import pytest
from starlette.applications import Starlette

from app.access.callers import Role
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant
from app.sign_ins.routes import routes
from app.teams.models import BrowserSession, Member
from tests.sign_ins.world import Browser, World, rows, write
from tests.teams.people import by_session


@dataclass(frozen=True)
class Callback:
    """What a browser brings back: everything right, until a case spoils it."""

    path: str
    query: str
    cookies: Mapping[str, str]

    def asking(self, **changed: str | None) -> "Callback":
        """Return it with parameters changed, or left out where None."""
        given = {**dict(parse_qsl(self.query)), **changed}
        return replace(self, query=urlencode({name: value for name, value in given.items() if value is not None}))

    def adding(self, query: str) -> "Callback":
        return replace(self, query=f"{self.query}&{query}")

    def without(self, part: str) -> "Callback":
        return replace(self, cookies={name: value for name, value in self.cookies.items() if part not in name})

    @property
    def state(self) -> str:
        return dict(parse_qsl(self.query))["state"]

    @property
    def cookie(self) -> str:
        return next(name for name in self.cookies if name.startswith("sign_in_"))


@dataclass(frozen=True)
class Scene:
    world: World
    row: Authorization
    callback: Callback

    async def of(self, member: Member) -> Callback:
        """Return the callback of another sign-in, begun by the member and not yet come back."""
        async with self.world.browser(member) as browser:
            return _callback(browser, await browser.go(await self.world.begin(by_session(member))))

    async def session(self, member: Member) -> dict[str, str]:
        async with self.world.browser(member) as browser:
            return {name: value for name, value in _cookies(browser).items() if "session" in name}


Spoil = Callable[[Scene], Awaitable[Callback]]


def _cookies(browser: Browser) -> dict[str, str]:
    return {cookie.name: cookie.value or "" for cookie in browser.http.cookies.jar}


def _callback(browser: Browser, address: str) -> Callback:
    url = httpx2.URL(address)
    return Callback(url.path, url.query.decode(), _cookies(browser))


def _asking(**changed: str | None) -> Spoil:
    async def spoil(scene: Scene) -> Callback:
        return scene.callback.asking(**changed)

    return spoil


def _adding(query: str) -> Spoil:
    async def spoil(scene: Scene) -> Callback:
        return scene.callback.adding(query)

    return spoil


def _at(path: str) -> Spoil:
    async def spoil(scene: Scene) -> Callback:
        return replace(scene.callback, path=path)

    return spoil


def _without(part: str) -> Spoil:
    async def spoil(scene: Scene) -> Callback:
        return scene.callback.without(part)

    return spoil


async def _state_of_another_member(scene: Scene) -> Callback:
    theirs = await scene.of(await scene.world.join("Bob"))
    return scene.callback.asking(state=theirs.state)


async def _state_of_another_team(scene: Scene) -> Callback:
    theirs = await scene.of(await scene.world.other_team())
    return scene.callback.asking(state=theirs.state)


async def _state_of_ones_own_other_sign_in_without_its_cookie(scene: Scene) -> Callback:
    other = await scene.of(scene.world.admin)
    return scene.callback.asking(state=other.state)


async def _state_doubled(scene: Scene) -> Callback:
    return scene.callback.adding(f"state={scene.callback.state}")


async def _state_as_list(scene: Scene) -> Callback:
    state = scene.callback.state
    return replace(scene.callback.asking(state=None), query=f"state[]={state}&code=c")


async def _state_replaced(scene: Scene) -> Callback:
    async with scene.world.browser() as browser:
        await browser.depart(scene.row)
    return scene.callback


async def _too_late(scene: Scene) -> Callback:
    scene.world.clock.advance(timedelta(minutes=10))
    return scene.callback


async def _cookie_of_another(scene: Scene) -> Callback:
    theirs = await scene.of(await scene.world.join("Bob"))
    cookies = {**scene.callback.cookies, scene.callback.cookie: theirs.cookies[theirs.cookie]}
    return replace(scene.callback, cookies=cookies)


async def _cookie_cut(scene: Scene) -> Callback:
    cookies = {**scene.callback.cookies, scene.callback.cookie: scene.callback.cookies[scene.callback.cookie][:-1]}
    return replace(scene.callback, cookies=cookies)


async def _session_of_another_member(scene: Scene) -> Callback:
    theirs = await scene.session(await scene.world.join("Bob"))
    return replace(scene.callback, cookies={**scene.callback.cookies, **theirs})


async def _session_of_another_team(scene: Scene) -> Callback:
    theirs = await scene.session(await scene.world.other_team())
    return replace(scene.callback, cookies={**scene.callback.cookies, **theirs})


async def _session_ended(scene: Scene) -> Callback:
    await write(lambda: BrowserSession.all().update(ended_at=scene.world.clock.now()))
    return scene.callback


async def _session_is_made_up(scene: Scene) -> Callback:
    made_up = {name: "A" * 43 for name in scene.callback.cookies if "session" in name}
    return replace(scene.callback, cookies={**scene.callback.cookies, **made_up})


async def _member_reads_only_now(scene: Scene) -> Callback:
    await write(lambda: Member.filter(id=scene.world.admin.id).update(role=Role.VIEWER))
    return scene.callback


async def _everything_of_the_attacker_but_the_session(scene: Scene) -> Callback:
    theirs = await scene.of(await scene.world.other_team())
    return replace(theirs, cookies={**theirs.cookies, **await scene.session(scene.world.admin)})


CASES: Mapping[str, tuple[Spoil, int]] = {
    "no query": (_asking(state=None, code=None), 400),
    "no state": (_asking(state=None), 400),
    "an empty state": (_asking(state=""), 400),
    "a wrong state": (_asking(state="A" * 43), 400),
    "a state of 10 kB": (_asking(state="A" * 10_240), 400),
    "a state that is not ASCII": (_asking(state="é" * 43), 400),
    "a state with a line break": (_asking(state="A" * 42 + "\n"), 400),
    "a state with a NUL": (_asking(state="A" * 42 + "\0"), 400),
    "a state twice": (_state_doubled, 400),
    "a state as a list": (_state_as_list, 400),
    "a state beside a list of it": (_adding("state[]=A"), 400),
    "another member's state": (_state_of_another_member, 403),
    "another team's state": (_state_of_another_team, 403),
    "the state of one's own other sign-in, without its cookie": (_state_of_ones_own_other_sign_in_without_its_cookie, 403),
    "a state that a later departure replaced": (_state_replaced, 400),
    "ten minutes later": (_too_late, 400),
    "no code and no error": (_asking(code=None), 400),
    "an empty code": (_asking(code=""), 400),
    "a code of 10 kB": (_asking(code="c" * 10_240), 400),
    "a code that is not ASCII": (_asking(code="é"), 400),
    "a code and an error": (_asking(error="access_denied"), 400),
    "a code twice": (_adding("code=another"), 400),
    "an error twice": (_adding("error=access_denied&error=access_denied"), 400),
    "a foreign issuer": (_asking(iss="https://slack.example"), 400),
    "an empty issuer": (_asking(iss=""), 400),
    "an issuer with a slash at its end": (_adding("iss=" + quote("http://127.0.0.1/", safe="")), 400),
    "two issuers": (_adding("iss=a&iss=b"), 400),
    "fifty parameters": (_adding("&".join(f"p{number}=1" for number in range(50))), 400),
    "another provider's path": (_at("/callback/github"), 400),
    "a path below the right one": (_at("/callback/slack/"), 400),
    "the path in capitals": (_at("/callback/Slack"), 400),
    "the path percent-encoded": (_at("/callback/%73lack"), 400),
    "the path with a doubled slash": (_at("/callback//slack"), 400),
    "no cookie of the sign-in": (_without("sign_in_"), 403),
    "another sign-in's cookie": (_cookie_of_another, 403),
    "the cookie cut by a character": (_cookie_cut, 403),
    "no session": (_without("session"), 403),
    "no cookie at all": (_without(""), 403),
    "another member's session": (_session_of_another_member, 403),
    "another team's session": (_session_of_another_team, 403),
    "a session that has ended": (_session_ended, 403),
    "a session that is made up": (_session_is_made_up, 403),
    "a member who reads only by now": (_member_reads_only_now, 403),
    "all of the attacker's but the session": (_everything_of_the_attacker_but_the_session, 403),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_callback_that_is_not_wholly_right_changes_nothing_and_asks_nobody(world: World, case: str) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        right = _callback(browser, await browser.go(row))
    spoil, status = CASES[case]
    spoiled = await spoil(Scene(world, row, right))
    before = await rows()

    answer = await _send(world, spoiled)

    assert answer.status_code == status
    assert answer.text == (await _send(world, Callback("/callback/slack", "", {}))).text
    assert "set-cookie" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert world.token_requests == 0
    assert await rows() == before


async def test_the_same_callback_unspoiled_is_accepted(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        right = _callback(browser, await browser.go(row))

    answer = await _send(world, right.asking(iss=row.origin))

    assert answer.status_code == 200
    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.COMPLETED


async def test_a_callback_is_accepted_once(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        right = _callback(browser, await browser.go(row))
    first = await _send(world, right)
    before = await rows()

    second = await _send(world, right)

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.text == first.text
    assert "<b>Acme</b> at Slack is connected" in second.text
    assert world.token_requests == 1
    assert await rows() == before


@pytest.mark.parametrize(
    ("becomes", "status", "message"),
    [
        ({"status": AuthorizationStatus.USED, "expires_at": None}, 200, "<b>Acme</b> at Slack is connected"),
        ({"status": AuthorizationStatus.COMPLETED}, 200, "<b>Acme</b> at Slack is connected"),
        ({"status": AuthorizationStatus.EXPIRED}, 200, "<b>Acme</b> at Slack, and that sign-in was not put to use in time"),
        ({"status": AuthorizationStatus.REVOKED}, 200, "<b>Acme</b> at Slack, and that sign-in has been ended since"),
        (
            {"status": AuthorizationStatus.FAILED, "failure_message": "It was declined at Slack."},
            200,
            "It was declined at Slack.",
        ),
        ({"status": AuthorizationStatus.PENDING}, 202, "is being finished. Load this page again in a moment."),
    ],
)
async def test_the_last_page_loaded_again_says_what_is_true_by_now(
    world: World, becomes: dict[str, object], status: int, message: str
) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        await browser.http.get(callback)
        await write(lambda: Authorization.filter(id=row.id).update(**becomes))
        before = await rows()

        again = await browser.http.get(callback)

    assert (again.status_code, message in again.text) == (status, True), again.text
    assert "set-cookie" not in again.headers
    assert await rows() == before


async def test_the_last_page_is_nobody_elses_to_load(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        await browser.http.get(callback)
    strangers = [world.browser(member) for member in (await world.join("Bob"), await world.other_team())]

    for stranger in strangers:
        async with stranger as theirs:
            answer = await theirs.http.get(callback)
            assert (answer.status_code, "Acme" in answer.text) == (403, False)
    async with world.client() as nobody:
        assert (await nobody.get(callback)).status_code == 403


async def test_fifty_of_the_same_callback_at_once_ask_for_tokens_once(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        right = _callback(browser, await browser.go(row))

    answers = await asyncio.gather(*(_send(world, right) for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert world.token_requests == 1
    assert await Grant.all().count() == 1


async def test_of_the_same_callback_in_two_processes_at_once_one_asks_for_tokens(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        right = _callback(browser, await browser.go(row))
    beside = replace(world, app=Starlette(routes=routes(services=world.without_flights())))

    answers = await asyncio.gather(*(_send(each, right) for each in (world, beside) * 10))

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert world.token_requests == 1
    assert await Grant.all().count() == 1


async def _send(world: World, callback: Callback) -> httpx2.Response:
    cookie = "; ".join(f"{name}={value}" for name, value in callback.cookies.items())
    async with world.client() as http:
        headers = {"Cookie": cookie} if cookie else {}
        return await http.get(f"{callback.path}?{callback.query}", headers=headers)
