"""Adding, editing and signing in anew by the API: what is answered, and what is refused."""

from typing import Any

import pytest

from app.access.callers import Scope
from app.installed_apps.deleting import delete as delete_app
from app.sign_ins.models import Authorization
from app.teams.models import Member
from tests.installed_apps.world import World, gid, rows
from tests.integrations.scene import ACME, channel, place_own, place_through
from tests.teams.people import by_token

ADD = """mutation ($input: AddIntegrationInput!) { addIntegration(input: $input) {
  integration { name status settings { ... on PostMonitoringResults { notify } } } installedApp { name }
  userErrors { code field } } }"""
EDIT = """mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) {
  integration { name } installedApp { name } userErrors { code field } } }"""
BEGIN = """mutation ($purpose: AuthorizationPurposeInput!) { beginAuthorization(input: {purpose: $purpose}) {
  authorization { id status startUrl } userErrors { code field } } }"""


async def test_an_integration_is_added_with_its_app_in_one_call(world: World) -> None:
    authorization = gid("Authorization", await world.sign_in(world.people.bob))
    wanted = {
        "name": "Checkout",
        "using": {"authorization": {"authorizationId": authorization, "shareWithTeam": True}},
        "settings": {"postMonitoringResults": {"monitorKey": "checkout", "channelId": channel()}},
    }

    data = await world.ask(ADD, world.people.bob, input=wanted)

    assert data["addIntegration"] == {
        "integration": {"name": "Checkout", "status": "ACTIVE", "settings": {"notify": "ALL_RUNS"}},
        "installedApp": {"name": "Acme"},
        "userErrors": [],
    }


async def test_a_kind_that_no_provider_offers_is_invalid(world: World) -> None:
    app = gid("InstalledApp", (await world.share(world.people.bob)).id)
    wanted = {
        "name": "API",
        "using": {"installedAppId": app},
        "settings": {"connectApi": {"apiName": "API", "repositoryId": "x", "branch": "main"}},
    }
    before = await rows()

    data = await world.ask(ADD, world.people.bob, input=wanted)

    assert data["addIntegration"]["userErrors"] == [{"code": "INVALID", "field": ["settings", "connectApi"]}]
    assert await rows() == before


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": None}, ["name"]),
        ({"using": None}, ["using"]),
        ({"settings": None}, ["settings"]),
        ({"expectedUpdatedAt": None}, ["expectedUpdatedAt"]),
        ({"settings": {"postMonitoringResults": {"monitorKey": None}}}, ["settings", "postMonitoringResults", "monitorKey"]),
        ({"settings": {"postMonitoringResults": {"channelId": None}}}, ["settings", "postMonitoringResults", "channelId"]),
        ({"settings": {"postMonitoringResults": {"notify": None}}}, ["settings", "postMonitoringResults", "notify"]),
        ({"settings": {"connectApi": {"branch": "main"}}}, ["settings", "connectApi"]),
    ],
)
async def test_null_and_another_kind_are_invalid_in_edits(world: World, wanted: dict[str, Any], field: list[str]) -> None:
    integration = await place_own(world, world.people.bob)
    before = await rows()

    data = await world.ask(EDIT, world.people.bob, input={"id": gid("Integration", integration.id)} | wanted)

    assert data["editIntegration"] == {
        "integration": None,
        "installedApp": None,
        "userErrors": [{"code": "INVALID", "field": field}],
    }
    assert await rows() == before


@pytest.mark.parametrize("mutation", ["edit", "delete", "pause", "resume", "reauthenticate", "add", "begin"])
async def test_viewers_change_nothing_and_a_token_needs_the_scope(world: World, mutation: str) -> None:
    integration = gid("Integration", (await place_own(world, world.people.bob)).id)
    using = f'using: {{authorization: {{authorizationId: "{gid("Authorization", await world.sign_in(world.people.bob))}"}}}}'
    settings = f'settings: {{postMonitoringResults: {{monitorKey: "a", channelId: "{channel()}"}}}}'
    given = {
        "add": f'{{name: "X", {using}, {settings}}}',
        "begin": '{purpose: {provider: "slack"}}',
        "reauthenticate": f'{{id: "{integration}", {using}}}',
    }.get(mutation, f'{{id: "{integration}"}}')
    field = "beginAuthorization" if mutation == "begin" else f"{mutation}Integration"
    document = f"mutation {{ done: {field}(input: {given}) {{ userErrors {{ code }} }} }}"
    member = await Member.get(id=world.people.bob.member_id)
    before = await rows()

    as_viewer = await world.ask(document, world.people.vera)
    as_reader = await world.answer(document, by_token(member, Scope.READ, Scope.RUNS_WRITE, Scope.ADMIN))

    assert as_viewer["done"]["userErrors"] == [{"code": "FORBIDDEN"}]
    assert as_reader.data == {"done": None}
    assert "INTEGRATIONS_WRITE" in as_reader.errors[0].message
    assert await rows() == before


async def test_pausing_resuming_re_authenticating_and_deleting_answer_with_what_is(world: World) -> None:
    bob = world.people.bob
    app = await world.share(world.people.ada)
    integration = gid("Integration", (await place_own(world, bob)).id)
    one = f'id: "{integration}"'
    document = f"""mutation {{
      pauseIntegration(input: {{{one}}}) {{ integration {{ status isPaused }} userErrors {{ code }} }}
      resumeIntegration(input: {{{one}}}) {{ integration {{ status isPaused }} userErrors {{ code }} }}
      reauthenticateIntegration(input: {{{one}, using: {{installedAppId: "{gid("InstalledApp", app.id)}"}}}}) {{
        integration {{ usesInstalledApp }} installedApp {{ name }} userErrors {{ code }} }}
      deleteIntegration(input: {{{one}}}) {{ deletedIntegrationId userErrors {{ code }} }} }}"""

    data = await world.ask(document, bob)

    assert data == {
        "pauseIntegration": {"integration": {"status": "PAUSED", "isPaused": True}, "userErrors": []},
        "resumeIntegration": {"integration": {"status": "ACTIVE", "isPaused": False}, "userErrors": []},
        "reauthenticateIntegration": {"integration": {"usesInstalledApp": True}, "installedApp": None, "userErrors": []},
        "deleteIntegration": {"deletedIntegrationId": integration, "userErrors": []},
    }


async def test_a_sign_in_is_begun_for_something_new_or_for_the_same_workspace_only(world: World) -> None:
    cid = world.people.cid
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    await delete_app(app.id, caller=world.people.ada, services=world.services)
    again = await world.share(world.people.ada)

    for purpose, wanted in (
        ({"provider": "slack"}, (None, None, None)),
        ({"installedAppId": gid("InstalledApp", again.id)}, (ACME, again.id, None)),
        ({"integrationId": gid("Integration", integration.id)}, (ACME, None, integration.id)),
    ):
        begun = (await world.ask(BEGIN, cid, purpose=purpose))["beginAuthorization"]
        assert (begun["authorization"]["status"], begun["userErrors"]) == ("PENDING", [])
        row = (
            await Authorization.filter(member_id=cid.member_id)
            .order_by("-begun_at")
            .get(
                **{"wanted_account_id": wanted[0]} if wanted[0] else {"wanted_account_id__isnull": True},
                installed_app_id=wanted[1],
                integration_id=wanted[2],
            )
        )
        assert gid("Authorization", row.id) == begun["authorization"]["id"]


@pytest.mark.parametrize(
    ("purpose", "field"),
    [
        ({"provider": "nothing"}, ["purpose", "provider"]),
        ({"provider": ""}, ["purpose", "provider"]),
        ({"installedAppId": "nonsense"}, ["purpose", "installedAppId"]),
        ({"installedAppId": ""}, ["purpose", "installedAppId"]),
        ({"integrationId": "nonsense"}, ["purpose", "integrationId"]),
        ({"integrationId": ""}, ["purpose", "integrationId"]),
    ],
)
async def test_a_sign_in_for_what_is_not_there_is_not_begun(world: World, purpose: dict[str, str], field: list[str]) -> None:
    before = await rows()

    data = await world.ask(BEGIN, world.people.bob, purpose=purpose)

    assert data["beginAuthorization"] == {"authorization": None, "userErrors": [{"code": "NOT_FOUND", "field": field}]}
    assert await rows() == before
