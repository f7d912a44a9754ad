"""Reading the configuration, reaching what it names, and saying what is wrong and how to mend it."""

from collections.abc import AsyncIterator

from redis.exceptions import AuthenticationError

from app.errors import ConfigurationError
from app.outbound import NotAllowed, Outbound, Request, Response, parse_allow
from app.providers.catalogue import CATALOGUE
from app.providers.contract import NotConfigured
from app.server import open_ground
from app.settings import Settings
from app.wake_ups import AWAY, client_of

Finding = tuple[bool, str]
"""Whether something is well, and a line about it."""


async def check(settings: Settings) -> list[Finding]:
    """Return a finding for each thing that the configuration names."""
    return [finding for part in (_storage, _wake_ups, _providers, _addresses) async for finding in part(settings)]


async def _storage(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with open_ground(settings.model_copy(update={"redis_url": None})):
            yield True, "database and keyring: open, migrated, every key there"
    except ConfigurationError as error:
        yield False, error.message


async def _wake_ups(settings: Settings) -> AsyncIterator[Finding]:
    if settings.redis_url is None:
        yield True, "Redis: none set (one process wakes itself; several look once a second)"
        return
    try:
        client = client_of(settings.redis_url.get_secret_value())
    except ConfigurationError as error:
        yield False, error.message
        return
    try:
        await client.ping()
        yield True, "Redis: answers"
    except AuthenticationError:
        yield False, "INSTALLED_APPS_REDIS_URL: Redis does not take the user and password in it. Set them right."
    except AWAY:
        yield False, "INSTALLED_APPS_REDIS_URL: Redis does not answer there. Start it, or leave the setting out."
    finally:
        await client.aclose()


async def _providers(settings: Settings) -> AsyncIterator[Finding]:
    outbound = Outbound(allow=parse_allow(settings.outbound_allow))
    try:
        for provider in CATALOGUE.values():
            match provider.configure(settings):
                case NotConfigured(settings=()):
                    continue  # the clients are the teams' own
                case NotConfigured(settings=names):
                    yield False, f"{provider.name}: set {' and '.join(names)} to offer it"
                case client:
                    yield await _reach(provider.name, client.base_url, origin=client.origin, outbound=outbound)
    finally:
        await outbound.aclose()


async def _reach(name: str, url: str, *, origin: str, outbound: Outbound) -> Finding:
    match await outbound.send(Request(method="GET", url=url), origin=origin):
        case Response():
            return True, f"{name}: reached"
        case NotAllowed() as refused:
            return False, f"{name}: {refused.message}"
        case failure:
            return False, f"{name}: cannot be reached ({failure.words})"


async def _addresses(settings: Settings) -> AsyncIterator[Finding]:
    if settings.is_loopback:
        yield True, "INSTALLED_APPS_PUBLIC_URL: loopback, so only this machine's browsers can sign in"
    else:
        yield True, f"INSTALLED_APPS_PUBLIC_URL: providers send browsers back to {settings.public_url}/callback/…"
