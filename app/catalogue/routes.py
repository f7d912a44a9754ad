"""The providers' pictures, at addresses of this service's own: a page that shows them asks nobody else."""

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.providers.catalogue import CATALOGUE
from app.providers.description import Provider

FRESH_SECONDS = 86_400
"""How long a browser shows a picture without asking again: a day, since one hardly ever changes."""

_HEADERS: Mapping[str, str] = {
    "Cache-Control": f"public, max-age={FRESH_SECONDS}",
    # Opened by itself an SVG is a document, which could have scripts.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes() -> list[Route]:
    """Return where pictures are: for everybody, as nothing in them is anybody's."""
    return [Route("/icons/{name}.svg", _show_icon, methods=["GET"])]


def icon_url(provider: Provider, *, public_url: str) -> str:
    return f"{public_url}/icons/{provider.key}.svg"


async def _show_icon(request: Request) -> Response:
    """Answer the picture; 304 to who has it already, 404 to a name that is no provider's key."""
    provider = CATALOGUE.get(request.path_params["name"])
    if provider is None:
        return Response(status_code=404)
    picture = provider.picture.encode()
    tag = f'"{hashlib.sha256(picture).hexdigest()[:16]}"'
    headers = {**_HEADERS, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(picture, headers=headers, media_type="image/svg+xml")
