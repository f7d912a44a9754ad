"""Git servers' installed apps through the API."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.access.callers import Caller, Role, Scope
from app.console.keys import verify
from app.errors import StatedProblem
from app.installed_apps.models import InstalledApp
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Authorization, OAuthClient
from tests.installed_apps.git_servers import GITHUB, GITLAB, Host, own_grant
from tests.installed_apps.world import World, gid, rows
from tests.sign_ins.world import write

ADD = """mutation ($input: AddInstalledAppInput!) { addInstalledApp(input: $input) {
  installedApp { id name clientId clientSecretHint } userErrors { code field message } } }"""
EDIT = """mutation ($input: EditInstalledAppInput!) { editInstalledApp(input: $input) {
  installedApp { name clientId caCertificates } userErrors { code field message } } }"""
DELETE = """mutation ($input: DeleteInstalledAppInput!) { deleteInstalledApp(input: $input) {
  deletedInstalledAppId userErrors { code } } }"""
CHECK = """mutation ($input: CheckInstalledAppInput!) { checkInstalledApp(input: $input) {
  installedApp { status lastCheckedAt } userErrors { code } } }"""
BEGIN = """mutation ($input: BeginAuthorizationInput!) { beginAuthorization(input: $input) {
  authorization { id status provider { key } } userErrors { code field message } } }"""
REVOKE = """mutation ($input: RevokeAuthorizationInput!) { revokeAuthorization(input: $input) {
  authorization { status } userErrors { code field } } }"""
SEE = """query ($id: ID!) { installedApp(id: $id) {
  name connectedTo url clientId clientSecretHint caCertificates callbackUrl scopes missingScopes lastUsedAt lastCheckedAt
  viewerAuthorization { id status connectedTo } viewerIsAuthenticated viewerCanEdit viewerCanDelete viewerCanReauthenticate } }"""
CALLBACK = "query ($key: ID!, $address: URL) { provider(key: $key) { available callbackUrl(address: $address) } }"


def client_input(host: Host, world: World, **changed: object) -> dict[str, Any]:
    told = {"provider": host.provider, "url": host.url(world), "clientId": host.client_id, "clientSecret": host.secret}
    return {"name": "Git", "using": {"client": told | changed}}


def by_token(caller: Caller, *scopes: Scope) -> Caller:
    return replace(caller, is_session=False, scopes=frozenset(scopes))


async def see(world: World, app: InstalledApp, caller: Caller) -> dict[str, Any]:
    seen: dict[str, Any] = (await world.ask(SEE, caller, id=gid("InstalledApp", app.id)))["installedApp"]
    return seen


async def test_an_admin_adds_a_server(world: World) -> None:
    data = await world.ask(ADD, world.people.ada, input=client_input(GITLAB, world))

    added = data["addInstalledApp"]
    assert added["userErrors"] == []
    assert (added["installedApp"]["clientId"], added["installedApp"]["clientSecretHint"]) == ("sandbox-gitlab", "cret")


@pytest.mark.parametrize("who", ["bob", "vera"])
async def test_a_role_that_does_not_suffice_is_a_user_error(world: World, who: str) -> None:
    caller: Caller = getattr(world.people, who)
    app = await GITLAB.add(world, world.people.ada)
    before = await rows()

    added = await world.ask(ADD, caller, input=client_input(GITHUB, world))
    edited = await world.ask(EDIT, caller, input={"id": gid("InstalledApp", app.id), "name": "Mine"})

    assert [error["code"] for error in added["addInstalledApp"]["userErrors"]] == ["FORBIDDEN"]
    assert [error["code"] for error in edited["editInstalledApp"]["userErrors"]] == ["FORBIDDEN"]
    assert await rows() == before


async def test_a_scope_that_does_not_suffice_is_an_error_and_the_scope_admin_alone_does(world: World) -> None:
    ada = world.people.ada
    app = await GITLAB.add(world, ada)
    writes, administers = by_token(ada, Scope.INTEGRATIONS_WRITE), by_token(ada, Scope.ADMIN, Scope.READ)
    edit_input = {"id": gid("InstalledApp", app.id), "name": "Renamed"}
    before = await rows()

    for document, given in ((ADD, client_input(GITHUB, world)), (EDIT, edit_input)):
        refused = await world.answer(document, writes, input=given)
        assert [error.original_error.code for error in refused.errors] == ["FORBIDDEN"]
    assert await rows() == before

    added = await world.ask(ADD, administers, input=client_input(GITHUB, world))
    edited = await world.ask(EDIT, administers, input=edit_input)
    assert added["addInstalledApp"]["userErrors"] == []
    assert edited["editInstalledApp"]["installedApp"]["name"] == "Renamed"


async def test_sharing_a_sign_in_takes_the_scope_for_integrations(world: World) -> None:
    using = {"using": {"authorizationId": gid("Authorization", await world.sign_in(world.people.ada))}}

    refused = await world.answer(ADD, by_token(world.people.ada, Scope.ADMIN, Scope.READ), input=using)

    assert [error.original_error.code for error in refused.errors] == ["FORBIDDEN"]


async def test_no_answer_has_the_secret(world: World) -> None:
    secret = "geheim geheim"

    data = await world.ask(ADD, world.people.ada, input=client_input(GITLAB, world, clientSecret=secret))

    [error] = data["addInstalledApp"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["using", "client", "clientSecret"])
    assert "geheim" not in error["message"]


async def test_everybody_sees_what_to_register_and_each_their_own_sign_in(world: World) -> None:
    ada, bob, cid = world.people.ada, world.people.bob, world.people.cid
    app = await GITLAB.add(world, ada)
    row = await GITLAB.sign_in(world, bob, app, "grace")
    base_url = GITLAB.url(world)
    path = f"gitlab-self-managed/{hashlib.sha256(base_url.encode()).hexdigest()[:16]}"

    seen = await see(world, app, bob)

    moment = world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert seen == {
        "name": "Git",
        "connectedTo": base_url,
        "url": base_url,
        "clientId": "sandbox-gitlab",
        "clientSecretHint": "cret",
        "caCertificates": None,
        "callbackUrl": f"http://127.0.0.1:8000/callback/{path}",
        "scopes": ["api"],
        "missingScopes": [],
        "lastUsedAt": None,
        "lastCheckedAt": moment,
        "viewerAuthorization": {"id": gid("Authorization", row.id), "status": "COMPLETED", "connectedTo": "grace"},
        "viewerIsAuthenticated": True,
        "viewerCanEdit": False,
        "viewerCanDelete": False,
        "viewerCanReauthenticate": False,
    }
    assert row.redirect_uri == seen["callbackUrl"]
    theirs = await see(world, app, cid)
    assert (theirs["viewerAuthorization"], theirs["viewerIsAuthenticated"]) == (None, False)
    admins = await see(world, app, ada)
    assert (admins["viewerCanEdit"], admins["viewerCanDelete"], admins["viewerIsAuthenticated"]) == (True, True, False)


async def test_the_green_check_goes_when_the_sign_in_or_the_role_does(world: World) -> None:
    bob = world.people.bob
    app = await GITHUB.add(world, world.people.ada)
    row = await GITHUB.sign_in(world, bob, app)
    assert (await see(world, app, replace(bob, role=Role.VIEWER)))["viewerIsAuthenticated"] is False

    data = await world.ask(REVOKE, bob, input={"id": gid("Authorization", row.id)})

    assert data["revokeAuthorization"] == {"authorization": {"status": "REVOKED"}, "userErrors": []}
    seen = await see(world, app, bob)
    assert (seen["viewerAuthorization"], seen["viewerIsAuthenticated"]) == (None, False)


async def test_what_was_revoked_at_the_server_shows_no_green_check_once_that_is_known(world: World) -> None:
    bob = world.people.bob
    app = await GITHUB.add(world, world.people.ada)
    await GITHUB.sign_in(world, bob, app)
    GITHUB.fault(world, "revoke_token", user="ada")

    data = await world.ask(CHECK, bob, input={"id": gid("InstalledApp", app.id)})

    assert data["checkInstalledApp"]["installedApp"]["status"] == "ACTIVE"
    assert (await see(world, app, bob))["viewerIsAuthenticated"] is False


async def test_each_of_many_apps_shows_its_own(world: World) -> None:
    ada = world.people.ada
    await GITHUB.sign_in(world, ada, await GITHUB.add(world, ada))
    world.clock.advance(timedelta(seconds=1))
    await GITLAB.add(world, ada)

    listed = await world.ask(
        "{ installedApps { nodes { clientId viewerIsAuthenticated lastUsedAt callbackUrl viewerAuthorization { id } } } }", ada
    )

    assert [(node["clientId"], node["viewerIsAuthenticated"]) for node in listed["installedApps"]["nodes"]] == [
        ("sandbox-gitlab", False),
        ("sandbox-github", True),
    ]


async def test_the_last_use_is_any_members(world: World) -> None:
    bob, cid = world.people.bob, world.people.cid
    app = await GITLAB.add(world, world.people.ada)
    for caller, user in ((bob, "ada"), (cid, "grace")):
        await GITLAB.sign_in(world, caller, app, user)
        world.clock.advance(timedelta(minutes=1))
        await GITLAB.use(world, await own_grant(app, caller))

    seen = await see(world, app, world.people.ada)

    assert seen["lastUsedAt"] == world.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_sign_in_begins_at_the_installed_app(world: World) -> None:
    app = await GITHUB.add(world, world.people.ada)

    data = await world.ask(BEGIN, world.people.bob, input={"purpose": {"installedAppId": gid("InstalledApp", app.id)}})

    shown = data["beginAuthorization"]["authorization"]
    assert (shown["status"], shown["provider"]["key"]) == ("PENDING", "github-enterprise-server")
    row = await Authorization.get(member_id=world.people.bob.member_id)
    assert (row.oauth_client_id, row.installed_app_id, row.wanted_account_id) == (app.oauth_client_id, None, None)


async def test_a_sign_in_does_not_begin_at_the_provider(world: World) -> None:
    data = await world.ask(BEGIN, world.people.bob, input={"purpose": {"provider": GITHUB.provider}})

    [error] = data["beginAuthorization"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["purpose", "provider"])


@pytest.mark.parametrize("field", ["name", "clientId", "clientSecret"])
async def test_null_clears_nothing_but_certificates(world: World, field: str) -> None:
    app = await GITLAB.add(world, world.people.ada)
    before = await rows()

    data = await world.ask(EDIT, world.people.ada, input={"id": gid("InstalledApp", app.id), field: None})

    [error] = data["editInstalledApp"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", [field])
    assert await rows() == before


async def test_an_edit_through_the_api(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    edited = {"name": "New", "clientId": "another", "clientSecret": "its-secret", "caCertificates": None}

    data = await world.ask(EDIT, world.people.ada, input={"id": gid("InstalledApp", app.id)} | edited)

    assert data["editInstalledApp"] == {
        "installedApp": {"name": "New", "clientId": "another", "caCertificates": None},
        "userErrors": [],
    }


async def test_a_provider_tells_the_callback_of_an_address_in_any_spelling(world: World) -> None:
    bob = world.people.bob

    async def callback(key: str, address: str | None) -> object:
        data = await world.ask(CALLBACK, bob, key=key, address=address)
        assert data["provider"]["available"] is True
        return data["provider"]["callbackUrl"]

    one = await callback(GITLAB.provider, "https://git.example.com/gitlab")
    assert one == await callback(GITLAB.provider, "HTTPS://Git.Example.com:443/gitlab/")
    assert one != await callback(GITLAB.provider, "https://git.example.com")
    assert str(one).startswith("http://127.0.0.1:8000/callback/gitlab-self-managed/")
    assert await callback(GITLAB.provider, None) is None
    assert await callback("slack", None) == "http://127.0.0.1:8000/callback/slack"
    refused = await world.answer(CALLBACK, bob, key=GITLAB.provider, address="https://git.example.com/?x=1")
    assert [error.original_error.code for error in refused.errors] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(("who", "expected"), [("ada", True), ("bob", False), ("vera", False)])
async def test_who_can_add_a_servers_app(world: World, who: str, expected: bool) -> None:
    document = "query ($key: ID!) { provider(key: $key) { viewerCanAddInstalledApp } }"

    data = await world.ask(document, getattr(world.people, who), key=GITLAB.provider)

    assert data["provider"]["viewerCanAddInstalledApp"] is expected


async def test_verifying_the_keys_opens_clients_secrets_too(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    await GITLAB.sign_in(world, world.people.bob, app)
    [line] = await verify(services=world.services)
    assert line.endswith("3 values opened")

    await write(lambda: OAuthClient.filter(id=app.oauth_client_id).update(origin="https://elsewhere.example"))

    with pytest.raises(StatedProblem, match=r"oauth_client\.sealed_secret"):
        await verify(services=world.services)


async def test_deleted_through_the_api_nothing_is_left_at_the_server(world: World) -> None:
    app = await GITLAB.add(world, world.people.ada)
    await GITLAB.sign_in(world, world.people.bob, app)
    grant = await own_grant(app, world.people.bob)

    data = await world.ask(DELETE, world.people.ada, input={"id": gid("InstalledApp", app.id)})
    await revoke_due(services=world.services)

    assert data["deleteInstalledApp"] == {"deletedInstalledAppId": gid("InstalledApp", app.id), "userErrors": []}
    await grant.refresh_from_db()
    assert (grant.state, grant.sealed_access, grant.sealed_refresh) == ("GONE", None, None)
    assert (await OAuthClient.get(id=app.oauth_client_id)).sealed_secret is None
    assert GITLAB.tokens(world) == []
