"""Providers' own events. One is a hint and no more: each grant of the account then asks for itself."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from app.providers.catalogue import CATALOGUE
from app.providers.contract import AccessEnded, Challenge, Client, Forged, HookAnswer, SignedRequest
from app.providers.description import Provider
from app.services import Services
from app.sign_ins.calls import hasten_checks
from app.storage import database
from app.web.bodies import NotRead, read_body

MAX_BYTES = 256 * 1024
READ_WITHIN = 5.0


async def answer(request: Request, *, services: Services, read_within: float = READ_WITHIN) -> Response:
    """Answer an event: 401 unless the provider signed it, 404 where none is expected, 503 when it should come again.

    Nothing here waits for a provider: what follows is done by the jobs.
    """
    provider = CATALOGUE.get(request.path_params["provider"])
    hooks = provider.hooks if provider is not None else None
    secret = hooks.secret(services.settings) if hooks is not None else None
    if provider is None or hooks is None or secret is None:
        return PlainTextResponse("There is nothing here.\n", 404)
    try:
        body = await read_body(request, most=MAX_BYTES, within=read_within)  # raw, which is what was signed
    except ClientDisconnect:
        return PlainTextResponse("", 400)
    if isinstance(body, NotRead):
        return PlainTextResponse(f"{body.message}\n", body.status, body.headers)
    signed = SignedRequest(headers=request.headers, body=body)
    read = hooks.read(signed, signing_secret=secret, now=services.clock.now())
    try:
        return await _act(read, provider=provider, services=services)
    except database.OUTAGES:
        return PlainTextResponse("Not now: send it again.\n", 503)


async def _act(read: HookAnswer, *, provider: Provider, services: Services) -> Response:
    match read:
        case Forged():
            return PlainTextResponse("This is not signed as it should be.\n", 401)
        case Challenge(text):
            return PlainTextResponse(text)
        case AccessEnded(account_id=account_id):
            client = provider.sign_in.configure(services.settings) if provider.sign_in is not None else None
            if isinstance(client, Client):
                await hasten_checks(origin=client.origin, account_id=account_id, services=services)
    return PlainTextResponse("")
