import asyncio
from typing import Any

import pytest

from app.access.callers import Caller, Role, Scope
from app.access.rules import CHANGING
from app.graphql.context import Info
from app.graphql.fields import mutation
from tests.graphql.tiny import MEMBER, World, caller, schema

ADD = """
mutation {
  addClient(input: {url: "https://a.example", clientSecret: "%s"}) { name things { name } userErrors { code message field } }
}
"""
WAIT = "mutation { wait { name userErrors { code } } }"


@pytest.fixture
def world() -> World:
    return World()


async def ask(world: World, query: str) -> Any:
    async with world.client() as client:
        return (await client.post("/graphql", json={"query": query})).json()


async def test_a_refusal_is_a_row_of_user_errors_in_an_otherwise_empty_payload(world: World) -> None:
    answer = await ask(world, ADD % "taken")

    assert answer == {
        "data": {
            "addClient": {
                "name": None,
                "things": [],
                "userErrors": [{"code": "ALREADY_EXISTS", "message": "There is one.", "field": ["clientSecret"]}],
            }
        }
    }
    assert world.added == []


@pytest.mark.parametrize(("role", "query"), [(Role.VIEWER, ADD % "x"), (Role.MEMBER, WAIT), (Role.VIEWER, WAIT)])
async def test_a_role_that_does_not_suffice_is_a_row_of_user_errors_and_nothing_is_done(
    world: World, role: Role, query: str
) -> None:
    world.caller = caller(role=role)

    answer = await ask(world, query)

    [payload] = answer["data"].values()
    assert [error["code"] for error in payload["userErrors"]] == ["FORBIDDEN"]
    assert world.added == []
    assert not world.begun.is_set()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMIN])
async def test_a_role_that_suffices_does(world: World, role: Role) -> None:
    world.caller = caller(role=role)

    answer = await ask(world, ADD % "x")

    assert answer["data"]["addClient"]["userErrors"] == []
    assert world.added == ["https://a.example"]


@pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.RUNS_WRITE, Scope.ADMIN}, set()])
async def test_a_scope_that_does_not_reach_is_a_graphql_error_and_nothing_is_done(world: World, scopes: set[Scope]) -> None:
    world.caller = caller(scopes=frozenset(scopes))

    answer = await ask(world, ADD % "x")

    assert answer["data"] == {"addClient": None}
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert "INTEGRATIONS_WRITE" in answer["errors"][0]["message"]
    assert world.added == []


@pytest.mark.parametrize("scope", [Scope.RUNS_WRITE, Scope.ADMIN])
async def test_any_one_of_the_scopes_suffices(world: World, scope: Scope) -> None:
    world.caller = caller(scopes=frozenset({scope}))
    world.go_on.set()

    answer = await ask(world, WAIT)

    assert answer == {"data": {"wait": {"name": "waited", "userErrors": []}}}


async def test_a_browser_session_has_every_scope(world: World) -> None:
    world.caller = caller(scopes=frozenset(), is_session=True)

    answer = await ask(world, "{ role }")

    assert answer == {"data": {"role": "ADMIN"}}


@pytest.mark.parametrize("query", ["{ role }", "{ things { nodes { name } } }", '{ thing(name: "aaa") { name } }'])
async def test_reading_needs_the_scope_to_read(world: World, query: str) -> None:
    world.caller = caller(scopes=frozenset({Scope.RUNS_WRITE, Scope.INTEGRATIONS_WRITE, Scope.ADMIN}))

    answer = await ask(world, query)

    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


@pytest.mark.parametrize(
    ("asks", "query", "action", "why"),
    [
        (caller(role=Role.VIEWER), ADD % "x", "addClient", "this needs MEMBER"),
        (caller(role=Role.MEMBER), WAIT, "wait", "this needs ADMIN"),
        (caller(scopes=frozenset({Scope.READ})), ADD % "x", "addClient", "it needs the scope INTEGRATIONS_WRITE"),
        (caller(scopes=frozenset({Scope.ADMIN})), "{ alias: role }", "role", "it needs the scope READ"),
        (caller(scopes=frozenset({Scope.INTEGRATIONS_WRITE})), ADD % "x", "Thing.length", "it needs the scope READ"),
    ],
)
async def test_what_role_or_scope_refuses_is_noted_with_what_was_asked_for_and_why(
    world: World, asks: Caller, query: str, action: str, why: str
) -> None:
    world.caller = asks

    await ask(world, query.replace("things { name }", "things { name length }"))

    [(member_id, noted, said)] = world.refused
    assert (member_id, noted) == (MEMBER, action)
    assert why in said


async def test_what_ownership_refuses_is_noted_though_the_client_does_not_wait_for_it(world: World) -> None:
    asking = asyncio.create_task(ask(world, ADD % "somebody else's"))
    await world.begun.wait()
    asking.cancel()
    world.go_on.set()
    await world.ended.wait()
    await asyncio.sleep(0)

    assert world.refused == [(MEMBER, "addClient", "Only who made it may change it.")]


@pytest.mark.parametrize("query", [ADD % "taken", ADD % "x", "{ things(first: 0) { nodes { name } } }", "{ nothing }"])
async def test_no_other_refusal_is_noted(world: World, query: str) -> None:
    await ask(world, query)

    assert world.refused == []


async def test_mutations_of_one_operation_do_not_see_what_was_read_before(world: World) -> None:
    add = 'addClient(input: {url: "https://a.example", clientSecret: "x"}) { things { length } }'

    await ask(world, f"mutation {{ a: {add} b: {add} }}")

    assert world.batches == [["aaa"], ["aaa"]]


async def test_list_arguments_are_checked(world: World) -> None:
    answer = await ask(world, "{ things(first: 0) { nodes { name } } }")

    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert answer["errors"][0]["path"] == ["things"]


@pytest.mark.parametrize(
    "arguments", ["", "(first: null)", "(first: null, after: null, last: null, before: null)", "(first: 20)"]
)
async def test_null_is_the_same_as_nothing_for_list_arguments(world: World, arguments: str) -> None:
    answer = await ask(world, f"{{ things{arguments} {{ nodes {{ name }} totalCount }} }}")

    assert len(answer["data"]["things"]["nodes"]) == 20
    assert answer["data"]["things"]["totalCount"] == 26


async def test_variables_page_a_list(world: World) -> None:
    query = """
    query($after: String) { places(first: 2, after: $after) { edges { cursor } nodes { name } pageInfo { endCursor } } }
    """

    async with world.client() as client:
        first = (await client.post("/graphql", json={"query": query})).json()["data"]["places"]
        after = first["pageInfo"]["endCursor"]
        second = (await client.post("/graphql", json={"query": query, "variables": {"after": after}})).json()["data"]["places"]

    assert [node["name"] for node in (*first["nodes"], *second["nodes"])] == ["place 0", "place 1", "place 2", "place 3"]
    assert first["edges"][1]["cursor"] == after


def test_the_schema_shows_list_arguments_one_by_one_and_mutations_as_nullable() -> None:
    sdl = schema().as_str()

    for line in ("    first: Int\n", "    after: String\n", "    last: Int\n", "    before: String\n", "    search: String\n"):
        assert line in sdl
    assert "    input: ClientInput!\n  ): ClientPayload\n" in sdl
    assert "  wait: ClientPayload\n" in sdl
    assert "): ThingConnection!" in sdl
    assert "type ThingConnection {" in sdl
    assert "type PlaceConnection {" in sdl
    assert "type PlaceEdge {" in sdl
    assert sdl.split("type PlaceConnection {")[1].split("}")[0].count("totalCount") == 0
    assert sdl.split("type ThingConnection {")[1].split("}")[0].count("totalCount: Int!") == 1


def test_a_mutation_has_to_say_which_payload_it_returns() -> None:
    with pytest.raises(TypeError, match="payload"):

        @mutation(CHANGING, description="Nothing.")
        async def act(_info: Info) -> int:
            raise NotImplementedError
