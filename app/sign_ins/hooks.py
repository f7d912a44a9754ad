"""What providers tell by themselves. It is a hint and no more: each grant of the account then asks for itself."""

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from app.ground import Ground
from app.providers.catalogue import CATALOGUE
from app.providers.contract import AccessEnded, Challenge, Client, Forged, HookAnswer, SignedRequest
from app.providers.description import Provider
from app.sign_ins.calls import hasten_checks
from app.storage import database

MAX_BYTES = 1024 * 1024
READ_WITHIN = 5.0


async def answer(request: Request, *, ground: Ground, read_within: float = READ_WITHIN) -> Response:
    """Answer an event: 401 unless the provider signed it, 404 where none is expected, 503 when it should come again.

    Nothing here waits for a provider: what follows is done by the jobs.
    """
    provider = CATALOGUE.get(request.path_params["provider"])
    secret = provider.hook_secret(ground.settings) if provider is not None else None
    if provider is None or provider.read_hook is None or secret is None:
        return PlainTextResponse("There is nothing here.\n", 404)
    body = await _read_body(request, within=read_within)
    if isinstance(body, Response):
        return body
    signed = SignedRequest(headers=request.headers, body=body)
    read = provider.read_hook(signed, signing_secret=secret, now=ground.clock.now())
    try:
        return await _act(read, provider=provider, ground=ground)
    except database.OUTAGES:
        return PlainTextResponse("Not now: send it again.\n", 503)


async def _act(read: HookAnswer, *, provider: Provider, ground: Ground) -> Response:
    match read:
        case Forged():
            return PlainTextResponse("This is not signed as it should be.\n", 401)
        case Challenge(text):
            return PlainTextResponse(text)
        case AccessEnded(account_id=account_id):
            client = provider.configure(ground.settings)
            if isinstance(client, Client):
                await hasten_checks(origin=client.origin, account_id=account_id, ground=ground)
    return PlainTextResponse("")


async def _read_body(request: Request, *, within: float) -> bytes | Response:
    """Return the raw body, which is what was signed; it is bounded in size and in time, whatever its headers say."""
    body = bytearray()
    try:
        async with asyncio.timeout(within):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_BYTES:
                    return PlainTextResponse("That is too much.\n", 413)
    except TimeoutError:
        return PlainTextResponse("That takes too long.\n", 408)
    except ClientDisconnect:
        return PlainTextResponse("", 400)
    return bytes(body)
