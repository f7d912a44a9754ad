"""Installed apps that hold a secret which an admin has pasted."""

from datetime import timedelta
from typing import Any

import pytest

from app.access.callers import Caller, Role, Scope
from app.errors import UserErrorCode
from app.installed_apps.checking import check
from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.installed_apps.permissions import find_app, may_edit, may_reauthenticate, may_use_without_signing_in
from app.installed_apps.shared_secrets import PastedField, add, replace_secret
from app.log.counters import head
from app.log.events import Event
from app.providers.shared_secrets import split_fields
from app.sandbox.webhook import SIGNING_SECRET
from app.sealing.keyring import Keyring
from app.sealing.secret import Secret
from app.sealing.vault import Vault
from app.services import Services
from app.sign_ins.grants import note_trouble
from app.sign_ins.jobs import revoke_due
from app.sign_ins.models import Grant, GrantState, RevocationOutcome, StatusReason
from app.sign_ins.sealing import open_access
from app.teams.changing_roles import change_role
from app.teams.removing import remove_member
from tests.installed_apps.test_git_schema import by_token
from tests.installed_apps.world import World, code_of, gid, log_since, make_people, refusal_of

FIELDS = ("using", "secret", "fields")
PATH = "/webhook/kasse-7f3a91bd20e84c6c"
OTHER_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADD = """mutation ($input: AddInstalledAppInput!) { addInstalledApp(input: $input) {
  installedApp { id name connectedTo url clientId scopes provider { key sharing } } userErrors { code field message } } }"""
EDIT = """mutation ($input: EditInstalledAppInput!) { editInstalledApp(input: $input) {
  installedApp { name status } userErrors { code field message } } }"""
SEE = """query ($id: ID!) { installedApp(id: $id) { status viewerIsAuthenticated viewerCanEdit viewerCanDelete
  viewerCanReauthenticate channels { nodes { id providerId name isPrivate } } } }"""
BEGIN = """mutation ($input: BeginAuthorizationInput!) { beginAuthorization(input: $input) {
  authorization { id } userErrors { code field message } } }"""
PROVIDER = """{ provider(key: "webhook") { sharing available callbackUrl requestedScopes viewerCanAddInstalledApp
  secretFields { name isRequired } } }"""


def typed(world: World, path: str = PATH, **fields: str) -> list[PastedField]:
    told = {"url": f"{world.sandbox.url}{path}", "signingSecret": SIGNING_SECRET} | fields
    return [PastedField(name, Secret(value)) for name, value in told.items()]


async def share(world: World, caller: Caller, path: str = PATH, *, name: str | None = "Hook") -> InstalledApp:
    return await add("webhook", typed(world, path), name=name, caller=caller, services=world.services)


def keyless(world: World) -> Services:
    return type(world.services)(**{**vars(world.services), "vault": Vault(Keyring({}), clock=world.clock)})


async def grant_of(app: InstalledApp) -> Grant:
    return await Grant.get(id=(await InstalledApp.get(id=app.id)).grant_id)


async def test_an_admin_stores_a_secret_that_nobody_sees(world: World) -> None:
    ada = world.people.ada
    before = await head(ada.team_id)

    app = await share(world, ada, name=None)

    kept, grant = await InstalledApp.get(id=app.id), await grant_of(app)
    host = world.sandbox.url.removeprefix("http://")
    assert (kept.name, kept.connected_to, kept.url, kept.provider) == (host, host, None, "webhook")
    assert (kept.status, kept.installed_by_id, kept.oauth_client_id) == (InstalledAppStatus.ACTIVE, ada.member_id, None)
    assert (grant.state, grant.is_shared, grant.sealed_refresh, grant.next_check_at) == (GrantState.ACTIVE, True, None, None)
    shown = repr([vars(kept), vars(grant), [vars(event) for event in await Event.all()]])
    assert PATH not in shown
    assert SIGNING_SECRET not in shown
    access = await open_access(grant, services=world.services)
    assert access is not None
    assert {name: value.reveal() for name, value in split_fields(access).items()} == {
        "url": f"{world.sandbox.url}{PATH}",
        "signingSecret": SIGNING_SECRET,
    }
    assert await log_since(before, team_id=ada.team_id) == ["INSTALLED_APP_ADDED"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": ""}, "needs url as well"),
        ({"signingSecret": "  "}, "needs signingSecret as well"),
        ({"url": "hooks.example.com"}, "url: this is no address to post to"),
        ({"signingSecret": "whsec_c2hvcnQ="}, "signingSecret: a signing secret is whsec_"),
        ({"password": "hunter2-hunter2"}, "has these fields, each once: url, signingSecret, previousSigningSecret"),
        ({"url": "https://hooks.example.com/" + "a" * 4_000}, "at most 4,000 characters"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_repeated(world: World, fields: dict[str, str], said: str) -> None:
    attempt = add("webhook", typed(world, **fields), name="Hook", caller=world.people.ada, services=world.services)

    refused = await refusal_of(attempt)

    assert (refused.code, refused.field) == (UserErrorCode.INVALID, FIELDS)
    assert said in refused.message
    assert "hunter2" not in refused.message


async def test_other_refusals_change_nothing(world: World) -> None:
    people, services = world.people, world.services
    await share(world, people.ada)
    twice = [*typed(world, "/webhook/2"), PastedField("url", Secret("https://hooks.example.com"))]
    slack = add("slack", typed(world), name=None, caller=people.ada, services=services)

    assert await code_of(share(world, people.bob, "/webhook/2")) == (UserErrorCode.FORBIDDEN, ())
    assert await code_of(share(world, people.vera, "/webhook/2")) == (UserErrorCode.FORBIDDEN, ())
    assert await code_of(share(world, people.ada)) == (UserErrorCode.ALREADY_EXISTS, FIELDS)
    assert await code_of(share(world, people.ada, "/webhook/2", name=" ")) == (UserErrorCode.INVALID, ("name",))
    assert await code_of(slack) == (UserErrorCode.INVALID, ("using", "secret", "provider"))
    assert await code_of(add("webhook", twice, name=None, caller=people.ada, services=services)) == (
        UserErrorCode.INVALID,
        FIELDS,
    )


async def test_without_a_key_nothing_is_stored(world: World) -> None:
    attempt = add("webhook", typed(world), name=None, caller=world.people.ada, services=keyless(world))

    assert await code_of(attempt) == (UserErrorCode.NOT_CONFIGURED, ())


async def test_another_team_shares_the_same_address(world: World) -> None:
    others = await make_people(world.services, name="Another")
    ours = await share(world, world.people.ada)

    theirs = await share(world, others.ada)

    assert theirs.account_id == ours.account_id
    assert (await grant_of(theirs)).team_id == others.team_id
    attempt = replace_secret(ours.id, typed(world), caller=others.ada, services=world.services)
    assert await code_of(attempt) == (UserErrorCode.NOT_FOUND, ("id",))


async def test_every_member_uses_it_and_admins_alone_change_it(world: World) -> None:
    people = world.people
    app = await share(world, people.ada)

    assert [may_use_without_signing_in(each, app) for each in (people.ada, people.bob, people.vera)] == [True, True, False]
    assert [may_edit(each, app) for each in (people.ada, people.bob, people.vera)] == [True, False, False]
    assert [may_reauthenticate(each, app) for each in (people.ada, people.bob)] == [False, False]
    attempt = replace_secret(app.id, typed(world), caller=people.bob, services=world.services)
    assert await code_of(attempt) == (UserErrorCode.FORBIDDEN, ())


async def test_a_new_secret_for_the_same_address_takes_the_place_of_the_old_one(world: World) -> None:
    ada = world.people.ada
    app = await share(world, ada)
    old = await grant_of(app)
    await note_trouble(old, StatusReason.REVOKED, "It is refused.", services=world.services)
    assert (await find_app(ada.team_id, app.id)).status is InstalledAppStatus.NEEDS_REAUTHENTICATION
    before = await head(ada.team_id)

    renewed = await replace_secret(
        app.id, typed(world, signingSecret=OTHER_SECRET), name="Anew", caller=ada, services=world.services
    )

    assert (renewed.status, renewed.status_reason, renewed.name) == (InstalledAppStatus.ACTIVE, None, "Anew")
    assert await log_since(before, team_id=ada.team_id) == ["INSTALLED_APP_REAUTHENTICATED", "INSTALLED_APP_EDITED"]
    fresh = await grant_of(app)
    assert (fresh.id != old.id, fresh.state) == (True, GrantState.ACTIVE)
    assert (await Grant.get(id=old.id)).state is GrantState.REVOKING
    await revoke_due(services=world.services)
    assert await _ending(old) == (GrantState.GONE, None)


async def test_a_secret_for_another_address_and_an_edit_of_what_was_edited_are_refused(world: World) -> None:
    ada = world.people.ada
    app = await share(world, ada)
    elsewhere = replace_secret(app.id, typed(world, "/webhook/2"), caller=ada, services=world.services)
    long_ago = app.updated_at - timedelta(seconds=1)
    stale = replace_secret(app.id, typed(world), expected_updated_at=long_ago, caller=ada, services=world.services)
    sealless = replace_secret(app.id, typed(world), caller=ada, services=keyless(world))

    assert await code_of(elsewhere) == (UserErrorCode.WRONG_ACCOUNT, ("secret",))
    assert (await refusal_of(stale)).code is UserErrorCode.CONFLICT
    assert await code_of(sealless) == (UserErrorCode.NOT_CONFIGURED, ())


async def test_deleting_it_shreds_the_secret_without_asking_anybody(world: World) -> None:
    ada = world.people.ada
    app = await share(world, ada)
    grant = await grant_of(app)

    await delete(app.id, caller=ada, services=world.services)
    await revoke_due(services=world.services)

    assert await _ending(grant) == (GrantState.GONE, None)
    assert (await Grant.get(id=grant.id)).revocation is RevocationOutcome.KEPT
    assert (await share(world, ada)).id != app.id


async def test_it_stays_when_the_admin_who_pasted_it_leaves(world: World) -> None:
    people, services = world.people, world.services
    await change_role(
        team_id=people.team_id, actor=people.ada.actor, member_id=people.bob.member_id, role=Role.ADMIN, services=services
    )
    app = await share(world, people.ada)

    await remove_member(team_id=people.team_id, actor=people.bob.actor, member_id=people.ada.member_id, services=services)

    assert (await grant_of(app)).state is GrantState.ACTIVE
    assert (await find_app(people.team_id, app.id)).status is InstalledAppStatus.ACTIVE


async def test_a_check_sees_whether_it_opens_and_forgets_no_refusal(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    app = await share(world, ada)

    assert (await check(app.id, caller=bob, services=world.services)).status is InstalledAppStatus.ACTIVE
    away = await check(app.id, caller=bob, services=keyless(world))
    assert (away.status, away.status_reason) == (InstalledAppStatus.UNAVAILABLE, StatusReason.KEY_UNAVAILABLE)
    assert (await check(app.id, caller=bob, services=world.services)).status is InstalledAppStatus.ACTIVE
    await note_trouble(await grant_of(app), StatusReason.REVOKED, "It is refused.", services=world.services)
    refused = await check(app.id, caller=bob, services=world.services)
    assert refused.status is InstalledAppStatus.NEEDS_REAUTHENTICATION
    assert (await grant_of(app)).last_checked_at is None
    assert world.sandbox.state()["webhooks"] == []


def api_input(world: World, **more: object) -> dict[str, Any]:
    fields = [{"name": each.name, "value": each.value.reveal()} for each in typed(world)]
    return {"using": {"secret": {"provider": "webhook", "fields": fields}}} | more


async def test_the_api_takes_the_secret_and_never_tells_it(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob

    added = await world.ask(ADD, ada, input=api_input(world, name="Hook"))

    app = added["addInstalledApp"]["installedApp"]
    host = world.sandbox.url.removeprefix("http://")
    assert added["addInstalledApp"]["userErrors"] == []
    assert {**app, "id": ""} == {
        "id": "",
        "name": "Hook",
        "connectedTo": host,
        "url": None,
        "clientId": None,
        "scopes": [],
        "provider": {"key": "webhook", "sharing": "SHARED_SECRET"},
    }
    seen = (await world.ask(SEE, bob, id=app["id"]))["installedApp"]
    [channel] = seen.pop("channels")["nodes"]
    assert seen == {
        "status": "ACTIVE",
        "viewerIsAuthenticated": True,
        "viewerCanEdit": False,
        "viewerCanDelete": False,
        "viewerCanReauthenticate": False,
    }
    assert (channel["providerId"], channel["name"], channel["isPrivate"]) == ("address", host, False)


async def test_the_api_replaces_the_secret_or_only_the_name(world: World) -> None:
    ada = world.people.ada
    app = await share(world, ada)
    app_id, fields = gid("InstalledApp", app.id), api_input(world)["using"]["secret"]["fields"]

    renamed = await world.ask(EDIT, ada, input={"id": app_id, "name": "Anew"})
    first = (await grant_of(app)).id
    renewed = await world.ask(EDIT, ada, input={"id": app_id, "secret": fields})
    odd = await world.ask(EDIT, ada, input={"id": app_id, "clientId": "x"})

    assert renamed["editInstalledApp"]["installedApp"] == renewed["editInstalledApp"]["installedApp"]
    assert renewed["editInstalledApp"]["installedApp"] == {"name": "Anew", "status": "ACTIVE"}
    assert first != (await grant_of(app)).id
    assert [error["code"] for error in odd["editInstalledApp"]["userErrors"]] == ["INVALID"]


async def test_a_secret_is_no_edit_of_what_holds_none(world: World) -> None:
    slack = await world.share(world.people.ada)
    fields = api_input(world)["using"]["secret"]["fields"]

    told = await world.ask(EDIT, world.people.ada, input={"id": gid("InstalledApp", slack.id), "secret": fields})

    assert [(error["code"], error["field"]) for error in told["editInstalledApp"]["userErrors"]] == [("INVALID", ["secret"])]


@pytest.mark.parametrize("who", ["bob", "vera"])
async def test_the_api_takes_it_from_admins_alone(world: World, who: str) -> None:
    result = await world.answer(ADD, getattr(world.people, who), input=api_input(world))

    codes = [error["code"] for error in (result.data or {"addInstalledApp": {"userErrors": []}})["addInstalledApp"]["userErrors"]]
    assert codes == ["FORBIDDEN"] or result.errors
    assert not await InstalledApp.exists()


async def test_a_token_needs_the_scope_admin(world: World) -> None:
    weak = by_token(world.people.ada, Scope.READ, Scope.INTEGRATIONS_WRITE)

    result = await world.answer(ADD, weak, input=api_input(world))

    assert not await InstalledApp.exists()
    assert "INTEGRATIONS_WRITE" not in repr(result.data)


async def test_nobody_signs_in_there(world: World) -> None:
    app = await share(world, world.people.ada)

    for purpose in ({"provider": "webhook"}, {"installedAppId": gid("InstalledApp", app.id)}):
        told = await world.ask(BEGIN, world.people.bob, input={"purpose": purpose})
        [error] = told["beginAuthorization"]["userErrors"]
        assert (error["code"], error["message"].partition(":")[0]) == ("INVALID", "Nobody signs in at Webhook")


async def test_the_catalogue_describes_what_is_pasted(world: World) -> None:
    told = await world.ask(PROVIDER, world.people.bob)

    assert told["provider"] == {
        "sharing": "SHARED_SECRET",
        "available": True,
        "callbackUrl": None,
        "requestedScopes": [],
        "viewerCanAddInstalledApp": False,
        "secretFields": [
            {"name": "url", "isRequired": True},
            {"name": "signingSecret", "isRequired": True},
            {"name": "previousSigningSecret", "isRequired": False},
        ],
    }


async def _ending(grant: Grant) -> tuple[GrantState, bytes | None]:
    row = await Grant.get(id=grant.id)
    return row.state, row.sealed_access
