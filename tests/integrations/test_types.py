"""Connected APIs as clients see them."""

from typing import Any

import pytest

from app.installed_apps.deleting import delete as delete_app
from app.integrations.models import Integration
from app.outbound.answers import KEPT_FOR
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host
from tests.installed_apps.world import World, gid, rows
from tests.integrations.git_scene import OPENAPI, change, check_now, connect, connection_of
from tests.integrations.listening import cursor, listen
from tests.integrations.scene import now_of
from tests.repositories.scene import calls, codes, open_app, ref_of

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)

ADD = """mutation ($input: AddIntegrationInput!) { addIntegration(input: $input) {
  integration { name status authorizedBy { name } installedApp { name } usesInstalledApp connectedTo
    provider { key } kind { key }
    settings { __typename ... on ConnectApi { apiName branch schemaFile collectionDirectory
      repositoryId repositoryPath repositoryUrl
      repository { id owner name fullName webUrl defaultBranch providerId } definition { path ref text } } } }
  userErrors { code message field } } }"""
EDIT = """mutation ($input: EditIntegrationInput!) { editIntegration(input: $input) {
  integration { settings { ... on ConnectApi { apiName branch schemaFile collectionDirectory } } }
  userErrors { code field } } }"""
REDO = """mutation ($input: ReauthenticateIntegrationInput!) { reauthenticateIntegration(input: $input) {
  integration { status authorizedBy { name } } userErrors { code field } } }"""
DEFINITION = """query ($id: ID!) { integration(id: $id) { name settings { ... on ConnectApi {
  schemaFile definition { text } repositoryPath repository { fullName branches(search: "dev") { nodes { name } } } } } } }"""
CHANGED = """subscription ($after: String) { integrationStatusChanged(after: $after) {
  status previousStatus reason integration { settings { ... on ConnectApi { branch definition { path } } } } } }"""


def wanted(world: World, host: Host, app: Any, **changed: Any) -> dict[str, Any]:
    settings = {
        "apiName": "Payments",
        "repositoryId": ref_of(world, host, "acme/payments-api").id,
        "branch": "main",
        "schemaFile": OPENAPI,
    }
    return {
        "name": "Payments",
        "using": {"installedAppId": gid("InstalledApp", app.id)},
        "settings": {"connectApi": settings | changed},
    }


@EACH
async def test_a_connection_is_added_and_shows_itself(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")

    data = await world.ask(ADD, world.people.bob, input=wanted(world, host, app))

    answer = data["addIntegration"]
    where = ref_of(world, host, "acme/payments-api")
    settings = answer["integration"].pop("settings")
    assert answer == {
        "integration": {
            "name": "Payments",
            "status": "ACTIVE",
            "authorizedBy": {"name": "Bob"},
            "installedApp": {"name": "Git"},
            "usesInstalledApp": True,
            "connectedTo": host.url(world),
            "provider": {"key": host.provider},
            "kind": {"key": "connect-api"},
        },
        "userErrors": [],
    }
    repository = settings.pop("repository")
    assert repository.pop("webUrl") == settings["repositoryUrl"] == f"{host.url(world)}/acme/payments-api"
    assert repository == {
        "id": where.id,
        "providerId": where.repository_id,
        "owner": "acme",
        "name": "payments-api",
        "fullName": "acme/payments-api",
        "defaultBranch": "main",
    }
    definition = settings.pop("definition")
    assert (definition["path"], definition["ref"]) == (OPENAPI, "main")
    assert definition["text"].startswith("openapi: 3.0.3")
    assert settings == {
        "__typename": "ConnectApi",
        "apiName": "Payments",
        "branch": "main",
        "schemaFile": OPENAPI,
        "collectionDirectory": "postman/collections",
        "repositoryId": where.id,
        "repositoryPath": "acme/payments-api",
        "repositoryUrl": f"{host.url(world)}/acme/payments-api",
    }


async def test_refusals_are_rows_of_user_errors(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    before = await rows()

    gone = await world.ask(ADD, world.people.bob, input=wanted(world, GITLAB, app, branch="no-such"))
    unsigned = await world.ask(ADD, world.people.cid, input=wanted(world, GITLAB, app))
    inside = await world.ask(ADD, world.people.bob, input=wanted(world, GITLAB, app, collectionDirectory="openapi/mine"))

    assert [
        (error["code"], error["field"]) for one in (gone, unsigned, inside) for error in one["addIntegration"]["userErrors"]
    ] == [
        ("NOT_FOUND", ["settings", "connectApi", "branch"]),
        ("SIGN_IN_REQUIRED", ["using", "installedAppId"]),
        ("INVALID", ["settings", "connectApi", "collectionDirectory"]),
    ]
    assert await rows() == before


@EACH
async def test_an_edit_keeps_what_is_left_out_and_null_clears_the_schema_file_only(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    integration = await connect(world, world.people.bob, app, host)

    async def edit(**settings: Any) -> Any:
        given = {"id": gid("Integration", integration.id), "settings": {"connectApi": settings}}
        return (await world.ask(EDIT, world.people.bob, input=given))["editIntegration"]

    moved = await edit(branch="develop")
    cleared = await edit(schemaFile=None)

    assert moved["integration"]["settings"] == {
        "apiName": "Payments",
        "branch": "develop",
        "schemaFile": OPENAPI,
        "collectionDirectory": "postman/collections",
    }
    assert cleared["integration"]["settings"]["schemaFile"] is None
    for name in ("apiName", "branch", "collectionDirectory"):
        assert (await edit(**{name: None}))["userErrors"] == [{"code": "INVALID", "field": ["settings", "connectApi", name]}]


@EACH
async def test_the_definition_is_read_as_the_viewer_and_nobody_else(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(world, world.people.bob, app, host)
    hidden = await connect(world, world.people.cid, app, host, repository="globex/secret-plans", schema_file="README.md")

    async def read(one: Integration, who: str) -> tuple[Any, list[str]]:
        answer = await world.answer(DEFINITION, getattr(world.people, who), id=gid("Integration", one.id))
        assert answer.data["integration"]["name"] == "Payments"
        settings = answer.data["integration"]["settings"]
        assert settings["repository"] is None or settings["repository"]["fullName"] == settings["repositoryPath"]
        return settings["definition"], [code for code, _ in codes(answer)]

    own, none = await read(integration, "cid")
    assert own["text"].startswith("openapi")
    assert none == []
    assert (await read(hidden, "cid"))[0] == {"text": "# secret-plans\n"}
    definition, errors = await read(hidden, "bob")
    assert (definition, errors) == (None, ["NOT_FOUND"])
    asked = calls(world, host)
    assert await read(hidden, "ada") == (None, ["SIGN_IN_REQUIRED"])
    assert await read(hidden, "vera") == (None, ["FORBIDDEN"])
    assert calls(world, host) == asked


async def test_a_connection_without_a_schema_file_has_no_definition_and_asks_nothing(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    integration = await connect(world, world.people.bob, app, GITLAB, schema_file=None)
    asked = calls(world, GITLAB)
    document = "query ($id: ID!) { integration(id: $id) { settings { ... on ConnectApi { definition { text } } } } }"

    data = await world.ask(document, world.people.cid, id=gid("Integration", integration.id))

    assert data["integration"]["settings"] == {"definition": None}
    assert calls(world, GITLAB) == asked


async def test_what_is_stored_stays_when_the_server_is_deleted(world: World) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    integration = await connect(world, world.people.bob, app, GITHUB)
    await delete_app(app.id, caller=world.people.ada, services=world.services)

    answer = await world.answer(DEFINITION, world.people.bob, id=gid("Integration", integration.id))

    settings = answer.data["integration"]["settings"]
    assert (settings["schemaFile"], settings["repositoryPath"]) == (OPENAPI, "acme/payments-api")
    assert settings["repository"] is None
    assert {code for code, _ in codes(answer)} == {"SIGN_IN_REQUIRED"}


async def test_many_definitions_are_too_much_for_one_operation(world: World) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    for number in range(1, 13):
        branch = f"topic/{number:03}"
        repository = "acme/many-branches"
        await connect(world, world.people.bob, app, GITHUB, repository=repository, branch=branch, schema_file="README.md")
    world.clock.advance(KEPT_FOR)
    asked = calls(world, GITHUB)
    document = "{ integrations { nodes { settings { ... on ConnectApi { definition { text } } } } } }"

    answer = await world.answer(document, world.people.bob)
    again = await world.answer(document, world.people.bob)

    # GitHub's files need two calls each. What was answered within the minute is there the next time.
    assert calls(world, GITHUB) - asked <= 40
    assert {code for code, _ in codes(answer)} == {"TOO_COMPLEX"}
    assert not again.errors


async def test_a_mutations_questions_count_for_its_operation(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    given = {f"i{number}": wanted(world, GITLAB, app, branch="develop", schemaFile="no/such") for number in range(10)}
    declared = ", ".join(f"$i{number}: AddIntegrationInput!" for number in range(10))
    fields = " ".join(f"a{number}: addIntegration(input: $i{number}) {{ userErrors {{ code }} }}" for number in range(10))
    asked = calls(world, GITLAB)

    answer = await world.answer(f"mutation ({declared}) {{ {fields} }}", world.people.bob, **given)

    assert calls(world, GITLAB) - asked == 20
    assert {code for code, _ in codes(answer)} == {"TOO_COMPLEX"}
    assert answer.data["a0"] == {"userErrors": [{"code": "NOT_FOUND"}]}
    assert answer.data["a9"] is None


@EACH
async def test_any_member_takes_over_and_the_status_is_pushed(world: World, host: Host) -> None:
    people = world.people
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(world, people.bob, app, host, branch="develop")
    after = await cursor(world, people.cid)
    change(world, host, "remove_access", user="ada")
    await check_now(world)
    assert (await now_of(integration)).failing_by == "TARGET_UNAVAILABLE"

    given = {"id": gid("Integration", integration.id), "using": {"installedAppId": gid("InstalledApp", app.id)}}
    taken = (await world.ask(REDO, people.cid, input=given))["reauthenticateIntegration"]

    assert taken == {"integration": {"status": "ACTIVE", "authorizedBy": {"name": "Cid"}}, "userErrors": []}
    assert (await connection_of(integration)).next_check_at == world.clock.now()
    heard = await listen(world, CHANGED, people.cid, after=after, count=2)
    assert [(one["previousStatus"], one["status"], one["reason"]) for one in heard] == [
        ("ACTIVE", "FAILING", "TARGET_UNAVAILABLE"),
        ("FAILING", "ACTIVE", None),
    ]
    assert heard[1]["integration"]["settings"] == {"branch": "develop", "definition": {"path": OPENAPI}}


@EACH
async def test_a_sign_in_for_a_connection_is_one_at_its_server(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    integration = await connect(world, world.people.bob, app, host)
    document = """mutation ($purpose: AuthorizationPurposeInput!) { beginAuthorization(input: {purpose: $purpose}) {
      authorization { status provider { key } } userErrors { code field } } }"""
    purpose = {"integrationId": gid("Integration", integration.id)}

    begun = await world.ask(document, world.people.cid, purpose=purpose)
    await delete_app(app.id, caller=world.people.ada, services=world.services)
    refused = await world.ask(document, world.people.cid, purpose=purpose)

    assert begun["beginAuthorization"] == {
        "authorization": {"status": "PENDING", "provider": {"key": host.provider}},
        "userErrors": [],
    }
    assert refused["beginAuthorization"]["userErrors"] == [{"code": "CONFLICT", "field": ["purpose", "integrationId"]}]
