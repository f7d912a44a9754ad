import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import Role, Scope
from app.errors import RequestRefused
from app.graphql.ids import encode_id
from app.sealing.secret import Secret
from app.services import Services
from app.teams.creating_tokens import create as create_access_token
from app.teams.models import AccessToken, Member
from app.teams.removing import remove_member
from app.teams.secrets import is_token
from app.teams.sign_in_links import find_link
from tests.held import HeldClock
from tests.teams.asking import MUTATIONS, OF_ADMINS, ask, mutate
from tests.teams.people import by_session, by_token, found, join, log, rows


async def test_the_viewer_is_found_by_an_id_that_is_only_theirs(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.VIEWER)
    own, ada = [(await ask("{ viewer { id } }", by_session(member), services))["viewer"] for member in (bob, founded.admin)]

    by_own = await ask(f'{{ node(id: "{own["id"]}") {{ id ... on Viewer {{ member {{ name }} }} }} }}', by_session(bob), services)
    by_adas = await ask(f'{{ node(id: "{ada["id"]}") {{ id }} }}', by_session(bob), services)

    assert by_own == {"node": {**own, "member": {"name": "Bob"}}}
    assert by_adas == {"node": None}


async def test_the_viewer_sees_themselves_their_team_and_their_own_tokens(services: Services, clock: HeldClock) -> None:
    founded = await found(services)
    clock.advance(timedelta(seconds=1))
    bob = await join(services, founded.team, name="Bob", role=Role.VIEWER)
    left = await join(services, founded.team, name="Cid", role=Role.MEMBER)
    await remove_member(team_id=founded.team.id, actor=None, member_id=left.id, services=services)
    await found(services, name="Another")
    await create_access_token(caller=by_session(bob), name="Mine", scopes=[Scope.READ], expires_in_days=1, services=services)
    await create_access_token(
        caller=by_session(founded.admin), name="Not mine", scopes=[Scope.READ], expires_in_days=1, services=services
    )

    data = await ask(
        """{ viewer {
            member { name email role leftAt }
            team { name createdAt members { totalCount nodes { name role } } }
            accessTokens { totalCount nodes { name scopes lastUsedAt expiresAt } }
        } }""",
        by_session(bob),
        services,
    )

    assert data["viewer"] == {
        "member": {"name": "Bob", "email": "bob@example.com", "role": "VIEWER", "leftAt": None},
        "team": {
            "name": "Orbit",
            "createdAt": "2026-11-21T10:00:00.000Z",
            "members": {
                "totalCount": 2,
                "nodes": [{"name": "Ada", "role": "ADMIN"}, {"name": "Bob", "role": "VIEWER"}],
            },
        },
        "accessTokens": {
            "totalCount": 1,
            "nodes": [{"name": "Mine", "scopes": ["READ"], "lastUsedAt": None, "expiresAt": "2026-11-22T10:00:01.000Z"}],
        },
    }


async def test_the_viewer_and_their_team_are_read_by_one_statement(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    founded = await found(services)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        data = await ask("{ viewer { member { name } team { name } } }", by_session(founded.admin), services)

    assert data["viewer"] == {"member": {"name": "Ada"}, "team": {"name": "Orbit"}}
    assert len([record for record in caplog.records if isinstance(record.args, tuple)]) == 1


async def test_members_come_in_the_order_in_which_they_joined_page_by_page(services: Services) -> None:
    founded = await found(services)
    for name in ("Bob", "Cid"):
        await join(services, founded.team, name=name, role=Role.MEMBER)
    caller = by_session(founded.admin)
    seen: list[str] = []
    after = "null"

    for _ in range(3):
        document = (
            f"{{ viewer {{ team {{ members(first: 1, after: {after}) {{ nodes {{ name }} pageInfo {{ endCursor }} }} }} }} }}"
        )
        page = (await ask(document, caller, services))["viewer"]["team"]["members"]
        seen += [node["name"] for node in page["nodes"]]
        after = f'"{page["pageInfo"]["endCursor"]}"'

    assert sorted(seen) == ["Ada", "Bob", "Cid"]


async def test_a_new_member_comes_with_an_invitation(services: Services) -> None:
    admin = (await found(services)).admin

    data = await ask(
        """mutation { addTeamMember(input: {name: "Eve", email: "Eve@Example.com", role: VIEWER}) {
            member { name email role } inviteUrl userErrors { code } } }""",
        by_token(admin, Scope.ADMIN, Scope.READ),
        services,
    )

    payload = data["addTeamMember"]
    assert payload["member"] == {"name": "Eve", "email": "eve@example.com", "role": "VIEWER"}
    assert payload["inviteUrl"].startswith("http://127.0.0.1:8000/sign-in/")
    assert payload["userErrors"] == []


async def test_a_role_is_changed_and_a_member_removed(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    caller, bob_id = by_session(founded.admin), encode_id("TeamMember", bob.id)

    changed = await ask(
        f'mutation {{ changeTeamMemberRole(input: {{id: "{bob_id}", role: VIEWER}}) {{ member {{ role }} }} }}', caller, services
    )
    removed = await ask(
        f'mutation {{ removeTeamMember(input: {{id: "{bob_id}"}}) {{ removedTeamMember {{ id leftAt }} }} }}', caller, services
    )

    assert changed == {"changeTeamMemberRole": {"member": {"role": "VIEWER"}}}
    assert removed == {"removeTeamMember": {"removedTeamMember": {"id": bob_id, "leftAt": "2026-11-21T10:00:00.000Z"}}}


async def test_a_token_is_in_its_payload_once_and_can_be_revoked(services: Services) -> None:
    admin = (await found(services)).admin
    caller = by_session(admin)

    made = await ask(
        """mutation { createAccessToken(input: {name: "CI", scopes: [RUNS_WRITE, READ]}) {
            token accessToken { id name lastFour scopes expiresAt } userErrors { code } } }""",
        caller,
        services,
    )
    payload = made["createAccessToken"]
    revoked = await mutate("revokeAccessToken", caller, services, id=payload["accessToken"]["id"])

    assert is_token(payload["token"])
    assert payload["accessToken"] == {
        "id": encode_id("AccessToken", (await AccessToken.get()).id),
        "name": "CI",
        "lastFour": payload["token"][-4:],
        "scopes": ["READ", "RUNS_WRITE"],
        "expiresAt": "2027-02-19T10:00:00.000Z",
    }
    assert revoked == {"userErrors": []}
    assert await ask("{ viewer { accessTokens { nodes { id } } } }", caller, services) == {
        "viewer": {"accessTokens": {"nodes": []}}
    }


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
@pytest.mark.parametrize("name", OF_ADMINS)
async def test_only_admins_change_the_team(services: Services, role: Role, name: str) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=role)
    before = await rows()

    payload = await mutate(name, by_session(bob), services, id=encode_id("TeamMember", founded.admin.id))

    assert payload == {"userErrors": [{"code": "FORBIDDEN", "field": None}]}
    assert await rows() == before


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_token_without_the_scope_admin_is_refused_as_a_whole(services: Services, name: str) -> None:
    founded = await found(services)
    caller = by_token(founded.admin, Scope.READ, Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE)
    before = await rows()

    with pytest.raises(RequestRefused) as refused:
        await mutate(name, caller, services)
    with pytest.raises(RequestRefused) as unsigned:
        await mutate(name, None, services)

    assert (refused.value.code, unsigned.value.code) == ("FORBIDDEN", "UNAUTHENTICATED")
    assert await rows() == before


@pytest.mark.parametrize("role", Role)
async def test_every_role_makes_tokens_of_its_own_in_the_browser(services: Services, role: Role) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=role)

    assert await mutate("createAccessToken", by_session(bob), services) == {"userErrors": []}


@pytest.mark.parametrize("name", ["changeTeamMemberRole", "removeTeamMember", "createSignInLink", "revokeAccessToken"])
async def test_ids_of_other_teams_other_types_and_nothing_are_not_found(services: Services, name: str) -> None:
    admin = (await found(services)).admin
    stranger = (await found(services, name="Another")).admin
    theirs = await create_access_token(
        caller=by_session(stranger), name="CI", scopes=[Scope.READ], expires_in_days=1, services=services
    )
    before = await rows()

    for wrong in (
        encode_id("TeamMember", stranger.id),
        encode_id("AccessToken", theirs.row.id),
        encode_id("TeamMember", uuid4()),
        encode_id("Team", admin.team_id),
        str(stranger.id),
        "",
    ):
        payload = await mutate(name, by_session(admin), services, id=wrong)
        assert payload == {"userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}

    assert await rows() == before


async def test_an_admin_makes_a_member_a_way_back_in_which_the_log_tells_and_nobody_else_sees(
    services: Services, clock: HeldClock
) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    document = "mutation { createSignInLink(input: {id: ID}) { member { name } signInUrl userErrors { code } } }".replace(
        "ID", f'"{encode_id("TeamMember", bob.id)}"'
    )

    first, second = [await ask(document, by_session(founded.admin), services) for _ in range(2)]

    links = [Secret(made["createSignInLink"].pop("signInUrl").rpartition("/")[2]) for made in (first, second)]
    assert first == second == {"createSignInLink": {"member": {"name": "Bob"}, "userErrors": []}}
    assert await find_link(links[0], services=services) is None
    assert await find_link(links[1], services=services) == bob
    assert links[1].reveal() not in repr(await rows())
    assert (await log())[-2:] == [("SIGN_IN_LINK_CREATED", "A link was made that signs a browser in as Bob, once.")] * 2
    clock.advance(timedelta(hours=24))
    assert await find_link(links[1], services=services) is None


async def test_who_has_left_gets_no_way_back(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=services)
    before = await rows()

    payload = await mutate("createSignInLink", by_session(founded.admin), services, id=encode_id("TeamMember", bob.id))

    assert payload == {"userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}
    assert await rows() == before


async def test_nodes_are_found_in_ones_own_team_only(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    stranger = (await found(services, name="Another")).admin
    tokens = {
        member.id: await create_access_token(
            caller=by_session(member), name="CI", scopes=[Scope.READ], expires_in_days=1, services=services
        )
        for member in (bob, founded.admin)
    }
    caller = by_session(bob)

    async def find(type_name: str, row: Member | AccessToken | Any) -> bool:
        document = f'{{ node(id: "{encode_id(type_name, row.id)}") {{ id }} }}'
        return (await ask(document, caller, services))["node"] is not None

    assert await find("Team", founded.team)
    assert await find("TeamMember", founded.admin)
    assert await find("AccessToken", tokens[bob.id].row)
    assert not await find("AccessToken", tokens[founded.admin.id].row)
    assert not await find("TeamMember", stranger)
    assert not await find("Team", await stranger.team)


async def test_who_has_left_is_still_found_by_id(services: Services) -> None:
    founded = await found(services)
    bob = await join(services, founded.team, name="Bob", role=Role.MEMBER)
    await remove_member(team_id=founded.team.id, actor=None, member_id=bob.id, services=services)

    data = await ask(
        f'{{ node(id: "{encode_id("TeamMember", bob.id)}") {{ ... on TeamMember {{ name leftAt }} }} }}',
        by_session(founded.admin),
        services,
    )

    assert data == {"node": {"name": "Bob", "leftAt": "2026-11-21T10:00:00.000Z"}}
