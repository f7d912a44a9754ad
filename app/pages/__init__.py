"""The pages that a team's members use: one application of the browser's, a client of the API like any other.

Its files are built from web/ by scripts/pages, and committed: serving them needs no Node.js.
"""

import base64
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

_BUILT = Path(__file__).parent / "built"
_NONCE_BYTES = 16

PATHS = ("/", "/integrations", "/integrations/{rest:path}", "/settings/{rest:path}", "/monitors", "/activity")
"""Where a page can be bookmarked and reloaded: the application in the browser shows what stands there."""


def routes(*, path: str, entropy: Callable[[int], bytes]) -> list[BaseRoute]:
    """Return the routes of the pages, and of their files below /pages/; `path` is PUBLIC_URL's own."""

    async def show(_request: Request) -> Response:
        return _page(path=path, nonce=base64.b64encode(entropy(_NONCE_BYTES)).decode())

    return [
        *(Route(each, show, methods=["GET"]) for each in PATHS),
        Mount("/pages", app=_compressed(_Files(directory=_BUILT / "pages"))),
    ]


@cache
def stylesheet() -> str:
    """Return the pages' one style sheet, for the few pages that the server writes itself."""
    [file] = (_BUILT / "pages").glob("*.css")
    return file.read_text("utf-8")


def _page(*, path: str, nonce: str) -> Response:
    """Return the one page. What the application's parts add as a style element has to carry the nonce, which nobody can guess."""
    base = f'<base href="{path}/" /><meta property="csp-nonce" content="{nonce}" />'
    return HTMLResponse(
        _template().replace('<base href="/" />', base),
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; "
                "img-src 'self' data:; "
                "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _compressed(files: ASGIApp) -> ASGIApp:
    """Compress what is the same for everybody; an answer with somebody's secrets never is, as its length would tell of them."""
    return GZipMiddleware(files, minimum_size=1024)


@cache
def _template() -> str:
    return (_BUILT / "index.html").read_text("utf-8")


class _Files(StaticFiles):
    """A file's name changes with what is in it, so that a browser may keep it."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
