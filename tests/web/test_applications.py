"""A WebSocket comes straight to its route, through the middleware that was added; everything else goes Starlette's way."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.web.applications import Application


async def page(_request: Request) -> Response:
    return Response("a page")


class Greeting:
    """Says what the scope was told on its way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.send_json([scope.get("seen"), socket.app is scope["app"]])
        await socket.close()


def seeing(app: ASGIApp, number: int) -> ASGIApp:
    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        scope["seen"] = [*scope.get("seen", []), number]
        await app(scope, receive, send)

    return seen


def application() -> Application:
    app = Application(
        routes=[Route("/", page), WebSocketRoute("/greeting", Greeting()), WebSocketRoute("/by/{name}", Greeting())]
    )
    for number in (2, 1):
        app.add_middleware(seeing, number=number)
    return app


@pytest.mark.parametrize("path", ["/greeting", "/by/Eve"])
def test_a_socket_passes_the_middleware_in_its_order(path: str) -> None:
    with TestClient(application()).websocket_connect(path) as socket:
        assert socket.receive_json() == [[1, 2], True]


@pytest.mark.parametrize("path", ["/", "/nowhere"])
def test_a_socket_at_no_route_of_its_own_is_refused(path: str) -> None:
    with pytest.raises(WebSocketDisconnect), TestClient(application()).websocket_connect(path):
        pass


def test_a_request_is_answered_as_ever() -> None:
    client = TestClient(application())

    assert client.get("/").text == "a page"
    assert client.get("/greeting").status_code == 404
