"""Connecting APIs: what has to be there, what goes together, and whose authorization it is."""

from typing import Any

import pytest

from app.errors import UserErrorCode
from app.installed_apps.deleting import delete as delete_app
from app.integrations.adding import add
from app.integrations.deleting import delete
from app.integrations.editing import Edit, edit
from app.integrations.kinds.connect_api.models import ApiConnection
from app.integrations.kinds.connect_api.settings import ApiConnectionEdit
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import BySignIn, ThroughApp, grant_of
from app.log.counters import head
from app.sign_ins.models import StatusReason
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host, own_grant
from tests.installed_apps.world import World, code_of, log_since, refusal_of
from tests.integrations.git_scene import OPENAPI, change, connect, connecting, connection_of
from tests.integrations.scene import now_of, place_own, posting
from tests.repositories.scene import open_app, ref_of

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
CONNECTION = ("settings", "connectApi")
APP_FIELD = ("using", "installedAppId")


async def redo(world: World, integration: Integration, who: str = "bob", **wanted: Any) -> Integration:
    settings = ApiConnectionEdit(**wanted)
    caller = getattr(world.people, who)
    placed = await edit(integration.id, Edit(settings=settings), expected_updated_at=None, caller=caller, services=world.services)
    return placed.integration


@EACH
async def test_a_member_connects_an_api_with_their_own_authorization(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    before = await head(world.people.team_id)

    integration = await connect(world, world.people.bob, app, host)

    connection = await connection_of(integration)
    grant = await own_grant(app, world.people.bob)
    assert (integration.status, integration.kind, integration.provider) == ("ACTIVE", "connect-api", host.provider)
    assert (integration.connected_to, integration.account_id) == (host.url(world), host.url(world))
    assert (integration.uses_installed_app, integration.installed_app_id, integration.grant_id) == (True, app.id, None)
    assert (integration.authorized_by_id, integration.created_by_id) == (world.people.bob.member_id,) * 2
    assert await grant_of(integration) == grant.id
    assert (connection.api_name, connection.branch, connection.schema_file) == ("Payments", "main", OPENAPI)
    assert (connection.repository_full_name, connection.default_branch) == ("acme/payments-api", "main")
    assert connection.next_check_at == world.clock.now()
    assert await log_since(before, team_id=world.people.team_id) == ["INTEGRATION_ADDED"]


async def test_a_connection_needs_no_schema_file_and_paths_have_one_spelling(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")

    bare = await connect(world, world.people.bob, app, GITLAB, schema_file=None, collection_directory="./postman//mine/")
    spelled = await connect(world, world.people.bob, app, GITLAB, schema_file="./openapi//openapi.yaml", api_name="  API ")

    assert (await connection_of(bare)).schema_file is None
    assert (await connection_of(bare)).collection_directory == "postman/mine"
    assert (await connection_of(spelled)).schema_file == OPENAPI
    assert (await connection_of(spelled)).api_name == "API"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"api_name": ""}, "INVALID", "apiName"),
    ({"api_name": "x" * 201}, "INVALID", "apiName"),
    ({"repository_id": "nonsense"}, "NOT_FOUND", "repositoryId"),
    ({"branch": ""}, "INVALID", "branch"),
    ({"branch": "x" * 501}, "INVALID", "branch"),
    ({"branch": "no-such"}, "NOT_FOUND", "branch"),
    ({"branch": "a..b"}, "NOT_FOUND", "branch"),
    ({"schema_file": "no/such.yaml"}, "NOT_FOUND", "schemaFile"),
    ({"schema_file": "openapi"}, "NOT_FOUND", "schemaFile"),
    ({"schema_file": "notes/only here.txt"}, "NOT_FOUND", "schemaFile"),
    ({"schema_file": "/openapi/openapi.yaml"}, "INVALID", "schemaFile"),
    ({"schema_file": "../openapi.yaml"}, "INVALID", "schemaFile"),
    ({"schema_file": "openapi/openapi.yaml/"}, "INVALID", "schemaFile"),
    ({"schema_file": ""}, "INVALID", "schemaFile"),
    ({"collection_directory": ""}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "."}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "/postman"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "a/../b"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "a\0"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "openapi"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "openapi/v2.1"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "openapi", "schema_file": "openapi/v2.1/swagger.json"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "README.md", "schema_file": "README.md"}, "INVALID", "collectionDirectory"),
    ({"collection_directory": "README.md/x", "schema_file": "README.md"}, "INVALID", "collectionDirectory"),
]


@EACH
async def test_what_is_not_there_or_does_not_go_together_is_refused(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")

    refused = [(each, await code_of(connect(world, world.people.bob, app, host, **each))) for each, *_ in REFUSED]

    assert refused == [(each, (UserErrorCode(code), (*CONNECTION, field))) for each, code, field in REFUSED]


@pytest.mark.parametrize(
    ("schema_file", "directory"),
    [
        ("openapi/openapi.yaml", "openapi2"),
        ("openapi/v2.1/swagger.json", "openapi/collections"),
        ("openapi/v2.1/swagger.json", "openapi/v2.1-collections"),
        ("README.md", "docs"),
        (None, "openapi"),
    ],
)
async def test_directories_beside_one_another_go_together(world: World, schema_file: str | None, directory: str) -> None:
    app = await open_app(world, GITHUB, bob="ada")

    integration = await connect(world, world.people.bob, app, GITHUB, schema_file=schema_file, collection_directory=directory)

    assert (await connection_of(integration)).collection_directory == directory


@EACH
async def test_a_repository_that_only_another_member_sees_is_not_there(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    secret: dict[str, Any] = {"repository": "globex/secret-plans", "schema_file": None}
    await connect(world, world.people.cid, app, host, **secret)

    attempt = connect(world, world.people.bob, app, host, branch="other", **secret)

    assert await code_of(attempt) == (UserErrorCode.NOT_FOUND, (*CONNECTION, "repositoryId"))


async def test_a_repository_of_another_server_is_refused(world: World) -> None:
    lab = await open_app(world, GITLAB, bob="ada")
    await open_app(world, GITHUB, bob="ada")
    elsewhere = ref_of(world, GITHUB, "acme/payments-api").id

    assert await code_of(connect(world, world.people.bob, lab, GITLAB, repository_id=elsewhere)) == (
        UserErrorCode.INVALID,
        (*CONNECTION, "repositoryId"),
    )


async def test_each_kind_is_for_its_own_providers(world: World) -> None:
    git, slack = await open_app(world, GITLAB, bob="ada"), await world.share(world.people.ada)
    services, bob, cid = world.services, world.people.bob, world.people.cid
    settings = connecting(world, GITLAB)
    own = BySignIn(await world.sign_in(bob), shares_with_team=False)

    for caller in (bob, cid):
        attempt = add("X", using=ThroughApp(git.id), settings=posting(), caller=caller, services=services)
        assert await code_of(attempt) == (UserErrorCode.INVALID, ("settings", "postMonitoringResults"))
    for using in (ThroughApp(slack.id), own):
        attempt = add("X", using=using, settings=settings, caller=bob, services=services)
        assert await code_of(attempt) == (UserErrorCode.INVALID, CONNECTION)


@EACH
async def test_who_has_not_signed_in_there_is_told_to(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    integration = await connect(world, world.people.bob, app, host)
    cid = world.people.cid

    assert await code_of(connect(world, cid, app, host, branch="develop")) == (UserErrorCode.SIGN_IN_REQUIRED, APP_FIELD)
    taking = reauthenticate(integration.id, using=ThroughApp(app.id), caller=cid, services=world.services)
    assert await code_of(taking) == (UserErrorCode.SIGN_IN_REQUIRED, APP_FIELD)
    assert await code_of(redo(world, integration, who="ada", branch="develop")) == (
        UserErrorCode.SIGN_IN_REQUIRED,
        (*CONNECTION, "branch"),
    )
    assert (await redo(world, integration, who="ada", api_name="Renamed")).id == integration.id


async def test_viewers_connect_nothing(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")

    assert (await code_of(connect(world, world.people.vera, app, GITLAB)))[0] is UserErrorCode.FORBIDDEN


@EACH
async def test_a_sign_in_at_a_server_is_used_through_its_app_only(world: World, host: Host) -> None:
    app = await open_app(world, host)
    row = await host.sign_in(world, world.people.bob, app)
    using = BySignIn(row.id, shares_with_team=True)

    attempt = add("X", using=using, settings=connecting(world, host), caller=world.people.bob, services=world.services)

    code, field = await code_of(attempt)
    assert code in {UserErrorCode.INVALID, UserErrorCode.NOT_FOUND}
    assert field == ("using", "authorization", "authorizationId")


@EACH
async def test_an_api_needs_a_repository_branch_and_schema_file_of_its_own(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    first = await connect(world, world.people.bob, app, host, name="First")
    other = await connect(world, world.people.cid, app, host, branch="develop")
    await connect(world, world.people.cid, app, host, schema_file=None)

    refused = await refusal_of(connect(world, world.people.cid, app, host, collection_directory="elsewhere"))
    again = await refusal_of(redo(world, other, who="cid", branch="main"))
    bare = await code_of(connect(world, world.people.bob, app, host, schema_file=None))

    assert (refused.code, refused.field) == (UserErrorCode.ALREADY_EXISTS, CONNECTION)
    assert "“First”" in refused.message
    assert again.code is UserErrorCode.ALREADY_EXISTS
    assert bare == (UserErrorCode.ALREADY_EXISTS, CONNECTION)
    await delete(first.id, caller=world.people.bob, services=world.services)
    assert (await connection_of(first)).live_key is None
    assert (await redo(world, other, who="cid", branch="main")).id == other.id


@EACH
async def test_an_edit_changes_what_is_given_and_looks_it_up(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    integration = await connect(world, world.people.bob, app, host)

    await redo(world, integration, branch="develop", collection_directory="mine")
    moved = await connection_of(integration)
    await redo(world, integration, schema_file=None)
    cleared = await connection_of(integration)
    await redo(world, integration, schema_file="openapi/v2.1/swagger.json", api_name="Other")
    chosen = await connection_of(integration)

    assert (moved.branch, moved.schema_file, moved.collection_directory) == ("develop", OPENAPI, "mine")
    assert [cleared.branch, cleared.schema_file] == ["develop", None]
    assert (chosen.schema_file, chosen.api_name) == ("openapi/v2.1/swagger.json", "Other")
    assert len({moved.live_key, cleared.live_key, chosen.live_key}) == 3


async def test_an_edit_to_the_same_is_none(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    integration = await connect(world, world.people.bob, app, GITLAB)
    before = await head(world.people.team_id), await ApiConnection.all().values()

    await redo(world, integration, branch="main", schema_file=f"./{OPENAPI}", api_name="Payments")

    assert (await head(world.people.team_id), await ApiConnection.all().values()) == before


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        ({"branch": "no-such"}, "NOT_FOUND", "branch"),
        ({"schema_file": "no/such"}, "NOT_FOUND", "schemaFile"),
        ({"schema_file": "postman/collections/refunds.v1.json"}, "INVALID", "collectionDirectory"),
        ({"collection_directory": "openapi/x"}, "INVALID", "collectionDirectory"),
        ({"api_name": " "}, "INVALID", "apiName"),
    ],
)
async def test_refused_edits_change_nothing(world: World, wanted: dict[str, Any], code: str, field: str) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    integration = await connect(world, world.people.bob, app, GITHUB)

    assert await code_of(redo(world, integration, **wanted)) == (UserErrorCode(code), (*CONNECTION, field))


async def test_settings_of_the_other_kind_are_refused_in_edits(world: World) -> None:
    slack = await place_own(world, world.people.bob)

    assert await code_of(redo(world, slack, branch="main")) == (UserErrorCode.INVALID, CONNECTION)


@EACH
async def test_another_member_takes_a_connection_over_with_their_own_authorization(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(world, world.people.bob, app, host)

    taken = await reauthenticate(integration.id, using=ThroughApp(app.id), caller=world.people.cid, services=world.services)

    assert taken.integration.authorized_by_id == world.people.cid.member_id
    assert taken.integration.created_by_id == world.people.bob.member_id
    assert await grant_of(taken.integration) == (await own_grant(app, world.people.cid)).id
    assert (await own_grant(app, world.people.bob)).is_live


@EACH
async def test_who_does_not_see_the_repository_cannot_take_it_over(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(
        world,
        world.people.bob,
        app,
        host,
        repository=_gateway(host),
        schema_file=None,
    )

    taking = reauthenticate(integration.id, using=ThroughApp(app.id), caller=world.people.cid, services=world.services)

    assert (await code_of(taking))[0] is UserErrorCode.NOT_FOUND


async def test_another_server_or_workspace_is_the_wrong_account(world: World) -> None:
    lab, hub = await open_app(world, GITLAB, bob="ada"), await open_app(world, GITHUB, bob="ada")
    slack, bob = await world.share(world.people.ada), world.people.bob
    integration = await connect(world, bob, lab, GITLAB)

    for app in (hub, slack):
        taking = reauthenticate(integration.id, using=ThroughApp(app.id), caller=bob, services=world.services)
        assert await code_of(taking) == (UserErrorCode.WRONG_ACCOUNT, APP_FIELD)
        wanted = Edit(using=ThroughApp(app.id), settings=ApiConnectionEdit(branch="develop"))
        moving = edit(integration.id, wanted, expected_updated_at=None, caller=bob, services=world.services)
        assert await code_of(moving) == (UserErrorCode.WRONG_ACCOUNT, APP_FIELD)


@EACH
async def test_a_server_that_is_down_does_not_keep_a_member_from_taking_over(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    integration = await connect(world, world.people.bob, app, host)
    host.fault(world, "status", status=503, times=1)

    taken = await reauthenticate(integration.id, using=ThroughApp(app.id), caller=world.people.cid, services=world.services)

    assert taken.integration.authorized_by_id == world.people.cid.member_id
    assert (await connection_of(integration)).next_check_at == world.clock.now()


async def test_an_admin_edits_with_their_own_eyes_and_the_owner_stays(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada", ada="grace")
    integration = await connect(world, world.people.bob, app, GITLAB)
    change(world, GITLAB, "remove_access", user="grace")

    assert await code_of(redo(world, integration, who="ada", branch="develop")) == (
        UserErrorCode.NOT_FOUND,
        (*CONNECTION, "repositoryId"),
    )
    edited = await redo(world, integration, who="bob", branch="develop")
    assert edited.authorized_by_id == world.people.bob.member_id


async def test_nothing_can_be_looked_up_once_the_app_is_deleted(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    integration = await connect(world, world.people.bob, app, GITLAB)
    await delete_app(app.id, caller=world.people.ada, services=world.services)

    assert await code_of(redo(world, integration, branch="develop")) == (UserErrorCode.CONFLICT, CONNECTION)
    assert await grant_of(await now_of(integration)) is None
    stopped = await now_of(integration)
    assert (stopped.status, stopped.reason) == (
        IntegrationStatus.NEEDS_REAUTHENTICATION,
        StatusReason.INSTALLED_APP_DELETED,
    )
    assert (await redo(world, integration, api_name="Renamed")).id == integration.id


def _gateway(host: Host) -> str:
    return "acme/platform/gateway" if host is GITLAB else "acme-platform/gateway"
