import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.access.callers import Caller
from app.errors import BadUserInput
from app.installed_apps.deleting import delete
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.world import World, gid, make_people, rows, schema

FIELDS = """{ id name connectedTo status statusReason statusMessage scopes missingScopes lastUsedAt lastCheckedAt
  provider { key } installedBy { name } clientId clientSecretHint caCertificates callbackUrl viewerAuthorization { id } url
  createdAt updatedAt viewerIsAuthenticated viewerCanEdit viewerCanDelete viewerCanReauthenticate
  integrations { totalCount } }"""
LIST = """query ($filter: InstalledAppFilter, $first: Int, $after: String) {
  installedApps(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { name } } }"""
ADD = """mutation ($input: AddInstalledAppInput!) { addInstalledApp(input: $input) {
  installedApp { name } userErrors { code field message } } }"""
EDIT = """mutation ($input: EditInstalledAppInput!) { editInstalledApp(input: $input) {
  installedApp { name } userErrors { code field } } }"""


async def names(world: World, caller: Caller, **filter: object) -> list[str]:
    data = await world.ask(LIST, caller, filter=filter)
    return [node["name"] for node in data["installedApps"]["nodes"]]


async def test_an_app_shows_everything_but_what_only_clients_have(world: World) -> None:
    app = await world.share(world.people.bob)

    data = await world.ask(
        f"query ($id: ID!) {{ installedApp(id: $id) {FIELDS} }}", world.people.cid, id=gid("InstalledApp", app.id)
    )

    assert data["installedApp"] == {
        "id": gid("InstalledApp", app.id),
        "name": "Acme",
        "connectedTo": "Acme",
        "status": "ACTIVE",
        "statusReason": None,
        "statusMessage": None,
        "scopes": ["chat:write", "chat:write.public", "channels:read", "groups:read"],
        "missingScopes": [],
        "lastUsedAt": None,
        "lastCheckedAt": "2026-11-21T10:00:00.000Z",
        "provider": {"key": "slack"},
        "installedBy": {"name": "Bob"},
        "clientId": None,
        "clientSecretHint": None,
        "caCertificates": None,
        "callbackUrl": None,
        "viewerAuthorization": None,
        "url": app.url,
        "createdAt": "2026-11-21T10:00:00.000Z",
        "updatedAt": "2026-11-21T10:00:00.000Z",
        "viewerIsAuthenticated": True,
        "viewerCanEdit": False,
        "viewerCanDelete": False,
        "viewerCanReauthenticate": True,
        "integrations": {"totalCount": 0},
    }


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("ada", (True, True, True, True)),
        ("bob", (True, True, False, True)),
        ("cid", (True, False, False, True)),
        ("vera", (False, False, False, False)),
    ],
)
async def test_what_the_viewer_may_do(world: World, who: str, expected: tuple[bool, ...]) -> None:
    app = await world.share(world.people.bob)
    document = """query ($id: ID!) { installedApp(id: $id) {
      viewerIsAuthenticated viewerCanEdit viewerCanDelete viewerCanReauthenticate } }"""

    data = await world.ask(document, getattr(world.people, who), id=gid("InstalledApp", app.id))

    assert tuple(data["installedApp"].values()) == expected


async def test_nobody_is_authenticated_by_an_app_that_does_not_work(world: World) -> None:
    app = await world.share(world.people.bob)
    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.REVOKED, "Revoked.", services=world.services)

    data = await world.ask("{ installedApps { nodes { viewerIsAuthenticated statusMessage } } }", world.people.bob)

    assert data["installedApps"]["nodes"] == [{"viewerIsAuthenticated": False, "statusMessage": "Revoked."}]


async def test_deleted_apps_and_those_of_other_teams_are_null(world: World) -> None:
    deleted = await world.share(world.people.bob)
    await delete(deleted.id, caller=world.people.ada, services=world.services)
    elsewhere = await world.share((await make_people(world.services, name="Another")).bob)
    document = "query ($id: ID!) { installedApp(id: $id) { name } node(id: $id) { id } }"

    for unknown in (gid("InstalledApp", deleted.id), gid("InstalledApp", elsewhere.id), gid("Team", deleted.id), "nonsense"):
        assert await world.ask(document, world.people.ada, id=unknown) == {"installedApp": None, "node": None}


async def test_apps_are_listed_newest_first_in_pages_that_deletions_do_not_shift(world: World) -> None:
    bob = world.people.bob
    for workspace in ("Acme", "Globex", "Initech"):
        await world.share(bob, workspace)
        world.clock.advance(timedelta(seconds=1))
    await world.share((await make_people(world.services, name="Another")).bob)

    first = (await world.ask(LIST, bob, first=1))["installedApps"]
    second = (await world.ask(LIST, bob, first=2, after=first["pageInfo"]["endCursor"]))["installedApps"]

    assert (first["totalCount"], first["nodes"]) == (3, [{"name": "Initech"}])
    assert (second["nodes"], second["pageInfo"]["hasNextPage"]) == ([{"name": "Globex"}, {"name": "Acme"}], False)


async def test_apps_are_filtered_by_provider_status_and_text(world: World) -> None:
    bob = world.people.bob
    broken = await world.share(bob, "Acme", name="100% Ours")
    await world.share(bob, "Globex", name="Theirs")
    await note_trouble(await Grant.get(id=broken.grant_id), StatusReason.REVOKED, "Revoked.", services=world.services)

    assert await names(world, bob, provider="slack", statuses=["ACTIVE"]) == ["Theirs"]
    assert await names(world, bob, statuses=["NEEDS_REAUTHENTICATION", "UNREACHABLE"]) == ["100% Ours"]
    assert await names(world, bob, statuses=[]) == []
    assert await names(world, bob, provider="nothing\0known") == []
    assert await names(world, bob, search="aCmE") == ["100% Ours"]
    assert await names(world, bob, search="THEIRS") == ["Theirs"]
    assert await names(world, bob, search="100%") == ["100% Ours"]
    assert await names(world, bob, search="_") == []
    assert len(await names(world, bob, search="")) == 2


@pytest.mark.parametrize(
    "search", ["x" * 1_025, "x" * 100_000, "%" * 60_000, "\U0001f600" * 50_000, "a\0", "two\nlines", "\ud800"]
)
async def test_a_search_that_no_database_takes_is_bad_input_and_names_the_bound(world: World, search: str) -> None:
    document = "query ($search: String) { LIST(filter: { search: $search }) { nodes { name } totalCount } }"

    for listed in ("installedApps", "integrations"):
        answer = await world.answer(document.replace("LIST", listed), world.people.bob, search=search)
        assert [(type(error.original_error), error.message) for error in answer.errors] == [
            (BadUserInput, "`search` has at most 1,024 characters, and no control characters.")
        ]


async def test_a_search_of_the_greatest_length_finds_what_there_is(world: World) -> None:
    assert await names(world, world.people.bob, search="%" * 1_024) == []


async def test_a_sign_in_names_the_app_that_the_team_has_for_its_workspace(world: World) -> None:
    document = "query ($id: ID!) { authorization(id: $id) { existingInstalledApp { name } } }"
    bob = world.people.bob
    await world.share(world.people.ada, name="Ours")
    same, other, pending = await world.sign_in(bob), await world.sign_in(bob, "Globex"), (await world.begin(bob)).id

    found = [
        (await world.ask(document, bob, id=gid("Authorization", each)))["authorization"]["existingInstalledApp"]
        for each in (same, other, pending)
    ]

    assert found == [{"name": "Ours"}, None, None]


async def test_an_app_s_channels_are_listed_for_all_but_viewers(world: World) -> None:
    app = await world.share(world.people.bob)
    document = 'query ($id: ID!) { installedApp(id: $id) { channels(search: "GEN") { nodes { name isPrivate } } } }'

    data = await world.ask(document, world.people.cid, id=gid("InstalledApp", app.id))
    refused = await world.answer(document, world.people.vera, id=gid("InstalledApp", app.id))

    assert data["installedApp"]["channels"]["nodes"] == [{"name": "general", "isPrivate": False}]
    assert refused.data == {"installedApp": {"channels": None}}
    assert [error.path for error in refused.errors] == [["installedApp", "channels"]]


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        ({"name": None}, ["name"]),
        ({"expectedUpdatedAt": None}, ["expectedUpdatedAt"]),
        ({"clientId": "x"}, ["clientId"]),
        ({"clientSecret": "x"}, ["clientSecret"]),
        ({"caCertificates": None}, ["caCertificates"]),
    ],
)
async def test_null_and_what_only_clients_have_are_invalid_in_edits(world: World, edit: dict[str, Any], field: list[str]) -> None:
    app = await world.share(world.people.bob)
    before = await rows()

    data = await world.ask(EDIT, world.people.bob, input={"id": gid("InstalledApp", app.id)} | edit)

    assert data["editInstalledApp"] == {"installedApp": None, "userErrors": [{"code": "INVALID", "field": field}]}
    assert await rows() == before


async def test_an_oauth_client_is_refused_at_a_provider_that_takes_none(world: World) -> None:
    client = {"provider": "slack", "url": "https://git.example.com", "clientId": "x", "clientSecret": "geheim"}

    data = await world.ask(ADD, world.people.ada, input={"name": "Git", "using": {"client": client}})

    [error] = data["addInstalledApp"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID", ["using", "client", "provider"])
    assert "geheim" not in error["message"]


@pytest.mark.parametrize("mutation", ["add", "edit", "reauthenticate", "check", "delete"])
async def test_viewers_change_nothing(world: World, mutation: str) -> None:
    app = gid("InstalledApp", (await world.share(world.people.bob)).id)
    fresh = gid("Authorization", await world.sign_in(world.people.bob))
    inputs = {
        "add": f'{{using: {{authorizationId: "{fresh}"}}}}',
        "reauthenticate": f'{{id: "{app}", authorizationId: "{fresh}"}}',
    }
    given = inputs.get(mutation, f'{{id: "{app}"}}')
    before = await rows()

    document = f"mutation {{ done: {mutation}InstalledApp(input: {given}) {{ userErrors {{ code }} }} }}"
    data = await world.ask(document, world.people.vera)

    assert data["done"]["userErrors"] == [{"code": "FORBIDDEN"}]
    assert await rows() == before


async def test_listeners_hear_of_every_change_in_order_and_from_a_cursor_again(world: World) -> None:
    people = world.people
    cursor = (await world.ask("{ eventCursor }", people.vera))["eventCursor"]
    app = await world.share(people.bob)
    await world.ask(EDIT, people.bob, input={"id": gid("InstalledApp", app.id), "name": "Ours"})
    await note_trouble(await Grant.get(id=app.grant_id), StatusReason.REVOKED, "Revoked.", services=world.services)
    await delete(app.id, caller=people.ada, services=world.services)
    watching = asyncio.create_task(world.services.watcher.run())

    heard = await listen(world, people.vera, after=cursor, count=4)
    again = await listen(world, people.vera, after=heard[1]["cursor"], count=2)
    watching.cancel()

    assert [(one["status"], one["previousStatus"], one["reason"], (one["actor"] or {}).get("name")) for one in heard] == [
        ("ACTIVE", None, None, "Bob"),
        (None, None, None, "Bob"),
        ("NEEDS_REAUTHENTICATION", "ACTIVE", "REVOKED", None),
        (None, None, None, "Ada"),
    ]
    assert {one["installedAppId"] for one in heard} == {gid("InstalledApp", app.id)}
    assert {one["installedApp"] for one in heard} == {None}
    assert again == heard[2:]


async def listen(world: World, caller: Caller, *, after: str, count: int) -> list[dict[str, Any]]:
    document = """subscription ($after: String) { installedAppChanged(after: $after) {
      cursor sequence occurredAt installedAppId installedApp { name } status previousStatus reason actor { name } } }"""
    results: Any = await schema().subscribe(document, context_value=world.context(caller), variable_values={"after": after})
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for result in results:
            assert not result.errors, result.errors
            heard.append(result.data["installedAppChanged"])
            if len(heard) == count:
                break
    await results.aclose()
    return heard
