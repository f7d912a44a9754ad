"""Who may talk to the sandbox: programs and browsers of this machine, and no web page."""

import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)


class LoopbackOnly:
    """Answers 421 to any other Host name: a page whose name was pointed at 127.0.0.1 (DNS rebinding) reads nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _LOOPBACK_HOST.fullmatch(Headers(scope=scope).get("host", "")):
            refusal = JSONResponse({"error": "The sandbox answers loopback Host names only."}, status_code=421)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class NoWebPage:
    """Lets programs through to JSON alone: no request that a page can cause gets here.

    Pages send Origin with every POST and every cross-origin fetch, and a form cannot say application/json; an embedded GET
    (img, script, frame) shows itself by Sec-Fetch-Site.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal: JSONResponse | None = None
        if "origin" in headers or headers.get("sec-fetch-site", "none") != "none":
            refusal = JSONResponse({"error": "/control is for programs: no web page may use it."}, status_code=403)
        elif scope["method"] == "POST" and _media_type(headers) != "application/json":
            refusal = JSONResponse({"error": "Send application/json."}, status_code=415)
        await (refusal or self._app)(scope, receive, send)


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
