"""One line for each request: its route, never its address. The paths of sign-ins and callbacks are secrets."""

import time
from collections.abc import Callable, Iterable
from uuid import uuid4

import structlog
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNKNOWN = "(none)"


class AccessLog:
    """ASGI middleware. `routes` returns what the application can answer, each named by its own pattern."""

    def __init__(self, app: ASGIApp, *, routes: Callable[[], Iterable[BaseRoute]]) -> None:
        self._app = app
        self._routes = routes
        self._log = structlog.get_logger("access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status: list[int] = []

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])
            elif message["type"] == "websocket.close":
                status.append(message.get("code", 1000))
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=uuid4().hex)
        try:
            await self._app(scope, receive, watch)
        finally:
            self._log.info(
                "answered",
                method=scope.get("method", "WEBSOCKET"),
                route=self._route(scope),
                status=status[0] if status else None,
                milliseconds=round((time.monotonic() - began) * 1000),
            )
            structlog.contextvars.unbind_contextvars("request_id")

    def _route(self, scope: Scope) -> str:
        for route in self._routes():
            match, _ = route.matches(scope)
            if match is not Match.NONE:
                return str(getattr(route, "path", _UNKNOWN))
        return _UNKNOWN
