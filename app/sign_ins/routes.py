"""The addresses of a sign-in: where the browser begins and where it comes back; and where the provider's own events come."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from app.services import Services
from app.sign_ins import browser_pages as pages, hooks
from app.sign_ins.beginning import LASTS, OVER, Departure, depart, find_by_ticket
from app.sign_ins.callbacks import Refused, Reloaded, cookie_name, receive
from app.sign_ins.completion import EXCHANGE_DEADLINE, complete
from app.sign_ins.models import Authorization, AuthorizationStatus
from app.teams.sessions import ask_to_sign_in, session_of
from app.web.cookies import cookies_of
from app.web.pages import is_same_origin


def routes(*, services: Services, exchange_deadline: float = EXCHANGE_DEADLINE) -> Sequence[BaseRoute]:
    """Return /authorize/{ticket}, /callback/… and /hooks/{provider}. `exchange_deadline` is in seconds."""

    async def show(request: Request) -> Response:
        return await _show(request, services=services)

    async def go_on(request: Request) -> Response:
        return await _go_on(request, services=services)

    async def come_back(request: Request) -> Response:
        return await _come_back(request, services=services, deadline=exchange_deadline)

    async def hear(request: Request) -> Response:
        return await hooks.answer(request, services=services)

    return [
        Route("/authorize/{ticket}", show, methods=["GET"]),
        Route("/authorize/{ticket}", go_on, methods=["POST"]),
        Route("/callback/{rest:path}", come_back, methods=["GET"]),
        Route("/hooks/{provider}", hear, methods=["POST"]),
    ]


async def _show(request: Request, *, services: Services) -> Response:
    row = await _find(request, services=services)
    return row if isinstance(row, Response) else await pages.show_consent(row)


async def _go_on(request: Request, *, services: Services) -> Response:
    """Send the browser off: the one step that starts anything. No page of another origin and no link preview can take it."""
    if not is_same_origin(request, public_url=services.settings.public_url):
        return pages.refuse_stranger()
    row = await _find(request, services=services)
    if isinstance(row, Response):
        return row
    departure = await depart(row, services=services)
    if not isinstance(departure, Departure):
        return pages.say_over(departure.message)
    answer = RedirectResponse(departure.url, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    answer.set_cookie(
        cookie_name(row, services=services),
        departure.cookie.reveal(),
        max_age=int(LASTS.total_seconds()),
        path=_cookie_path(row),
        secure=services.settings.has_secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return answer


async def _find(request: Request, *, services: Services) -> Authorization | Response:
    """Return the open sign-in of the ticket, if the browser is signed in as the member who began it; else what it is told."""
    caller = await session_of(request, services=services)
    if caller is None:
        return ask_to_sign_in(request.url.path, settings=services.settings)
    row = await find_by_ticket(request.path_params["ticket"])
    if row is None:
        return pages.say_over(OVER)
    if (caller.team_id, caller.member_id) != (row.team_id, row.member_id) or not caller.can_write:
        return pages.refuse_stranger()
    if row.status_at(services.clock.now()) is not AuthorizationStatus.PENDING or row.consumed_at is not None:
        return pages.say_over(OVER)
    return row


async def _come_back(request: Request, *, services: Services, deadline: float) -> Response:
    if request.method != "GET":  # Starlette answers HEAD too; nobody would see how the sign-in ended
        return pages.refuse_callback(is_stranger=False)
    returned = await receive(
        path=request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.url.path,
        query=request.scope["query_string"],
        cookies=cookies_of(request),
        caller=await session_of(request, services=services),
        services=services,
    )
    if isinstance(returned, Refused):
        return pages.refuse_callback(is_stranger=returned.is_stranger)
    if isinstance(returned, Reloaded):
        return pages.tell_again(returned.authorization, now=services.clock.now())
    row = await complete(returned, services=services, deadline=deadline)
    answer = pages.tell_outcome(row)
    name, secure = cookie_name(row, services=services), services.settings.has_secure_cookies
    answer.delete_cookie(name, path=_cookie_path(row), secure=secure, httponly=True, samesite="lax")
    return answer


def _cookie_path(row: Authorization) -> str:
    """Return the part of the callback's address that all callbacks share, as the browser sees it."""
    return urlsplit(row.redirect_uri).path.rpartition("/")[0]
