"""Which team somebody means whom the issuer verified and whom several teams have: they are asked, and nobody else is."""

import asyncio
import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from app.access.callers import Role
from app.teams.adding import add_member
from app.teams.founding import Founded, create_team
from app.teams.jobs import sweep
from app.teams.models import BrowserSession, Member, OidcSignIn
from app.teams.removing import remove_member
from tests.held import HeldClock
from tests.teams.people import rows
from tests.teams.visits import Visit, browsing


async def test_an_admin_of_another_team_who_adds_an_address_locks_nobody_out(visit: Visit, clock: HeldClock) -> None:
    clock.advance(timedelta(seconds=1))
    await lure(visit, name="Apollo")

    page = await visit.sign_in("?next=/authorize/abc")
    answer = await press(visit, page, team="Orbit")

    assert (page.status_code, shown(page)) == (200, ["Orbit", "Apollo"])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{visit.home}/authorize/abc")
    assert [session.member_id for session in await BrowserSession.all()] == [visit.issued.ada.id]


async def test_each_of_the_teams_can_be_chosen_as_whom_one_is_there(visit: Visit, clock: HeldClock) -> None:
    lured = await lure(visit, name="Apollo")

    answer = await press(visit, await visit.sign_in(), team="Apollo")

    assert answer.status_code == 303
    session = await BrowserSession.get()
    assert (session.member_id, session.expires_at) == (lured.id, clock.now() + timedelta(hours=12))


async def test_only_teams_where_the_verified_address_is_a_present_members_are_shown_and_only_once_it_is_known(
    visit: Visit,
) -> None:
    lured = await lure(visit, name="Apollo")
    left = await lure(visit, name="Gemini")
    await remove_member(team_id=left.team_id, actor=None, member_id=left.id, services=visit.issued.services)
    other = await create_team(name="Mercury", admin_name="Eve", admin_email="eve@example.com", services=visit.issued.services)
    address = await visit.agree(await visit.set_off())
    spoilt = await visit.come_back(address.replace("code=", "code=x"))

    page = await visit.sign_in()
    refused = [await press(visit, page, team_id=team_id) for team_id in (other.team.id, left.team_id, uuid4())]

    assert (spoilt.status_code, re.findall("Apollo|Orbit", spoilt.text)) == (403, [])
    assert sorted(shown(page)) == ["Apollo", "Orbit"]
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert await BrowserSession.all().count() == 0
    assert lured.team_id != other.team.id


async def test_where_the_issuer_names_the_team_nobody_is_asked(visit: Visit) -> None:
    await lure(visit, name="Apollo", names_team=True)

    answer = await visit.sign_in()

    assert answer.status_code == 303
    assert [session.member_id for session in await BrowserSession.all()] == [visit.issued.ada.id]


async def test_a_choice_counts_once(visit: Visit) -> None:
    await lure(visit, name="Apollo")
    page = await visit.sign_in()

    answers = await asyncio.gather(*(press(visit, page, team=name) for name in ("Orbit", "Apollo", "Orbit")))

    assert sorted(answer.status_code for answer in answers) == [303, 403, 403]
    assert await BrowserSession.all().count() == 1
    assert (await OidcSignIn.get()).email is None


async def test_a_choice_counts_in_the_browser_that_set_off_alone(visit: Visit) -> None:
    await lure(visit, name="Apollo")
    page = await visit.sign_in()
    before = await rows()

    with browsing(visit.issued) as another:
        stolen = Visit(visit.issued, another)
        answer = await press(stolen, page, team="Orbit")

    assert (answer.status_code, await rows()) == (403, before)


async def test_a_choice_from_another_page_changes_nothing(visit: Visit) -> None:
    await lure(visit, name="Apollo")
    page = await visit.sign_in()
    before = await rows()

    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}):
        answer = await visit.browser.post("/sign-in/oidc/team", data=fields(page, team="Orbit"), headers=headers)
        assert (answer.status_code, await rows()) == (403, before)


async def test_a_choice_left_for_ten_minutes_is_over(visit: Visit, clock: HeldClock) -> None:
    await lure(visit, name="Apollo")
    page = await visit.sign_in()
    clock.advance(timedelta(minutes=10))

    answer = await press(visit, page, team="Orbit")
    await sweep(services=visit.issued.services)

    assert (answer.status_code, await BrowserSession.all().count(), await OidcSignIn.all().count()) == (403, 0, 0)


async def test_before_the_issuer_has_answered_there_is_nothing_to_choose(visit: Visit) -> None:
    await lure(visit, name="Apollo")
    await visit.set_off()
    sign_in = await OidcSignIn.get()

    form = {"sign_in": str(sign_in.id), "team": str(visit.issued.ada.team_id)}
    answer = await visit.browser.post("/sign-in/oidc/team", data=form, headers={"Origin": visit.home})

    assert (answer.status_code, await BrowserSession.all().count()) == (403, 0)


@pytest.mark.parametrize("body", [b"", b"team=x", b"sign_in=x&team=y", b"\xff", b"x" * 5000, b"a=b&" * 20])
async def test_what_is_no_choice_is_refused(visit: Visit, body: bytes) -> None:
    answer = await visit.browser.post("/sign-in/oidc/team", content=body, headers={"Origin": visit.home})

    assert answer.status_code == 403


async def lure(visit: Visit, *, name: str, names_team: bool = False) -> Member:
    """Have the admin of another team add Ada's address there; tokens name no team."""
    if not names_team:
        visit.issued.idp.person.pop("team_id", None)
    other: Founded = await create_team(name=name, admin_name="Eve", admin_email="eve@example.com", services=visit.issued.services)
    added = await add_member(
        team_id=other.team.id,
        actor=None,
        name="Ada",
        email=visit.issued.ada.email,
        role=Role.VIEWER,
        services=visit.issued.services,
    )
    return added.member


def shown(page: httpx2.Response) -> list[str]:
    return re.findall(r'<button name="team" value="[^"]+">([^<]+)</button>', page.text)


def fields(page: httpx2.Response, *, team: str | None = None, team_id: UUID | None = None) -> dict[str, str]:
    """Return what the form on the page sends."""
    [sign_in] = re.findall(r'name="sign_in" value="([^"]+)"', page.text)
    ids = {name: value for value, name in re.findall(r'<button name="team" value="([^"]+)">([^<]+)</button>', page.text)}
    return {"sign_in": sign_in, "team": str(team_id) if team is None else ids[team]}


async def press(visit: Visit, page: httpx2.Response, *, team: str | None = None, team_id: UUID | None = None) -> httpx2.Response:
    assert 'action="team"' in page.text  # beside the callback
    form = fields(page, team=team, team_id=team_id)
    return await visit.browser.post("/sign-in/oidc/team", data=form, headers={"Origin": visit.home})
