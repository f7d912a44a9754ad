"""GraphQL over HTTP."""

from typing import Any

import httpx2
import pytest

from app.access.callers import Caller, Role, Scope
from tests.graphql.tiny import World, caller

GRAPHQL = "application/graphql-response+json"
ACCEPTING = {"Accept": GRAPHQL}
ROLE = {"query": "{ role }"}


@pytest.fixture
def world() -> World:
    return World()


async def ask(world: World, body: object, **headers: str) -> httpx2.Response:
    async with world.client() as client:
        return await client.post("/graphql", json=body, headers=headers)


async def test_a_query_is_answered_as_json(world: World) -> None:
    response = await ask(world, ROLE)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"data": {"role": "ADMIN"}}


REQUEST_ERRORS = {
    "syntax": {"query": "{ role"},
    "an unknown field": {"query": "{ rule }"},
    "a variable of another type": {"query": "query($n: String!) { thing(name: $n) { name } }", "variables": {"n": 1}},
    "a missing variable": {"query": "query($n: String!) { thing(name: $n) { name } }"},
    "an unknown operation": {"query": "{ role }", "operationName": "Other"},
    "no operation chosen": {"query": "query A { role } query B { role }"},
    "only fragments": {"query": "fragment A on Query { role }"},
}


@pytest.mark.parametrize("body", REQUEST_ERRORS.values(), ids=REQUEST_ERRORS.keys())
async def test_a_request_error_has_no_data_and_is_400_for_clients_that_understand_it(world: World, body: dict[str, Any]) -> None:
    response = await ask(world, body, Accept=GRAPHQL)

    assert response.status_code == 400
    assert response.json().keys() == {"errors"}
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", ["syntax", "an unknown field", "a variable of another type"])
async def test_a_request_error_is_200_for_older_clients(world: World, name: str) -> None:
    response = await ask(world, REQUEST_ERRORS[name])

    assert response.status_code == 200
    assert response.json().keys() == {"errors"}


@pytest.mark.parametrize("accept", ["*/*", GRAPHQL, "text/csv", "text/event-stream"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])
async def test_other_methods_are_405_in_json_and_told_what_is_allowed(world: World, method: str, accept: str) -> None:
    async with world.client() as client:
        response = await client.request(method, "/graphql", json=ROLE, headers={"Accept": accept})

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    assert response.headers["content-type"] == f"{GRAPHQL if accept == GRAPHQL else 'application/json'}; charset=utf-8"
    assert response.text == "" if method == "HEAD" else response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert world.asked == []


async def test_a_query_may_come_by_get_with_a_token(world: World) -> None:
    async with world.client() as client:
        response = await client.get(
            "/graphql", params={"query": "query($n: String!) { thing(name: $n) { name } }", "variables": '{"n": "aaa"}'}
        )

    assert (response.status_code, response.json()) == (200, {"data": {"thing": {"name": "aaa"}}})


async def test_a_get_request_never_speaks_for_the_browser_session(world: World) -> None:
    async with world.client() as client:
        del client.headers["authorization"]
        response = await client.get("/graphql", params=ROLE, headers={"Cookie": "session=1"})

    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert error["message"] == (
        "Send an access token: Authorization: Bearer TOKEN. A browser session does not count for a GET, "
        "which any page could have caused: with one, ask by POST."
    )
    assert world.asked == []


async def test_a_mutation_by_get_is_405_and_changes_nothing(world: World) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params={"query": "mutation { wait { name } }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert not world.begun.is_set()


async def test_a_subscription_over_a_plain_request_is_400_and_told_where_to_go(world: World) -> None:
    response = await ask(world, {"query": "subscription { count(to: 2) }"})

    assert response.status_code == 400
    assert "WebSocket" in response.json()["errors"][0]["message"]


async def test_a_browser_is_shown_the_page(world: World) -> None:
    async with world.client() as client:
        response = await client.get(
            "/graphql", headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        )

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


async def test_a_bad_credential_is_401(world: World) -> None:
    response = await ask(world, ROLE, Authorization="Bearer bad")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == {
        "errors": [{"message": "That access token is not one of ours.", "extensions": {"code": "UNAUTHENTICATED"}}]
    }


async def test_two_credentials_are_none(world: World) -> None:
    headers = [("Authorization", "Bearer good"), ("Authorization", "Bearer other")]

    async with world.client() as client:
        client.headers.clear()
        response = await client.post("/graphql", json=ROLE, headers=headers)

    assert response.status_code == 401


async def test_what_nobody_expected_at_the_sign_in_is_an_answer_of_the_protocol(world: World) -> None:
    async def stumble(*_: object) -> Caller | None:
        raise LookupError("planted-value")

    async with world.client(authenticate=stumble) as client:
        response = await client.post("/graphql", json={"query": "{ __typename }"})

    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"] == {"code": "INTERNAL"}
    assert "planted-value" not in response.text


async def test_where_nobody_is_signed_in_a_field_that_needs_somebody_says_so(world: World) -> None:
    async with world.client() as client:
        del client.headers["authorization"]
        response = await client.post("/graphql", json={"query": '{ thing(name: "aaa") { name } __typename }'})

    assert response.status_code == 200
    assert response.json()["data"] == {"thing": None, "__typename": "Query"}
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert response.json()["errors"][0]["path"] == ["thing"]


async def test_a_browser_session_may_post(world: World) -> None:
    async with world.client() as client:
        del client.headers["authorization"]
        response = await client.post("/graphql", json=ROLE, headers={"Cookie": "session=1"})

    assert response.json() == {"data": {"role": "ADMIN"}}


async def test_rows_are_read_together_and_anew_in_each_operation(world: World) -> None:
    asked = {"query": "{ things(first: 3) { nodes { length } } }"}

    async with world.client() as client:
        await client.post("/graphql", json=asked)
        response = await client.post("/graphql", json=asked)

    assert response.json() == {"data": {"things": {"nodes": [{"length": 3}] * 3}}}
    assert world.batches == [["aaa", "bbb", "ccc"]] * 2


async def test_a_token_without_read_reads_only_the_scalars_of_what_it_made(world: World) -> None:
    world.caller = caller(role=Role.MEMBER, scopes=frozenset({Scope.INTEGRATIONS_WRITE}))
    mutation = 'mutation { addClient(input: {url: "https://a.example", clientSecret: "x"}) { name things { name %s } } }'

    plain = await ask(world, {"query": mutation % ""})
    further = await ask(world, {"query": mutation % "length"})
    reading = await ask(world, ROLE)

    assert plain.json() == {"data": {"addClient": {"name": "https://a.example", "things": [{"name": "aaa"}]}}}
    assert further.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert reading.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
