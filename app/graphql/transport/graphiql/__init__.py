"""GraphiQL: a page for whoever explores the API. Its bundle is built from web/graphiql by scripts/graphiql, and committed."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount

from app.pages.built_files import BuiltFiles

_FOLDER = Path(__file__).parent

# Only this server's own files run, and nothing is sent elsewhere. Monaco writes style elements of its own, hence 'unsafe-inline'
# there. 'self' covers WebSockets to the same host and port too (CSP level 3).
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self'; "
    "font-src 'self' data:; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def page() -> Response:
    """GraphiQL, for GET /graphql from a browser; its files come from `routes()`, its first tabs from operations/."""
    return HTMLResponse(
        _write_page(),
        headers={
            "Content-Security-Policy": _PAGE_POLICY,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        },
    )


def routes() -> list[BaseRoute]:
    """Return the routes of the page's files, under /graphiql/: static, and the same for everybody."""
    # Asked for again at each visit and answered 304 by its ETag: an upgraded server is never met by an old page.
    return [Mount("/graphiql", app=BuiltFiles(_FOLDER / "static", cache_control="no-cache"), name="graphiql")]


@cache
def _write_page() -> str:
    # Inside a script element "<" could end it.
    operations = json.dumps(list(_read_tabs())).replace("<", "\\u003c")
    return (_FOLDER / "page.html").read_text("utf-8").replace("OPERATIONS", operations)


def _read_tabs() -> Iterator[dict[str, str]]:
    for path in sorted((_FOLDER / "operations").glob("*.graphql")):
        variables = path.with_suffix(".json")
        yield {
            "query": path.read_text("utf-8"),
            **({"variables": variables.read_text("utf-8")} if variables.exists() else {}),
        }
