"""Pages of other origins: those that the operator allows may ask with a token, and no other may read anything."""

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
    assert {"Accept", "Authorization", "Content-Type"} <= set(response.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in response.headers
    assert world.asked == []


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
    if value == "https://*":
        assert Settings(allowed_origins=(value,)).allowed_origins == (value,)  # a host of that name, which there is not
        return
    with pytest.raises(ValueError, match="comma list of origins"):
        Settings(allowed_origins=(value,))
