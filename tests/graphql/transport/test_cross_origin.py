"""Pages of other origins: those that the operator allows may ask with a token, and no other may read anything."""

import json

import pytest

from app.settings import Settings
from tests.graphql.tiny import World

FRIEND = "https://friend.example"
ROLE = {"query": "{ role }"}
STRANGERS = ["https://evil.example", "null", "http://friend.example", f"{FRIEND}:8443", f"{FRIEND}.evil.example", "*", ""]
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_allowed_page_reads_what_its_token_may(method: str) -> None:
    async with World().client() as client:
        asked = {"params": ROLE} if method == "GET" else {"json": ROLE}
        response = await client.request(method, "/graphql", headers={"Origin": FRIEND}, **asked)  # type: ignore[arg-type]  # either is one

    assert (response.status_code, response.json()) == (200, {"data": {"role": "ADMIN"}})
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers


async def test_an_allowed_page_reads_refusals_and_streams_too() -> None:
    async with World().client() as client:
        headers = {"Origin": FRIEND}
        refused = await client.post("/graphql", json=ROLE, headers={**headers, "Authorization": "Bearer bad"})
        streamed = await client.post("/graphql", json=ROLE, headers={**headers, "Accept": "text/event-stream"})

    assert (refused.status_code, streamed.status_code) == (401, 200)
    assert {each.headers["access-control-allow-origin"] for each in (refused, streamed)} == {FRIEND}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_browser_is_told_beforehand_what_an_allowed_page_may_send(method: str) -> None:
    world = World()

    async with world.client() as client:
        headers = {**PREFLIGHT, "Origin": FRIEND, "Access-Control-Request-Method": method}
        response = await client.options("/graphql", headers=headers)

    assert response.is_success
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert response.headers["access-control-allow-methods"] == "GET, POST"
    assert response.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "access-control-allow-credentials" not in response.headers
    assert world.asked == []


@pytest.mark.parametrize(
    "names",
    [
        "apollo-require-preflight,apollographql-client-name,apollographql-client-version,authorization,content-type",
        "authorization,baggage,content-type,sentry-trace,traceparent,tracestate",
        "graphql-require-preflight",
        "x-what-nobody-has-heard-of",
        ",".join(f"x-header-{number}" for number in range(250)),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_allowed_page_may_send_any_header(names: str, method: str) -> None:
    headers = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": names,
        "Access-Control-Request-Private-Network": "true",
    }

    async with World().client() as client:
        response = await client.options("/graphql", headers=headers)

    assert response.is_success
    assert response.headers["access-control-allow-headers"] == names  # by name: `*` would not cover Authorization
    assert response.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in response.headers


async def test_a_list_of_headers_without_end_is_refused_in_words() -> None:
    async with World().client() as client:
        headers = {**PREFLIGHT, "Origin": FRIEND, "Access-Control-Request-Headers": "x," * 2500}
        response = await client.options("/graphql", headers=headers)

    assert response.status_code == 400
    assert response.text == "Access-Control-Request-Headers is longer than 4096 characters: send fewer headers."
    assert "access-control-allow-headers" not in response.headers


@pytest.mark.parametrize("way", ["POST", "GET", "events by POST", "a persisted document by GET"])
async def test_what_is_refused_is_told_to_an_allowed_page_with_any_header(way: str) -> None:
    headers = {"Origin": FRIEND, "traceparent": "00-1", "sentry-trace": "1-1", "apollographql-client-name": "web"}
    persisted = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}})

    async with World().client() as client:
        if way == "POST":
            response = await client.post("/graphql", json={"query": "{ nothing }"}, headers=headers)
        elif way == "GET":
            response = await client.get("/graphql", params={"query": "{ nothing }"}, headers=headers)
        elif way == "events by POST":
            headers["Accept"] = "text/event-stream"
            response = await client.post("/graphql", json={"query": "{ nothing }"}, headers=headers)
        else:
            response = await client.get("/graphql", params={"extensions": persisted}, headers=headers)

    assert "errors" in response.text
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", STRANGERS)
async def test_another_page_may_neither_ask_nor_read(origin: str) -> None:
    async with World().client() as client:
        preflight = await client.options("/graphql", headers={**PREFLIGHT, "Origin": origin})
        response = await client.post("/graphql", json=ROLE, headers={"Origin": origin})

    assert preflight.status_code == 400
    for answer in (preflight, response):
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_allowed_to_nobody(method: str) -> None:
    async with World().client() as client:
        headers = {**PREFLIGHT, "Origin": FRIEND, "Access-Control-Request-Method": method}
        response = await client.options("/graphql", headers=headers)

    assert response.status_code == 400


async def test_where_no_origin_is_allowed_there_is_no_cors() -> None:
    async with World(settings=Settings()).client() as client:
        preflight = await client.options("/graphql", headers={**PREFLIGHT, "Origin": FRIEND})
        response = await client.post("/graphql", json=ROLE, headers={"Origin": FRIEND})

    assert preflight.status_code == 405
    for answer in (preflight, response):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("value", ["*", "https://*", "friend.example", "https://friend.example/app", "null", "ftp://a.example"])
def test_only_origins_can_be_allowed(value: str) -> None:
    with pytest.raises(ValueError, match="comma list of origins"):
        Settings(allowed_origins=(value,))
