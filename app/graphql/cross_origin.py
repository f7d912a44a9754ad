"""Pages of other origins that the operator allows: they may ask with a bearer token, and never for the browser's session."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_HEADERS = ("Authorization", "Apollo-Require-Preflight", "X-Apollo-Operation-Name", "X-Apollo-Operation-Id")
_READABLE = ("Allow", "Retry-After", "WWW-Authenticate")


def allow_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return `app` with CORS (Fetch, section 3.2) for exactly these origins; as it is where there are none.

    No answer ever allows credentials. So a browser keeps cookies back, and what it sent in spite of that no page gets to read.
    """
    if not origins:
        return app
    return CORSMiddleware(app, origins, allow_methods=("GET", "POST"), allow_headers=_HEADERS, expose_headers=_READABLE)
