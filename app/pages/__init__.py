"""The pages that a team's members use: one application of the browser's, a client of the API like any other.

Its files are built from web/ by scripts/pages, and committed: serving them needs no Node.js.
"""

import base64
from collections.abc import Callable
from functools import cache
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from app.pages.built_files import BuiltFiles

_BUILT = Path(__file__).parent / "built"
_NONCE_BYTES = 16

PATHS = ("/", "/integrations", "/integrations/{rest:path}", "/settings/{rest:path}", "/monitors", "/activity")
"""Where a page can be bookmarked and reloaded: the application in the browser shows what stands there."""


def routes(*, path: str, entropy: Callable[[int], bytes]) -> list[BaseRoute]:
    """Return the routes of the pages, and of their files below /pages/; `path` is PUBLIC_URL's own."""
    # A file's name changes with what is in it, so that a browser may keep it.
    files = BuiltFiles(_BUILT / "pages", cache_control="public, max-age=31536000, immutable")

    async def show(_request: Request) -> Response:
        return _page(path=path, nonce=base64.b64encode(entropy(_NONCE_BYTES)).decode())

    return [
        *(Route(each, show, methods=["GET"]) for each in PATHS),
        # The length of a compressed answer tells of secrets in it: these have none, and nothing else is compressed.
        Mount("/pages", app=GZipMiddleware(files, minimum_size=1024)),
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


@cache
def _template() -> str:
    return (_BUILT / "index.html").read_text("utf-8")
