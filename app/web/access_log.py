"""One line, one count and one span a request, by its route, never its address: paths of sign-ins and callbacks are secrets."""

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from uuid import uuid4

import structlog
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry.meters import Meters
from app.telemetry.tracing import Tracing

_UNKNOWN = "(none)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccessLog:
    """ASGI middleware. `routes` returns what the application can answer, each named by its own pattern.

    `tracing` returns where spans begin now: nowhere before the application's lifespan has begun.
    """

    def __init__(
        self, app: ASGIApp, *, routes: Callable[[], Iterable[BaseRoute]], meters: Meters, tracing: Callable[[], Tracing]
    ) -> None:
        self._app = app
        self._routes = routes
        self._meters = meters
        self._tracing = tracing
        self._log = structlog.get_logger("access")
        self._known: dict[tuple[str, str | None, str], str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        method, route = _method(scope), self._route(scope)
        answer = _Answer(self._meters)
        structlog.contextvars.bind_contextvars(request_id=uuid4().hex)
        try:
            with self._tracing().span(f"{method} {route}", {"http.request.method": method, "http.route": route}) as span:
                await self._app(scope, receive, partial(answer.send, send))
                if answer.status is not None:
                    span.note({"http.response.status_code": answer.status})
        finally:
            answer.close()
            self._meters.answered(route=route, method=method, status=answer.status, seconds=answer.began_after)
            self._log.info(
                "answered",
                method=method,
                route=route,
                status=answer.status,
                milliseconds=round(answer.seconds() * 1000),
            )
            structlog.contextvars.unbind_contextvars("request_id")

    def _route(self, scope: Scope) -> str:
        """Return the route's pattern; those without parameters, which are few, are found once."""
        key = scope["type"], scope.get("root_path"), scope["path"]
        known = self._known.get(key)
        if known is not None:
            return known
        found = self._find_route(scope)
        if found == scope["path"] and not scope.get("root_path"):
            self._known[key] = found
        return found

    def _find_route(self, scope: Scope) -> str:
        for route in self._routes():
            match, _ = route.matches(scope)
            if match is not Match.NONE:
                return str(getattr(route, "path", _UNKNOWN))
        return _UNKNOWN


class _Answer:
    """An answer: its status, and `began_after` so many seconds, which a WebSocket's does not."""

    __slots__ = ("_began", "_meters", "_socket", "began_after", "status")

    def __init__(self, meters: Meters) -> None:
        self._began = time.monotonic()
        self._meters = meters
        self._socket: contextlib.AbstractContextManager[None] | None = None
        self.status: int | None = None
        self.began_after: float | None = None

    def send(self, send: Send, message: Message) -> Awaitable[None]:
        """Take note of the message, and send it."""
        match message["type"]:
            case "http.response.start":
                self.status, self.began_after = int(message["status"]), self.seconds()
            case "websocket.accept":
                self._socket = self._meters.open_socket()
                self._socket.__enter__()
            case "websocket.close" if self.status is None:
                self.status = message.get("code", 1000)
        return send(message)

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def close(self) -> None:
        if self._socket is not None:
            self._socket.__exit__(None, None, None)


def _method(scope: Scope) -> str:
    """Return the method, where it is one that anybody has heard of: else whoever asks could make up as many as they like."""
    method = scope.get("method", "WEBSOCKET")
    return method if method in _METHODS or scope["type"] == "websocket" else "(other)"
