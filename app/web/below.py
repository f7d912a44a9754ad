"""The service below a path of its host: what comes in under PUBLIC_URL's path is served as what comes in without it."""

from starlette.types import ASGIApp, Receive, Scope, Send


def below(app: ASGIApp, path: str) -> ASGIApp:
    """Return `app` as it is served below `path`, such as /installed-apps: whether a proxy in front keeps that or takes it away.

    `app` sees nothing of it: every address that is handed out is made of PUBLIC_URL. The path counts as it is written there, and
    not percent-encoded, as it does in a cookie.
    """
    if not path:
        return app

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app(_without(scope, path) if scope["type"] in {"http", "websocket"} else scope, receive, send)

    return served


def _without(scope: Scope, path: str) -> Scope:
    raw = scope.get("raw_path") or scope["path"].encode()
    head, rest = raw[: len(path)], raw[len(path) :]
    if head != path.encode() or rest[:1] not in {b"", b"/"}:
        return scope
    return {**scope, "path": scope["path"][len(path) :] or "/", "raw_path": rest or b"/"}
