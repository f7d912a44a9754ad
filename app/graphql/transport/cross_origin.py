"""Pages of other origins that the operator allows: they may ask with a bearer token, and never for the browser's session."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

LONGEST_LIST = 4096
"""Of the names of headers that a page asks to send, in characters: the answer repeats them."""

_READABLE = ("Allow", "Retry-After", "WWW-Authenticate")


def allow_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return `app` with CORS (Fetch, section 3.2) for exactly these origins; as it is where there are none.

    They may send any header, since clients and their tracing add their own. No answer ever allows credentials. So a browser
    keeps cookies back, and what it sent in spite of that no page gets to read.
    """
    if not origins:
        return app
    # The names are repeated, never answered by `*`: that would not cover Authorization.
    return _BoundedCors(
        app,
        origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        allow_private_network=True,  # the operator's page may be public while the service is not
        expose_headers=_READABLE,
    )


class _BoundedCors(CORSMiddleware):
    def preflight_response(self, request_headers: Headers) -> Response:
        if len(request_headers.get("access-control-request-headers", "")) > LONGEST_LIST:
            message = f"Access-Control-Request-Headers is longer than {LONGEST_LIST} characters: send fewer headers."
            return PlainTextResponse(message, 400)
        return super().preflight_response(request_headers)
