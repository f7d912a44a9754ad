"""Reading the configuration, reaching what it names, and saying what is wrong and how to mend it."""

from collections.abc import AsyncIterator, Callable

from redis.exceptions import AuthenticationError

from app.clock import SystemClock
from app.errors import ConfigurationError
from app.oidc.code_flow import offers_sign_in
from app.oidc.compact import ALGORITHMS
from app.oidc.issuer import Away, Published, look
from app.opening import open_ground
from app.outbound import NotAllowed, OddUrl, Outbound, Request, Response, parse_allow, parse_url
from app.providers.catalogue import CATALOGUE
from app.providers.contract import NotConfigured
from app.settings import Settings
from app.teams.oidc_sign_ins import redirect_uri_of
from app.wake_ups import AWAY, client_of

Finding = tuple[bool, str]
"""Whether something is well, and a line about it."""


def _way_out(settings: Settings) -> Outbound:
    return Outbound(allow=parse_allow(settings.outbound_allow))


async def check(settings: Settings, *, way_out: Callable[[Settings], Outbound] = _way_out) -> list[Finding]:
    """Return a finding for each thing that the configuration names; `way_out` opens what outgoing calls go through."""
    outbound = way_out(settings)
    try:
        parts = (_storage(settings), _wake_ups(settings), _providers(settings, outbound), _issuer(settings, outbound))
        return [finding for part in (*parts, _addresses(settings)) async for finding in part]
    finally:
        await outbound.aclose()


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


async def _providers(settings: Settings, outbound: Outbound) -> AsyncIterator[Finding]:
    for provider in CATALOGUE.values():
        match provider.configure(settings):
            case NotConfigured(settings=()):
                continue  # the clients are the teams' own
            case NotConfigured(settings=names):
                yield False, f"{provider.name}: set {' and '.join(names)} to offer it"
            case client:
                yield await _reach(provider.name, client.base_url, origin=client.origin, outbound=outbound)


async def _reach(name: str, url: str, *, origin: str, outbound: Outbound) -> Finding:
    match await outbound.send(Request(method="GET", url=url), origin=origin):
        case Response():
            return True, f"{name}: reached"
        case NotAllowed() as refused:
            return False, f"{name}: {refused.message}"
        case failure:
            return False, f"{name}: cannot be reached ({failure.words})"


async def _issuer(settings: Settings, outbound: Outbound) -> AsyncIterator[Finding]:
    address = settings.oidc_issuer
    if address is None:
        yield True, "OIDC: no issuer set (access tokens and sign-in links only)"
        return
    published = Away("its address is none") if isinstance(parse_url(address), OddUrl) else await _look(address, outbound)
    if isinstance(published, Away):
        yield False, f"INSTALLED_APPS_OIDC_ISSUER: {published.words.rstrip('.')}."
        return
    usable = len(published.keys)
    if usable:
        yield True, f"OIDC: {address} answers, with {usable} {'key' if usable == 1 else 'keys'} that can be used"
    else:
        yield False, f"OIDC: {address} publishes no key with an id for any of {', '.join(sorted(ALGORITHMS))}"
    if settings.oidc_client_id is not None and offers_sign_in(published.metadata):
        yield True, f"OIDC: browsers sign in there; the client's redirect URI has to be {redirect_uri_of(settings)}"
    elif settings.oidc_client_id is not None:
        yield False, f"OIDC: {address} names no authorization and token endpoint that take PKCE with S256: no sign-in there"


async def _look(address: str, outbound: Outbound) -> Published | Away:
    return await look(address, outbound=outbound, now=SystemClock().now())


async def _addresses(settings: Settings) -> AsyncIterator[Finding]:
    if settings.is_loopback:
        yield True, "INSTALLED_APPS_PUBLIC_URL: loopback, so only this machine's browsers can sign in"
    else:
        yield True, f"INSTALLED_APPS_PUBLIC_URL: providers send browsers back to {settings.public_url}/callback/…"
