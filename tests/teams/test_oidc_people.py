"""Who is signed in by what the issuer says of them, and who is not."""

from typing import Any

import pytest
import structlog
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from app.access.callers import Role
from app.teams.adding import add_member
from app.teams.models import BrowserSession
from app.teams.removing import remove_member
from tests.oidc.idp import CLIENT_ID, encode, key_named, sign
from tests.teams.people import found, join, rows
from tests.teams.visits import Visit


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
        {"at_hash": "of another access token"},
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
    ("person", "message"),
    [
        ({"email": "eve@example.com"}, "No member of the team"),
        ({"email_verified": False}, "no e-mail address of yours that it has verified"),
        ({"email_verified": "true"}, "no e-mail address of yours that it has verified"),
        ({"email": None}, "no e-mail address of yours that it has verified"),
        ({"team_id": "5c00df4e-7949-4587-a4a9-2a225243c61d"}, "No member of the team"),
        ({"team_id": "Orbit"}, "No member of the team"),
    ],
)
async def test_nobody_else_is_signed_in_or_made_a_member(visit: Visit, person: dict[str, Any], message: str) -> None:
    visit.issued.idp.person |= person
    before = await rows()

    answer = await visit.sign_in()

    assert answer.status_code == 403
    assert message in answer.text
    assert {**await rows(), "OidcSignIn": []} == before


@pytest.mark.parametrize(
    ("of_the_admin", "of_the_stranger"),
    [
        ("strasse@example.com", "straße@example.com"),
        ("kate@example.com", "\u212aate@example.com"),
        ("susan@example.com", "\u017fusan@example.com"),
        ("ada@strasse.example", "ada@straße.example"),
        ("ada@kraft.example", "ada@\u212araft.example"),
        ("ada@sport.example", "ada@\u017fport.example"),
    ],
)
async def test_a_stranger_whose_address_only_looks_like_the_admins_is_not_signed_in(
    visit: Visit, of_the_admin: str, of_the_stranger: str
) -> None:
    team = (await found(visit.issued.services, name="Apollo")).team
    admin = (
        await add_member(
            team_id=team.id, actor=None, name="Kay", email=of_the_admin, role=Role.ADMIN, services=visit.issued.services
        )
    ).member
    visit.issued.idp.person |= {"team_id": str(team.id), "email": of_the_stranger}

    refused = await visit.sign_in()
    visit.issued.idp.person |= {"email": of_the_admin.upper()}
    let_in = await visit.sign_in()

    assert (refused.status_code, let_in.status_code) == (403, 303)
    assert [session.member_id for session in await BrowserSession.all()] == [admin.id]


async def test_a_domain_is_the_same_in_letters_and_in_the_dns_own_spelling(visit: Visit) -> None:
    team = (await found(visit.issued.services, name="Apollo")).team
    bob = await add_member(
        team_id=team.id, actor=None, name="Bob", email="Bob@BÜCHER.example", role=Role.MEMBER, services=visit.issued.services
    )
    visit.issued.idp.person |= {"team_id": str(team.id), "email": "bob@xn--bcher-kva.example"}

    answer = await visit.sign_in()

    assert answer.status_code == 303
    assert [session.member_id for session in await BrowserSession.all()] == [bob.member.id]


async def test_a_member_who_left_is_not_signed_in(visit: Visit) -> None:
    bob = await join(
        visit.issued.services, (await found(visit.issued.services, name="Apollo")).team, name="Bob", role=Role.MEMBER
    )
    visit.issued.idp.person |= {"email": bob.email, "team_id": str(bob.team_id)}
    await remove_member(team_id=bob.team_id, actor=None, member_id=bob.id, services=visit.issued.services)

    assert (await visit.sign_in()).status_code == 403


async def test_where_the_issuer_names_no_team_it_is_the_one_that_has_the_member(visit: Visit) -> None:
    del visit.issued.idp.person["team_id"]

    answer = await visit.sign_in()

    assert answer.status_code == 303
    assert (await BrowserSession.get()).member_id == visit.issued.ada.id
