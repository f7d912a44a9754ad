from typing import Any

import pytest

from app.errors import TooComplex
from app.installed_apps.deleting import delete
from app.sign_ins.models import Grant
from tests.installed_apps.git_servers import GITHUB, GITLAB, HOSTS, Host, own_grant
from tests.installed_apps.world import World, gid, rows
from tests.repositories.scene import NAMES, calls, codes, look, open_app, ref_of

EACH = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@EACH
async def test_a_repository_shows_its_branches_entries_and_files(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")

    seen = await look(
        world,
        app,
        world.people.bob,
        """id providerId owner name fullName webUrl defaultBranch
        branches(search: "dev") { nodes { name commit isDefault isProtected } }
        main: branches { nodes { name isDefault isProtected } }
        entries { nodes { name path type } }
        below: entries(path: "openapi/", ref: "develop") { nodes { path type } }
        file(path: "openapi/openapi.yaml", ref: "develop") { path ref commit size isBinary text }
        logo: file(path: "assets/logo.png") { ref isBinary text }""",
    )

    where = ref_of(world, host, "acme/payments-api")
    assert {name: seen[name] for name in ("id", "providerId", "owner", "name", "fullName", "defaultBranch")} == {
        "id": where.id,
        "providerId": where.repository_id,
        "owner": "acme",
        "name": "payments-api",
        "fullName": "acme/payments-api",
        "defaultBranch": "main",
    }
    assert seen["webUrl"].startswith(host.url(world))
    [develop] = seen["branches"]["nodes"]
    assert develop == {"name": "develop", "commit": seen["file"]["commit"], "isDefault": False, "isProtected": False}
    assert {"name": "main", "isDefault": True, "isProtected": True} in seen["main"]["nodes"]
    assert {"name": "openapi", "path": "openapi", "type": "DIRECTORY"} in seen["entries"]["nodes"]
    assert {"name": "README.md", "path": "README.md", "type": "FILE"} in seen["entries"]["nodes"]
    assert {"path": "openapi/openapi.yaml", "type": "FILE"} in seen["below"]["nodes"]
    assert (seen["file"]["path"], seen["file"]["ref"], seen["file"]["isBinary"]) == ("openapi/openapi.yaml", "develop", False)
    assert "1.1.0-dev" in seen["file"]["text"]
    assert seen["file"]["size"] == len(seen["file"]["text"].encode())
    assert seen["logo"] == {"ref": "main", "isBinary": True, "text": None}


@EACH
async def test_lists_go_on_behind_their_cursors_to_the_end(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="grace")
    names: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        data = await world.ask(NAMES, world.people.bob, id=gid("InstalledApp", app.id), first=90, after=after, search="service")
        page = data["installedApp"]["repositories"]
        names += [node["fullName"] for node in page["nodes"]]
        after, pages = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None, pages + 1

    assert sorted(names) == [f"grace/service-{number:03}" for number in range(1, 261)]
    assert pages == 3


@EACH
async def test_members_see_what_they_may_see_there_and_nothing_of_one_another(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada", cid="grace")
    document = """query ($id: ID!, $search: String) { installedApp(id: $id) {
      repositories(search: $search) { nodes { fullName file(path: "README.md") { text } } } } }"""

    async def find(who: str, search: str) -> list[str]:
        data = await world.ask(document, getattr(world.people, who), id=gid("InstalledApp", app.id), search=search)
        return [node["fullName"] for node in data["installedApp"]["repositories"]["nodes"]]

    assert await find("cid", "secret-plans") == ["globex/secret-plans"]
    assert await find("bob", "secret-plans") == []
    assert len(await find("bob", "gateway")) == 1
    assert await find("cid", "gateway") == []


@EACH
async def test_without_an_own_sign_in_nothing_is_asked(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    before = calls(world, host), await rows()
    document = "query ($id: ID!) { installedApp(id: $id) { name repositories { nodes { name } } } }"

    for who, code in (("cid", "SIGN_IN_REQUIRED"), ("ada", "SIGN_IN_REQUIRED"), ("vera", "FORBIDDEN")):
        answer = await world.answer(document, getattr(world.people, who), id=gid("InstalledApp", app.id))
        assert answer.data == {"installedApp": {"name": "Git", "repositories": None}}
        assert codes(answer) == [(code, ["installedApp", "repositories"])]

    assert (calls(world, host), await rows()) == before


async def test_slack_has_no_repositories_and_that_is_no_error(world: World) -> None:
    app = await world.share(world.people.ada)

    data = await world.ask(
        "query ($id: ID!) { installedApp(id: $id) { repositories { nodes { name } } } }",
        world.people.bob,
        id=gid("InstalledApp", app.id),
    )

    assert data == {"installedApp": {"repositories": None}}


@EACH
async def test_what_is_not_there_is_an_error_at_its_path(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    document = """query ($id: ID!) { installedApp(id: $id) { repositories(search: "payments-api") { nodes {
      name gone: file(path: "no/such.yaml") { text } away: file(path: "README.md", ref: "no-such") { text }
      directory: file(path: "openapi") { text } entries(path: "no/such") { nodes { name } } } } } }"""

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    [node] = answer.data["installedApp"]["repositories"]["nodes"]
    assert node["name"] == "payments-api"
    assert {(code, path[-1]) for code, path in codes(answer) if path} == {
        ("NOT_FOUND", "gone"),
        ("NOT_FOUND", "away"),
        ("NOT_FOUND", "directory"),
        ("NOT_FOUND", "entries"),
    }


async def test_an_empty_repository_has_no_entries_and_no_files(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    document = """query ($id: ID!) { installedApp(id: $id) { repositories(search: "empty") { nodes {
      name defaultBranch branches { nodes { name } } entries { nodes { name } } file(path: "README.md") { text } } } } }"""

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    [node] = answer.data["installedApp"]["repositories"]["nodes"]
    assert node == {"name": "empty", "defaultBranch": None, "branches": {"nodes": []}, "entries": {"nodes": []}, "file": None}
    assert [code for code, _ in codes(answer)] == ["NOT_FOUND"]


@pytest.mark.parametrize(
    "field",
    [
        'file(path: "") { text }',
        'file(path: "/etc/passwd") { text }',
        'file(path: "../x") { text }',
        'file(path: "a/../../x") { text }',
        'file(path: "a\\u0000b") { text }',
        'file(path: "README.md", ref: "") { text }',
        'file(path: "README.md", ref: "a\\nb") { text }',
        'entries(path: "..") { nodes { name } }',
        'branches(search: "a\\u0007") { nodes { name } }',
        "branches(first: 0) { nodes { name } }",
        'branches(after: "nonsense") { nodes { name } }',
    ],
)
async def test_what_no_path_ref_or_page_can_be_is_bad_input_and_not_asked(world: World, field: str) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    await look(world, app, world.people.bob, "name")
    asked = calls(world, GITLAB)
    document = f"""query ($id: ID!) {{ installedApp(id: $id) {{ repositories(first: 1, search: "payments-api") {{ nodes {{
      {field} }} }} }} }}"""

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    assert [code for code, _ in codes(answer)] == ["BAD_USER_INPUT"]
    assert calls(world, GITLAB) == asked


def files(count: int) -> str:
    return " ".join(f'f{number}: file(path: "no/file-{number}") {{ text }}' for number in range(count))


async def test_an_operation_asks_twenty_times_and_not_once_more(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    before = calls(world, GITLAB)
    branches = " ".join(f'b{number}: branches(search: "topic/{number:03}") {{ nodes {{ name }} }}' for number in range(1, 30))
    document = f"""query ($id: ID!) {{ installedApp(id: $id) {{ repositories(first: 1, search: "many-branches") {{ nodes {{
      {branches} }} }} }} }}"""

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    [node] = answer.data["installedApp"]["repositories"]["nodes"]
    assert calls(world, GITLAB) - before == 20
    assert sum(found is not None for found in node.values()) == 19
    assert {type(error.original_error) for error in answer.errors} == {TooComplex}
    assert len(answer.errors) == 10


async def test_a_call_that_an_answer_needs_beside_others_counts_too(world: World) -> None:
    app = await open_app(world, GITHUB, bob="ada")
    await look(world, app, world.people.bob, "name")
    before = calls(world, GITHUB)
    document = f"""query ($id: ID!) {{ installedApp(id: $id) {{ repositories(first: 1, search: "payments-api") {{ nodes {{
      {files(25)} }} }} }} }}"""

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    assert calls(world, GITHUB) - before == 20
    assert "TOO_COMPLEX" in {code for code, _ in codes(answer)}


async def test_a_deleted_app_has_no_one_signed_in(world: World) -> None:
    app = await open_app(world, GITLAB, bob="ada")
    await delete(app.id, caller=world.people.ada, services=world.services)

    data: Any = await world.ask(
        "query ($id: ID!) { installedApp(id: $id) { name } }", world.people.bob, id=gid("InstalledApp", app.id)
    )

    assert data == {"installedApp": None}


@EACH
async def test_a_dead_authorization_asks_to_sign_in_again(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    await look(world, app, world.people.bob, "name")
    host.fault(world, "revoke_token", user="ada")
    document = 'query ($id: ID!) { installedApp(id: $id) { repositories(search: "docs") { nodes { name } } } }'

    answer = await world.answer(document, world.people.bob, id=gid("InstalledApp", app.id))

    assert [code for code, _ in codes(answer)] == ["SIGN_IN_REQUIRED"]
    assert (await own_grant(app, world.people.bob)).trouble is not None
    # Nothing is told from memory to one whose authorization is known to be dead.
    kept = await world.answer(NAMES, world.people.bob, id=gid("InstalledApp", app.id), first=1, search="payments-api")
    assert [code for code, _ in codes(kept)] == ["SIGN_IN_REQUIRED"]
    assert await Grant.filter(oauth_client_id=app.oauth_client_id).count() == 1


@pytest.mark.parametrize(
    ("fault", "more", "code"),
    [
        ("status", {"status": 503}, "PROVIDER_UNREACHABLE"),
        ("reset", {}, "PROVIDER_UNREACHABLE"),
        ("malformed", {}, "PROVIDER_UNREACHABLE"),
        ("rate_limit", {"retry_after": 7}, "PROVIDER_BUSY"),
    ],
)
@EACH
async def test_a_server_that_fails_is_told_of_and_stops_nothing(
    world: World, host: Host, fault: str, more: dict[str, Any], code: str
) -> None:
    app = await open_app(world, host, bob="ada")
    host.fault(world, fault, times=1, **more)

    answer = await world.answer(NAMES, world.people.bob, id=gid("InstalledApp", app.id), search="payments-api")

    assert codes(answer) == [(code, ["installedApp", "repositories"])]
    assert (await own_grant(app, world.people.bob)).trouble is None


ONE = "query ($id: ID!, $repository: ID!) { installedApp(id: $id) { repository(id: $repository) { id fullName defaultBranch } } }"


@EACH
async def test_one_repository_is_looked_up_by_its_id(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    where = ref_of(world, host, "acme/payments-api")

    data = await world.ask(ONE, world.people.bob, id=gid("InstalledApp", app.id), repository=where.id)

    assert data["installedApp"]["repository"] == {"id": where.id, "fullName": "acme/payments-api", "defaultBranch": "main"}


@EACH
async def test_another_servers_repository_is_none_and_not_asked_for(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    other = next(each for each in HOSTS if each is not host)
    asked = calls(world, host)

    for wanted in (ref_of(world, other, "acme/payments-api").id, "UmVwb3NpdG9yeTpub25l", "nonsense"):
        data = await world.ask(ONE, world.people.bob, id=gid("InstalledApp", app.id), repository=wanted)
        assert data["installedApp"]["repository"] is None

    assert calls(world, host) == asked


@EACH
async def test_a_repository_that_the_viewer_may_not_see_is_null_with_the_servers_word(world: World, host: Host) -> None:
    app = await open_app(world, host, bob="ada")
    hidden = ref_of(world, host, "grace/service-001")

    answer = await world.answer(ONE, world.people.bob, id=gid("InstalledApp", app.id), repository=hidden.id)

    assert answer.data["installedApp"]["repository"] is None
    assert codes(answer) == [("NOT_FOUND", ["installedApp", "repository"])]
