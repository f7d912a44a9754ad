"""The addresses of a sign-in at the operator's OIDC issuer: from where a browser is sent off, and where it comes back."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.oidc.code_flow import Client
from app.oidc.issuer import Issuer
from app.redis.rate_limits import Bucket
from app.services import Services
from app.teams import sign_in_pages as pages
from app.teams.identities import read_id
from app.teams.oidc_sign_ins import (
    CALLBACK,
    LASTS,
    Choice,
    Departure,
    NotHere,
    NotSignedIn,
    SignedIn,
    begin,
    client_of,
    finish,
)
from app.teams.routes import from_here, go_on, next_path, read_form
from app.teams.team_choices import choose
from app.web.authorization_responses import read_response
from app.web.client_address import client_network
from app.web.cookies import cookies_of, own_path

MOST_BEGUN = 60
"""A minute, from one address."""
MOST_BEGUN_BY_ALL = 6_000
"""A minute, from all of them: each leaves a row for some ten minutes."""


def routes(*, services: Services) -> Sequence[BaseRoute]:
    """Return /sign-in/oidc and what is below it; nothing where no client at an issuer is set. A callback's query holds a code."""
    client, issuer = client_of(services.settings), services.issuer
    if client is None or issuer is None:
        return []

    async def set_off(request: Request, *, services: Services) -> Response:
        return await _set_off(request, client=client, issuer=issuer, services=services)

    async def come_back(request: Request) -> Response:
        return await _come_back(request, client=client, issuer=issuer, services=services)

    return [
        Route("/sign-in/oidc", from_here(set_off, services=services), methods=["POST"]),
        Route(CALLBACK, come_back, methods=["GET"]),
        Route("/sign-in/oidc/team", from_here(_choose, services=services), methods=["POST"]),
    ]


async def _set_off(request: Request, *, client: Client, issuer: Issuer, services: Services) -> Response:
    seconds = await _seconds_to_wait(request, services=services)
    if seconds is not None:
        return pages.too_many_sign_ins(seconds)
    departure = await begin(next_path=next_path(request), client=client, issuer=issuer, services=services)
    host = urlsplit(issuer.address).netloc
    if not isinstance(departure, Departure):
        return pages.issuer_away(host)
    response = pages.off_to_issuer(departure.url, host)
    response.set_cookie(
        departure.cookie_name,
        departure.cookie.reveal(),
        max_age=int(LASTS.total_seconds()),
        path=own_path(services.settings),
        secure=services.settings.has_secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


async def _seconds_to_wait(request: Request, *, services: Services) -> int | None:
    """Return after how long to come again, where too many were begun from there: each leaves a row, and nobody is known yet."""
    if services.rates is None:
        return None
    network = client_network(request, trusted=services.settings.trusted_proxies)
    buckets = [Bucket(f"sign-ins:{network}", MOST_BEGUN), Bucket("sign-ins", MOST_BEGUN_BY_ALL)]
    standings = await services.rates.take(buckets, 1)
    if not any(standing.is_refused for standing in standings):
        return None
    services.meters.refused_by_rate("sign-ins")
    return services.rates.seconds_until(standings[0].resets_at)


async def _come_back(request: Request, *, client: Client, issuer: Issuer, services: Services) -> Response:
    read = read_response(request.scope["query_string"])
    if read is None or request.method != "GET":  # Starlette answers HEAD too, which would use it up unseen
        return pages.not_signed_in(_OVER)
    outcome = await finish(read, cookies=cookies_of(request), client=client, issuer=issuer, services=services)
    if isinstance(outcome, Choice):
        return pages.which_team(outcome.sign_in_id, outcome.members)
    return _answer(outcome, services=services)


async def _choose(request: Request, *, services: Services) -> Response:
    form = await read_form(request)
    sign_in_id, team_id = read_id(form.get("sign_in")), read_id(form.get("team"))
    if sign_in_id is None or team_id is None:
        return pages.not_signed_in(_OVER)
    return _answer(await choose(sign_in_id, team_id, cookies=cookies_of(request), services=services), services=services)


def _answer(outcome: SignedIn | NotSignedIn | NotHere, *, services: Services) -> Response:
    match outcome:
        case SignedIn(session, path):
            return go_on(session, path, settings=services.settings)
        case NotSignedIn(message):
            return pages.not_signed_in(message)
        case NotHere():
            return pages.not_signed_in(_OVER)


_OVER = "This sign-in was left too long, was finished already, or was begun in another browser."
