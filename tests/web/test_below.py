"""The service below a path of its host, whatever a proxy in front makes of that path."""

import httpx2
import pytest
from hypothesis import given, strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.web.below import below

PREFIX = "/installed-apps"


async def show(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path} {request.scope['raw_path'].decode()} {request.scope['query_string'].decode()}")


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.url.path)
    await socket.close()


SHOWN = Starlette(routes=[Route("/{rest:path}", show), WebSocketRoute("/graphql", greet)])


async def answered(path: str, *, at: str = PREFIX) -> str:
    transport = httpx2.ASGITransport(below(SHOWN, at))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        return (await client.get(path)).text


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/installed-apps/graphql", "/graphql /graphql "),
        ("/graphql", "/graphql /graphql "),
        ("/installed-apps", "/ / "),
        ("/installed-apps/", "/ / "),
        ("/installed-apps?a=b", "/ / a=b"),
        ("/installed-apps/callback/a%2Fb?a=/installed-apps", "/callback/a/b /callback/a%2Fb a=/installed-apps"),
        ("/installed-apps//graphql", "//graphql //graphql "),
        ("/installed-apps/installed-apps/graphql", "/installed-apps/graphql /installed-apps/graphql "),
        ("/installed-apps-2/graphql", "/installed-apps-2/graphql /installed-apps-2/graphql "),
        ("/Installed-Apps/graphql", "/Installed-Apps/graphql /Installed-Apps/graphql "),
        ("/installed%2Dapps/graphql", "/installed-apps/graphql /installed%2Dapps/graphql "),
        ("/installed-apps%2Fgraphql", "/installed-apps/graphql /installed-apps%2Fgraphql "),
        ("/a/installed-apps/graphql", "/a/installed-apps/graphql /a/installed-apps/graphql "),
    ],
)
async def test_what_comes_in_at_the_path_is_served_as_what_comes_in_without_it(path: str, seen: str) -> None:
    assert await answered(path) == seen


@given(st.text(st.sampled_from("/ab%-."), max_size=8))
async def test_with_a_host_to_itself_nothing_is_taken_away(rest: str) -> None:
    scope = {"type": "http", "path": f"/{rest}", "raw_path": f"/{rest}".encode()}

    assert await seen_of(scope, at="") is scope


@pytest.mark.parametrize("path", ["/installed-apps/graphql", "/graphql"])
def test_a_web_socket_is_opened_at_both(path: str) -> None:
    with TestClient(below(SHOWN, PREFIX)).websocket_connect(path) as socket:
        assert socket.receive_text() == "/graphql"


async def test_a_server_that_tells_no_raw_path_is_understood() -> None:
    seen = await seen_of({"type": "http", "path": "/installed-apps/graphql"}, at=PREFIX)

    assert (seen["path"], seen["raw_path"]) == ("/graphql", b"/graphql")


async def test_the_lifespan_goes_through() -> None:
    scope = {"type": "lifespan"}

    assert await seen_of(scope, at=PREFIX) is scope


async def seen_of(scope: Scope, *, at: str) -> Scope:
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None:
        return

    await below(app, at)(scope, receive, send)
    return seen[0]
