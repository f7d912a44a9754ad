"""Signing a browser in and out: by a link that works once, by an access token given once, or (oidc_routes) at the issuer."""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.errors import RateLimited
from app.graphql.limits.failures import count_failure
from app.sealing.secret import Secret
from app.services import Services
from app.settings import Settings
from app.teams import sign_in_pages as pages
from app.teams.access_tokens import sign_in_with_token
from app.teams.sessions import OpenedSession, drop_cookie, end_session, put_cookie, session_of
from app.teams.sign_in_links import find_link, is_of, use_sign_in_link
from app.web.bodies import NotRead, read_body
from app.web.pages import is_same_origin

HOME = "/"

_NEXT = re.compile(
    r"/authorize(?:/[A-Za-z0-9_-]{1,200}){1,3}|/graphql|/|/(?:activity|integrations|monitors|settings)(?:/[A-Za-z0-9%=_-]{1,200}){0,4}"
)
_LONGEST_FORM = 4096
_MOST_FIELDS = 10


def routes(*, services: Services) -> list[BaseRoute]:
    """Return the pages under /sign-in and /sign-out. The addresses under /sign-in/ are secrets: they are not to be logged."""
    return [
        Route("/sign-in", partial(_show_form, services=services), methods=["GET"]),
        Route("/sign-in", from_here(_take_token, services=services), methods=["POST"]),
        Route("/sign-in/{secret}", partial(_show_link, services=services), methods=["GET"]),
        Route("/sign-in/{secret}", from_here(_use_link, services=services), methods=["POST"]),
        Route("/sign-out", from_here(_sign_out, services=services), methods=["POST"]),
    ]


def from_here(endpoint: Callable[..., Awaitable[Response]], *, services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Let no other origin's page post: it would sign the browser out, or in as somebody else."""

    async def guarded(request: Request) -> Response:
        if not is_same_origin(request, public_url=services.settings.public_url):
            return pages.from_elsewhere(services.settings.public_url)
        return await endpoint(request, services=services)

    return guarded


def next_path(request: Request) -> str:
    """Return where the browser was about to go, if that is one of ours: never an address that somebody else has chosen."""
    path = request.query_params.get("next", HOME)
    return path if _NEXT.fullmatch(path) else HOME


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form of ours; none where it is no such form, or far too much, or does not come."""
    body = await read_body(request, most=_LONGEST_FORM)
    if isinstance(body, NotRead):
        return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def go_on(session: OpenedSession, path: str, *, settings: Settings) -> Response:
    """Let the browser hold the session, and send it on to one of our own paths."""
    response = _redirect(f"{settings.public_url}{path}")
    put_cookie(response, session, settings=settings)
    return response


async def _show_form(request: Request, *, services: Services) -> Response:
    return pages.token_form(offer=_offer(request, settings=services.settings))


async def _take_token(request: Request, *, services: Services) -> Response:
    token = await _token(request)
    session = await sign_in_with_token(token, services=services) if token is not None else None
    if session is not None:
        return go_on(session, next_path(request), settings=services.settings)
    seconds = await _count_failure(request, services=services)
    return pages.token_form(refused=True, retry_after=seconds, offer=_offer(request, settings=services.settings))


async def _show_link(request: Request, *, services: Services) -> Response:
    member = await find_link(_link(request), services=services)
    return pages.confirm(member) if member is not None else await _past_link(request, services=services)


async def _use_link(request: Request, *, services: Services) -> Response:
    session = await use_sign_in_link(_link(request), services=services)
    if session is None:
        return await _past_link(request, services=services)
    return go_on(session, next_path(request), settings=services.settings)


async def _past_link(request: Request, *, services: Services) -> Response:
    """Let a browser go on that is signed in as whom the link was made for; anybody else is told that it does not work."""
    caller = await session_of(request, services=services)
    if caller is not None and await is_of(_link(request), caller.member_id):
        return _redirect(f"{services.settings.public_url}{next_path(request)}")
    return pages.no_link()


async def _sign_out(request: Request, *, services: Services) -> Response:
    await end_session(request, services=services)
    response = _redirect(f"{services.settings.public_url}/sign-in")
    drop_cookie(response, settings=services.settings)
    return response


async def _count_failure(request: Request, *, services: Services) -> int | None:
    """Return after how many seconds to try again, where the address has had too many tokens that were no good."""
    try:
        await count_failure(request, services=services)
    except RateLimited as limited:
        return limited.retry_after
    return None


def _link(request: Request) -> Secret:
    return Secret(request.path_params["secret"])


async def _token(request: Request) -> Secret | None:
    """Return what the form holds; None where it holds no token."""
    token = (await read_form(request)).get("token")
    return Secret(token.strip()) if token is not None else None


def _offer(request: Request, *, settings: Settings) -> pages.Offer | None:
    """Return what the page says of the OIDC issuer; None where nobody signs in there."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return pages.Offer(host=urlsplit(settings.oidc_issuer).netloc, next_path=next_path(request))


def _redirect(address: str) -> Response:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=HTTPStatus.SEE_OTHER, headers=headers)
