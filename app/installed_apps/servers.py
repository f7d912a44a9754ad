"""Asking a Git server whether it answers, and until when it will be trusted."""

from dataclasses import replace

from app.outbound import Ends, find_ends
from app.providers.contract import Failure
from app.providers.hosting import Hosting, Server
from app.services import Services
from app.sign_ins.models import OAuthClient


async def ask_server(hosting: Hosting, client: OAuthClient, *, services: Services) -> Server | Failure:
    """Ask without any secret whether such a server answers where the client belongs; the client need not be saved."""
    return await _ask(hosting, client, certificates=client.certificates, services=services)


async def find_trust(hosting: Hosting, client: OAuthClient, found: Server, *, services: Services) -> Ends | None:
    """Return when the certificates end by which the server was just trusted; None without TLS.

    Where it is trusted without those that the client has, the end of these ends nothing.
    """
    ends = find_ends(found.certificate, given=client.certificates) if found.certificate is not None else None
    if ends is None or ends.authority is None:
        return ends
    without = await _ask(hosting, client, certificates=None, services=services)
    return replace(ends, authority=None) if isinstance(without, Server) else ends


async def _ask(hosting: Hosting, client: OAuthClient, *, certificates: str | None, services: Services) -> Server | Failure:
    return await hosting.find_server(
        base_url=client.base_url, origin=client.origin, certificates=certificates, outbound=services.outbound
    )
