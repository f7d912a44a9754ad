"""The application: what Starlette puts around a request would be held around each of thousands of WebSockets, for days."""

from collections.abc import Awaitable
from typing import Any

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class Application(Starlette):
    """Requests go Starlette's way. A WebSocket passes the middleware that was added, and then comes straight to its route."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._sockets: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        if self._sockets is None:
            self._sockets = self._around(self._lead)
        await self._sockets(scope, receive, send)

    def _around(self, app: ASGIApp) -> ASGIApp:
        for middleware, args, options in reversed(self.user_middleware):
            app = middleware(app, *args, **options)
        return app

    def _lead(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        for route in self.router.routes:
            if isinstance(route, WebSocketRoute) and route.path == scope["path"] and not scope.get("root_path"):
                return route.app(scope, receive, send)
        return self.router(scope, receive, send)
