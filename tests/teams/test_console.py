from datetime import timedelta
from importlib.metadata import version
from uuid import UUID

import pytest
from starlette.requests import HTTPConnection
from typer.testing import CliRunner

from app.__main__ import cli
from app.access.callers import ALL_SCOPES, Role, Scope, scopes_of
from app.errors import StatedProblem
from app.log.events import Event
from app.services import Services
from app.teams import console
from app.teams.authentication import Authenticator
from app.teams.models import Member
from app.teams.removing import remove_member
from tests.held import HeldClock
from tests.teams.people import rows


async def create_orbit(services: Services) -> str:
    return await console.create_team(name="Orbit", admin_name="Ada", admin_email="ada@example.com", services=services)


async def add_bob(services: Services, role: Role = Role.MEMBER) -> str:
    return await console.add_member(team="Orbit", name="Bob", email="bob@example.com", role=role, services=services)


async def test_teams_and_members_are_made_and_listed(services: Services) -> None:
    team_id = await create_orbit(services)
    bob_id = await add_bob(services)
    await console.change_role(team="Orbit", email="BOB@example.com", role=Role.VIEWER, services=services)

    assert await console.list_teams() == [f"{team_id}\tOrbit"]
    assert sorted(await console.list_members(team="Orbit"))[:] == sorted(
        [
            f"{(await Member.get(email='ada@example.com')).id}\tADMIN\tada@example.com\tAda",
            f"{bob_id}\tVIEWER\tbob@example.com\tBob",
        ]
    )
    assert {row.actor_id for row in await Event.all()} == {None}


@pytest.mark.parametrize("role", Role)
async def test_a_token_has_every_scope_of_the_role_when_none_is_named(services: Services, role: Role) -> None:
    await create_orbit(services)
    await add_bob(services, role)

    token = await console.create_token(team="Orbit", email="bob@example.com", scopes=[], days=None, services=services)

    request = HTTPConnection({"type": "http", "method": "POST", "path": "/", "headers": []})
    authenticator = Authenticator(services)
    caller = await authenticator.authenticate(request, f"Bearer {token.reveal()}")
    await authenticator.settle()
    assert caller is not None
    assert caller.scopes == scopes_of(role)


async def test_a_sign_in_link_is_one_of_this_server(services: Services) -> None:
    await create_orbit(services)

    link = await console.make_sign_in_link(team="Orbit", email="ada@example.com", services=services)

    assert link.reveal().startswith("http://127.0.0.1:8000/sign-in/")


async def test_a_member_is_let_go_with_all_that_signs_them_in(services: Services) -> None:
    await create_orbit(services)
    bob_id = await add_bob(services)
    await console.create_token(team="Orbit", email="bob@example.com", scopes=[], days=None, services=services)

    removed = await console.remove_member(team="Orbit", email="Bob@example.com", services=services)

    assert removed == bob_id
    assert [line.split("\t")[2] for line in await console.list_members(team="Orbit")] == ["ada@example.com"]
    assert await console.list_tokens(team="Orbit", email=None, services=services) == []
    assert (await Event.all().order_by("-sequence").first() or Event()).type == "TEAM_MEMBER_REMOVED"


async def test_tokens_are_listed_and_one_of_them_revoked(services: Services, clock: HeldClock) -> None:
    await create_orbit(services)
    await add_bob(services)
    made = {
        email: await console.create_token(team="Orbit", email=email, scopes=scopes, days=days, services=services, name=name)
        for email, scopes, days, name in (
            ("ada@example.com", [], 1, console.TOKEN_NAME),
            ("bob@example.com", [Scope.RUNS_WRITE, Scope.READ], 30, "CI of the shop"),
        )
    }

    lines = [line.split("\t") for line in await console.list_tokens(team="Orbit", email=None, services=services)]

    last = {email: token.reveal()[-4:] for email, token in made.items()}
    until = {days: f"until {clock.now() + timedelta(days=days):%Y-%m-%d}" for days in (1, 30)}
    assert sorted(line[1:] for line in lines) == sorted(
        [
            [f"…{last['ada@example.com']}", "ada@example.com", " ".join(Scope), until[1], "never used", "Command line"],
            [f"…{last['bob@example.com']}", "bob@example.com", "READ RUNS_WRITE", until[30], "never used", "CI of the shop"],
        ]
    )
    [bobs] = await console.list_tokens(team="Orbit", email="bob@example.com", services=services)
    key = UUID(bobs.split("\t")[0])
    assert await console.revoke_token(key, team="Orbit", services=services) == str(key)
    clock.advance(timedelta(days=1))
    assert await console.list_tokens(team="Orbit", email=None, services=services) == []
    with pytest.raises(StatedProblem, match="The team has no such token in force"):
        await console.revoke_token(key, team="Orbit", services=services)


async def test_no_other_teams_token_is_revoked(services: Services) -> None:
    await create_orbit(services)
    await console.create_token(team="Orbit", email="ada@example.com", scopes=[], days=None, services=services)
    await console.create_team(name="Comet", admin_name="Eve", admin_email="eve@example.com", services=services)
    [adas] = await console.list_tokens(team="Orbit", email=None, services=services)
    before = await rows()

    with pytest.raises(StatedProblem, match="The team has no such token in force"):
        await console.revoke_token(UUID(adas.split("\t")[0]), team="Comet", services=services)

    assert await rows() == before


def test_the_version_is_printed() -> None:
    said = CliRunner().invoke(cli, ["--version"])

    assert (said.exit_code, said.output) == (0, f"installed-apps {version('installed-apps')}\n")


async def test_what_is_wrong_is_stated_and_changes_nothing(services: Services) -> None:
    await create_orbit(services)
    bob_id = await add_bob(services)
    team_id = (await Member.get(id=bob_id)).team_id
    await remove_member(team_id=team_id, actor=None, member_id=UUID(bob_id), services=services)
    before = await rows()

    for attempt, message in (
        (create_orbit(services), "There is a team named Orbit already."),
        (console.list_members(team="Nowhere"), "There is no team named Nowhere; `team list` says which there are."),
        (
            console.change_role(team="Orbit", email="bob@example.com", role=Role.ADMIN, services=services),
            "Orbit has no member bob@example.com; `member list` says whom it has.",
        ),
        (
            console.change_role(team="Orbit", email="ada@example.com", role=Role.VIEWER, services=services),
            "A team keeps one ADMIN: make somebody else one first.",
        ),
        (
            console.add_member(team="Orbit", name="Eve", email="eve", role=Role.VIEWER, services=services),
            "An e-mail address looks like name@example.com.",
        ),
        (
            console.create_token(team="Orbit", email="ada@example.com", scopes=[Scope.READ], days=0, services=services),
            "A token is good for 1 to 365 days.",
        ),
        (
            console.create_token(team="Orbit", email="ada@example.com", scopes=[], days=1, services=services, name=" "),
            "A name has 1 to 200 characters.",
        ),
        (
            console.make_sign_in_link(team="Orbit", email="nobody", services=services),
            "An e-mail address looks like name@example.com.",
        ),
    ):
        with pytest.raises(StatedProblem) as stated:
            await attempt
        assert stated.value.message == message

    assert await rows() == before


async def test_a_token_beyond_the_role_is_refused(services: Services) -> None:
    await create_orbit(services)
    await add_bob(services, Role.VIEWER)
    before = await rows()

    with pytest.raises(StatedProblem, match="The role VIEWER does not allow RUNS_WRITE, INTEGRATIONS_WRITE, ADMIN"):
        await console.create_token(team="Orbit", email="bob@example.com", scopes=sorted(ALL_SCOPES), days=1, services=services)

    assert await rows() == before
