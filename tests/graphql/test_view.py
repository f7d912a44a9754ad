"""GraphQL over HTTP."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from app.graphql.callers import Caller, Role, Scope
from app.graphql.requests import LARGEST_BODY
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


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [
        ("application/json", 200, "application/json"),
        (GRAPHQL, 200, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", 200, GRAPHQL),
        (f"{GRAPHQL};q=0.5, application/json", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/*", 200, "application/json"),
        (f"{GRAPHQL}, application/json, text/event-stream, multipart/mixed", 200, GRAPHQL),
        ("text/csv", 406, "application/json"),
        ("text/html", 406, "application/json"),
        ("application/json;q=0", 406, "application/json"),
        ("application/json;q=much", 406, "application/json"),
        ("text/csv, application/json", 200, "application/json"),
        ("*/*, application/json;q=0", 200, GRAPHQL),
        ("application/json;q=0.5, */*;q=0.1", 200, "application/json"),
        (f"{GRAPHQL};q=0, application/*", 200, "application/json"),
        ("text/html, */*;q=0.8", 200, "application/json"),
        ("*/*;q=0", 406, "application/json"),
        (", ;q=1", 406, "application/json"),
        ("x" * 10_000, 406, "application/json"),
    ],
)
async def test_the_media_type_is_negotiated(world: World, accept: str, status: int, media: str) -> None:
    response = await ask(world, ROLE, Accept=accept)

    assert response.status_code == status
    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.headers["vary"] == "Accept, Origin"


async def test_without_an_accept_header_the_answer_is_json(world: World) -> None:
    async with world.client() as client:
        del client.headers["accept"]
        response = await client.post("/graphql", json=ROLE)

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")


async def test_an_accept_header_may_come_in_several_lines(world: World) -> None:
    headers = [("Accept", "text/csv"), ("Accept", GRAPHQL), ("Authorization", "Bearer good")]

    async with world.client() as client:
        client.headers.clear()
        response = await client.post("/graphql", json=ROLE, headers=headers)

    assert (response.status_code, response.headers["content-type"]) == (200, f"{GRAPHQL}; charset=utf-8")


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


NOT_REQUESTS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a text": b'"x"',
    "null": b"null",
    "a list": b'[{"query": "{ role }"}]',
    "an empty list": b"[]",
    "a number": b"1",
    "no query": b"{}",
    "query null": b'{"query": null}',
    "query empty": b'{"query": ""}',
    "query a number": b'{"query": 1}',
    "query a list": b'{"query": ["{ role }"]}',
    "variables a list": b'{"query": "{ role }", "variables": []}',
    "variables a text": b'{"query": "{ role }", "variables": "{}"}',
    "operationName a number": b'{"query": "{ role }", "operationName": 1}',
    "extensions a text": b'{"query": "{ role }", "extensions": "x"}',
    "not UTF-8": b'{"query": "{ role }\xff"}',
    "NaN": b'{"query": "{ role }", "variables": {"a": NaN}}',
    "a name twice": b'{"query": "{ role }", "query": "{ now }"}',
    "very deep": b'{"query": "{ role }", "variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", NOT_REQUESTS.values(), ids=NOT_REQUESTS.keys())
@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_what_is_no_request_is_400_in_json(world: World, body: bytes, accept: str) -> None:
    async with world.client() as client:
        response = await client.post("/graphql", content=body, headers={"Content-Type": "application/json", "Accept": accept})

    assert response.status_code == 400
    assert response.headers["content-type"].startswith(accept)
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert world.asked == []


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json-seq",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; profile=x; charset=latin1",
        "application/json, text/plain",
        "application/graphql",
    ],
)
async def test_a_body_that_a_page_of_another_origin_could_send_is_415(world: World, content_type: str | None) -> None:
    async with world.client() as client:
        headers = {"Content-Type": content_type} if content_type else {}
        response = await client.post("/graphql", content=json.dumps(ROLE).encode(), headers=headers)

    assert response.status_code == 415
    assert world.asked == []


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "Application/JSON",
        "application/json;",
        "application/json; profile=x; charset=utf-8",
    ],
)
async def test_json_may_say_that_it_is_utf_8(world: World, content_type: str) -> None:
    async with world.client() as client:
        response = await client.post("/graphql", content=json.dumps(ROLE).encode(), headers={"Content-Type": content_type})

    assert response.status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_a_body_that_would_have_to_be_unpacked_is_415(world: World, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}

    async with world.client() as client:
        response = await client.post("/graphql", content=gzip.compress(json.dumps(ROLE).encode()), headers=headers)

    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert world.asked == []


async def test_a_body_may_say_that_it_is_not_packed(world: World) -> None:
    response = await ask(world, ROLE, **{"Content-Encoding": "identity"})

    assert response.status_code == 200


async def test_a_body_may_come_in_chunks(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for byte in json.dumps(ROLE).encode():
            yield bytes([byte])

    async with world.client() as client:
        response = await client.post("/graphql", content=chunks(), headers={"Content-Type": "application/json"})

    assert response.json() == {"data": {"role": "ADMIN"}}


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


async def test_a_body_beyond_a_mebibyte_is_413(world: World) -> None:
    comment = "#" * (LARGEST_BODY + 1)

    response = await ask(world, {"query": f"{{ role }} {comment}"})

    assert response.status_code == 413
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

    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert world.asked == []


async def test_a_mutation_by_get_is_405_and_changes_nothing(world: World) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params={"query": "mutation { wait { name } }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert not world.begun.is_set()


@pytest.mark.parametrize("variables", ["{", "[]", "1", '"x"'])
async def test_variables_in_an_address_have_to_be_an_object(world: World, variables: str) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params={**ROLE, "variables": variables})

    assert response.status_code == 400


ODD_ADDRESSES = {
    "nothing": "",
    "an empty query": "query=",
    "a query twice": "query={role}&query={now}",
    "variables twice": "query={role}&variables={}&variables={}",
    "a percent sign alone": "query={role}%",
    "a percent sign with one digit": "query={role}&variables=%7",
    "a percent sign with other letters": "query={role}%zz",
    "a percent sign in a name": "query={role}&%zz=1",
    "not UTF-8": "query={role%23%FF%0A}",
    "UTF-8 that is cut off": "query={role%23%E2%82%0A}",
    "a surrogate": "query={role%23%ED%A0%80%0A}",
    "extensions that are a list": "query={role}&extensions=[]",
    "extensions that are no JSON": "query={role}&extensions={",
    "more parameters than anybody has": "query={role}" + "&a=1" * 200,
    "an operation of another name": "query={role}&operationName=Other",
}


@pytest.mark.parametrize("query_string", ODD_ADDRESSES.values(), ids=ODD_ADDRESSES.keys())
async def test_an_address_that_asks_nothing_clear_is_400_in_json(world: World, query_string: str) -> None:
    async with world.client() as client:
        response = await client.get(httpx2.URL("http://127.0.0.1:8000/graphql", query=query_string.encode()), headers=ACCEPTING)

    assert response.status_code == 400
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_address_may_have_parameters_that_mean_nothing_here(world: World) -> None:
    async with world.client() as client:
        response = await client.get("/graphql?query=%7B+role%20%7D&operationName=&variables=&extensions=&utm_source=x")

    assert response.json() == {"data": {"role": "ADMIN"}}


@pytest.mark.parametrize("accept", ["text/event-stream", "text/html", "text/csv"])
async def test_a_query_by_get_is_answered_in_json_or_406(world: World, accept: str) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", params=ROLE, headers={"Accept": accept})

    assert response.status_code == 406
    assert response.headers["content-type"] == "application/json; charset=utf-8"


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
