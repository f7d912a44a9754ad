import re
from datetime import timedelta

import pytest

from app.access.callers import Role
from app.sign_ins.models import Authorization, AuthorizationStatus, Grant
from app.teams.changing_roles import change_role
from app.teams.models import Team
from tests.services import PUBLIC_URL
from tests.sign_ins.world import FROM_HERE, World, rows, write
from tests.teams.people import by_session


async def test_the_page_says_what_will_be_connected_to_which_team_by_whom_and_does_nothing(world: World) -> None:
    await write(lambda: Team.all().update(name="Orbit & <Co>"))
    row = await world.begin()
    before = await rows()
    async with world.browser() as browser:
        answer = await browser.http.get(await world.start(row))

    assert answer.status_code == 200
    for told in ("Slack", world.sandbox.url, "Orbit &amp; &lt;Co&gt;", "Ada (ada@example.com)", "chat:write, chat:write.public"):
        assert told in answer.text
    assert f"form-action 'self' {world.sandbox.url};"[:-1] in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "set-cookie" not in answer.headers
    assert await rows() == before


async def test_going_on_sends_the_browser_to_the_provider_with_a_challenge_and_a_cookie(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        answer = await browser.http.post(await world.start(row), headers=FROM_HERE)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{world.sandbox.url}/slack/oauth/v2/authorize?")
    assert answer.headers["referrer-policy"] == "no-referrer"
    asked = dict(re.findall(r"(\w+)=([^&]*)", answer.headers["location"]))
    assert (asked["code_challenge_method"], len(asked["code_challenge"]), len(asked["state"])) == ("S256", 43, 43)
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=lax", "path=/callback", "max-age=600"):
        assert part in cookie
    assert "domain" not in cookie
    stored = repr(await rows())
    assert asked["state"] not in stored
    assert cookie.split(";")[0].split("=")[1] not in stored.lower()


async def test_a_hundred_departures_repeat_neither_state_nor_cookie(world: World) -> None:
    row = await world.begin()
    seen: set[str] = set()
    async with world.browser() as browser:
        address = await world.start(row)
        for _ in range(100):
            answer = await browser.http.post(address, headers=FROM_HERE)
            seen |= {answer.headers["location"], answer.headers["set-cookie"]}

    assert len(seen) == 200


async def test_a_browser_that_is_not_signed_in_is_asked_to_and_then_goes_on(world: World) -> None:
    row = await world.begin()
    address = await world.start(row)
    async with world.client() as http:
        shown, posted = await http.get(address), await http.post(address, headers=FROM_HERE)

    expected = f"{PUBLIC_URL}/sign-in?next={address.removeprefix(PUBLIC_URL)}"
    assert (shown.status_code, shown.headers["location"]) == (303, expected)
    assert (posted.status_code, posted.headers["location"]) == (303, expected)


async def test_link_out_the_link_of_a_stranger_connects_nothing_to_their_team(world: World) -> None:
    """An attacker begins a sign-in for their team and sends the link to a victim of another team, or of the same one."""
    attacker, colleague = await world.other_team(), await world.join("Bob")
    link = await world.start(await world.begin(by_session(attacker)))
    before = await rows()

    for victim in (world.admin, colleague):
        async with world.browser(victim) as browser:
            shown = await browser.http.get(link)
            posted = await browser.http.post(link, headers=FROM_HERE)
            assert (shown.status_code, posted.status_code) == (403, 403)
            assert "location" not in posted.headers
            assert "Comet" not in shown.text

    assert await rows() == before
    assert world.sandbox.state()["requests"] == []


async def test_link_out_a_members_link_takes_nobody_else_of_the_same_team_along(world: World) -> None:
    colleague = await world.join("Bob")
    link = await world.start(await world.begin(by_session(colleague)))
    before = await rows()

    async with world.browser() as admins:
        shown, posted = await admins.http.get(link), await admins.http.post(link, headers=FROM_HERE)

    assert (shown.status_code, posted.status_code) == (403, 403)
    assert {"location", "set-cookie"}.isdisjoint(posted.headers)
    assert await rows() == before


async def test_link_out_a_victim_who_is_sent_straight_to_the_provider_comes_back_for_nothing(world: World) -> None:
    """The attacker departs in their own browser, and has the victim consent with the address that the provider was given."""
    attacker = await world.other_team()
    row = await world.begin(by_session(attacker))
    async with world.browser(attacker) as theirs, world.browser() as victims:
        callback = theirs.decide(await theirs.depart(row), "Globex")
        before = await rows()

        answer = await victims.http.get(callback)

    assert answer.status_code == 403
    assert await rows() == before
    assert world.token_requests == 0


async def test_link_in_a_callback_of_the_attackers_own_workspace_connects_nothing_to_the_victims_team(world: World) -> None:
    """An attacker finishes the consent with their own workspace and has a victim's browser open the callback."""
    attacker = await world.other_team()
    async with world.browser(attacker) as theirs, world.browser() as victims:
        callback = theirs.decide(await theirs.depart(await world.begin(by_session(attacker))), "Globex")
        mine = await victims.depart(await world.begin())
        before = await rows()

        straight = await victims.http.get(callback)
        code = re.sub(r".*code=([^&]+).*", r"\1", callback)
        spliced = await victims.http.get(f"/callback/slack?code={code}&state={'A' * 43}")

    assert (straight.status_code, spliced.status_code) == (403, 400)
    assert mine
    assert await rows() == before
    assert world.token_requests == 0


async def test_link_in_the_attackers_code_with_the_victims_state_is_refused_by_the_challenge(world: World) -> None:
    """Even who could put their code beside the victim's state fails: the code belongs to another challenge (PKCE)."""
    attacker = await world.other_team()
    row = await world.begin()
    async with world.browser(attacker) as theirs, world.browser() as victims:
        their_callback = theirs.decide(await theirs.depart(await world.begin(by_session(attacker))), "Globex")
        code = re.sub(r".*code=([^&]+).*", r"\1", their_callback)
        mine = victims.decide(await victims.depart(row))

        answer = await victims.http.get(re.sub(r"code=[^&]+", f"code={code}", mine))

    assert answer.status_code == 200
    assert "failed" in answer.text
    assert (await Authorization.get(id=row.id)).status is AuthorizationStatus.FAILED
    assert await Grant.all().count() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_sites_form_does_not_go_on(world: World, headers: dict[str, str]) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        before = await rows()
        answer = await browser.http.post(await world.start(row), headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert await rows() == before


async def test_the_form_of_the_page_without_referer_goes_on(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        answer = await browser.http.post(await world.start(row), headers=headers)

    assert answer.status_code == 303


async def test_a_sign_in_that_is_over_or_unknown_goes_nowhere(world: World) -> None:
    done, late = await world.sign_in(), await world.begin()
    late_address = await world.start(late)
    world.clock.advance(timedelta(minutes=10))
    async with world.browser() as browser:
        addresses = [await world.start(done), late_address, f"{PUBLIC_URL}/authorize/{'A' * 43}"]
        before = await rows()
        answers = [await browser.http.get(address) for address in addresses]
        answers += [await browser.http.post(address, headers=FROM_HERE) for address in addresses]

    assert [answer.status_code for answer in answers] == [410] * 6
    assert len({answer.text for answer in answers}) == 1
    assert await rows() == before


async def test_who_became_a_reader_goes_no_further(world: World) -> None:
    bob = await world.join("Bob")
    row = await world.begin(by_session(bob))
    await change_role(team_id=bob.team_id, actor=None, member_id=bob.id, role=Role.VIEWER, services=world.services)
    async with world.browser(bob) as browser:
        answer = await browser.http.post(await world.start(row), headers=FROM_HERE)

    assert answer.status_code == 403


async def test_the_last_page_says_what_was_connected_and_lets_the_cookie_go(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        answer = await browser.http.get(await browser.go(row))
        left = [cookie.name for cookie in browser.http.cookies.jar if cookie.name.startswith("sign_in_")]

    assert answer.status_code == 200
    assert "<b>Acme</b> at Slack is connected" in answer.text
    assert "close this tab" in answer.text
    assert left == []


async def test_two_sign_ins_in_two_tabs_both_finish(world: World) -> None:
    first, second = await world.begin(), await world.begin()
    async with world.browser() as browser:
        one, two = await browser.go(first, "Acme"), await browser.go(second, "Globex")
        await browser.http.get(one)
        await browser.http.get(two)

    connected = [(await Authorization.get(id=row.id)).connected_to for row in (first, second)]
    assert connected == ["Acme", "Globex"]


async def test_a_head_request_finishes_nothing(world: World) -> None:
    row = await world.begin()
    async with world.browser() as browser:
        callback = await browser.go(row)
        headed, got = await browser.http.head(callback), await browser.http.get(callback)

    assert (headed.status_code, got.status_code) == (400, 200)
    assert world.token_requests == 1
