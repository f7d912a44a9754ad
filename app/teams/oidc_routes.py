"""The addresses of a sign-in at the operator's OIDC issuer: from where a browser is sent off, and where it comes back."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.authorization_responses import read_response
from app.client_address import client_network
from app.ground import Ground
from app.oidc.code_flow import Client
from app.oidc.issuer import Issuer
from app.rates import Bucket
from app.teams import sign_in_pages as pages
from app.teams.oidc_sign_ins import CALLBACK, LASTS, Departure, NotHere, NotSignedIn, SignedIn, begin, client_of, finish
from app.teams.routes import from_here, go_on, next_path

MOST_BEGUN = 60
"""A minute, from one address."""


def routes(*, ground: Ground) -> Sequence[BaseRoute]:
    """Return /sign-in/oidc and the callback; nothing where no client at an issuer is set. A callback's query holds a code."""
    client, issuer = client_of(ground.settings), ground.issuer
    if client is None or issuer is None:
        return []

    async def set_off(request: Request, *, ground: Ground) -> Response:
        return await _set_off(request, client=client, issuer=issuer, ground=ground)

    async def come_back(request: Request) -> Response:
        return await _come_back(request, client=client, issuer=issuer, ground=ground)

    return [
        Route("/sign-in/oidc", from_here(set_off, ground=ground), methods=["POST"]),
        Route(CALLBACK, come_back, methods=["GET"]),
    ]


async def _set_off(request: Request, *, client: Client, issuer: Issuer, ground: Ground) -> Response:
    seconds = await _seconds_to_wait(request, ground=ground)
    if seconds is not None:
        return pages.too_many_sign_ins(seconds)
    departure = await begin(next_path=next_path(request), client=client, issuer=issuer, ground=ground)
    host = urlsplit(issuer.address).netloc
    if not isinstance(departure, Departure):
        return pages.issuer_away(host)
    response = pages.off_to_issuer(departure.url, host)
    response.set_cookie(
        departure.cookie_name,
        departure.cookie.reveal(),
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=ground.settings.has_secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


async def _seconds_to_wait(request: Request, *, ground: Ground) -> int | None:
    """Return after how long to come again, where too many were begun from there: each leaves a row, and nobody is known yet."""
    if ground.rates is None:
        return None
    network = client_network(request, trusted=ground.settings.trusted_proxies)
    [standing] = await ground.rates.take([Bucket(f"sign-ins:{network}", MOST_BEGUN)], 1)
    if not standing.is_refused:
        return None
    ground.meters.refused_by_rate("sign-ins")
    return ground.rates.seconds_until(standing.resets_at)


async def _come_back(request: Request, *, client: Client, issuer: Issuer, ground: Ground) -> Response:
    read = read_response(request.scope["query_string"])
    if read is None or request.method != "GET":  # Starlette answers HEAD too, which would use it up unseen
        return pages.not_signed_in(_OVER)
    match await finish(read, cookies=request.cookies, client=client, issuer=issuer, ground=ground):
        case SignedIn(session, path):
            return go_on(session, path, settings=ground.settings)
        case NotSignedIn(words):
            return pages.not_signed_in(words)
        case NotHere():
            return pages.not_signed_in(_OVER)


_OVER = "This sign-in was left too long, was finished already, or was begun in another browser."
