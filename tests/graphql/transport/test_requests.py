"""What asks for an operation, in a body and in an address, and what only seems to."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from hypothesis import given, strategies as st

from app.graphql.transport.requests import LARGEST_BODY, Operation, Refused, read_operation, read_parameters
from tests.graphql.tiny import World

GRAPHQL = "application/graphql-response+json"
ACCEPTING = {"Accept": GRAPHQL}
ROLE = {"query": "{ role }"}


@pytest.fixture
def world() -> World:
    return World()


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
    assert world.asked == ["Bearer good"]


@pytest.mark.parametrize("body", [[], [{"query": "{ role }"}], [{"query": "{ role }"}, {"query": "{ now }"}], [[]]])
async def test_a_batch_is_told_to_come_one_by_one(world: World, body: list[object]) -> None:
    async with world.client() as client:
        response = await client.post("/graphql", json=body)

    assert response.json()["errors"][0]["message"] == (
        "The body is an array, and batches are not taken: "
        "send each operation in a request of its own, as a JSON object with `query`."
    )


async def test_a_body_may_come_in_chunks(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for byte in json.dumps(ROLE).encode():
            yield bytes([byte])

    async with world.client() as client:
        response = await client.post("/graphql", content=chunks(), headers={"Content-Type": "application/json"})

    assert response.json() == {"data": {"role": "ADMIN"}}


async def test_a_body_beyond_a_mebibyte_is_413(world: World) -> None:
    comment = "#" * (LARGEST_BODY + 1)

    async with world.client() as client:
        response = await client.post("/graphql", json={"query": f"{{ role }} {comment}"})

    assert response.status_code == 413
    assert world.asked == ["Bearer good"]


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


MEMBERS = st.sampled_from(["query", "variables", "operationName", "extensions"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(
    st.dictionaries(MEMBERS, VALUES).map(json.dumps).map(str.encode)
    | st.binary()
    | st.text(alphabet='query=variables{}%&+0:"\\', max_size=60).map(str.encode)
)
def test_whatever_comes_is_an_operation_or_refused(text: bytes) -> None:
    for read in (read_operation, read_parameters, lambda text: read_parameters(b"query=" + text)):
        match read(text):
            case Operation(query=query, digest=digest):
                assert query or digest
            case Refused(status=status, message=message):
                assert (status, bool(message)) == (400, True)
