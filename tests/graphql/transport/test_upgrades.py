"""A WebSocket whose upgrade was lost on the way."""

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.graphql.conversing import serving
from tests.graphql.tiny import World

WHOLE = {
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "graphql-transport-ws",
    "Origin": "https://friend.example",
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    "headers",
    [
        WHOLE,
        {**WHOLE, "Connection": "close"},
        {**WHOLE, "Connection": "keep-alive"},
        {"Sec-WebSocket-Protocol": "graphql-transport-ws"},
        {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
        {**WHOLE, "Accept": "text/html"},
    ],
)
async def test_it_is_told_so(world: World, headers: dict[str, str]) -> None:
    async with world.client() as client:
        response = await client.get("/graphql", headers=headers)

    assert response.status_code == 426
    assert response.headers["upgrade"] == "websocket"
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"].startswith(
        "This is the handshake of a WebSocket without `Connection: Upgrade` and `Upgrade: websocket`"
    )
    assert world.asked == []


@pytest.mark.parametrize("left", ["Connection", "Upgrade"])
async def test_it_is_told_so_by_a_server_that_gets_half_of_it(world: World, left: str) -> None:
    value = {"Connection": "Upgrade", "Upgrade": "websocket"}[left]

    async with serving(world) as address, httpx2.AsyncClient() as client:
        response = await client.get(address.replace("ws:", "http:"), headers={**WHOLE, left: value})

    assert response.status_code == 426


async def test_the_log_is_told_once(world: World) -> None:
    with capture_logs() as logs:
        async with world.client() as client:
            for _ in range(3):
                await client.get("/graphql", headers=WHOLE)

    [told] = [log for log in logs if log["event"] == "a WebSocket came without its upgrade"]
    assert "proxy_set_header Upgrade $http_upgrade" in told["mend"]


async def test_other_requests_go_on(world: World) -> None:
    async with world.client() as client:
        asked = await client.post("/graphql", json={"query": "{ role }"}, headers=WHOLE)
        shown = await client.get("/graphql", headers={"Accept": "text/html"})

    assert (asked.status_code, shown.status_code) == (200, 200)
