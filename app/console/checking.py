"""Reading the configuration, reaching what it names, and saying what is wrong and how to mend it."""

import os
from collections.abc import AsyncIterator, Callable, Collection
from enum import Enum
from typing import NamedTuple

from redis.exceptions import AuthenticationError

from app.clock import SystemClock
from app.console.operators import OFFERED, begun
from app.console.serving import database_file
from app.errors import ConfigurationError
from app.oidc.code_flow import offers_sign_in
from app.oidc.compact import ALGORITHMS
from app.oidc.issuer import Away, Published, look
from app.outbound import (
    CERTIFICATES_FILE,
    CERTIFICATES_FOLDER,
    NotAllowed,
    OddUrl,
    Outbound,
    Proxy,
    Request,
    Response,
    Url,
    make_trust,
    parse_url,
)
from app.providers.catalogue import CATALOGUE
from app.providers.contract import NotConfigured
from app.redis.notifications import AWAY, client_of
from app.sealing.presence import live_processes
from app.service.opening import open_services
from app.settings import Settings, unknown_settings
from app.storage.files import open_to_others
from app.teams.console import members_out_of_reach
from app.teams.oidc_sign_ins import redirect_uri_of
from app.web.proxies import advice

_SHOWN = 10


class State(Enum):
    """How something is: a warning is for what works and should be looked at."""

    OK = "ok"
    WARNING = "WARNING"
    PROBLEM = "PROBLEM"


class Finding(NamedTuple):
    """A line about one thing that the configuration names."""

    state: State
    line: str

    def __str__(self) -> str:
        return f"{self.state.value:<7}  {self.line}"


def _way_out(settings: Settings) -> Outbound:
    return Outbound(allow=settings.allow, proxy=settings.proxy, proxies_private=settings.outbound_proxy_private)


async def check(
    settings: Settings, *, providers: Collection[str] | None = None, way_out: Callable[[Settings], Outbound] = _way_out
) -> list[Finding]:
    """Return a finding for each thing that the configuration names; `way_out` opens what outgoing calls go through.

    `providers` are the keys of those that are meant: others may be left out of the configuration. None: all.
    """
    outbound = way_out(settings)
    try:
        parts = (
            _names(),
            _storage(settings),
            _files(settings),
            _wake_ups(settings),
            _networks(settings, outbound),
            _providers(settings, outbound, meant=providers),
            _issuer(settings, outbound),
        )
        return [finding for part in (*parts, _addresses(settings)) async for finding in part]
    finally:
        await outbound.aclose()


async def _names() -> AsyncIterator[Finding]:
    for line in unknown_settings():
        yield _problem(line)


async def _storage(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with open_services(settings.model_copy(update={"redis_url": None})):
            yield _ok("database and keyring: open, migrated, every key there")
            if lost := await members_out_of_reach():
                yield Finding(
                    State.PROBLEM,
                    f"members: not found by their e-mail address: {', '.join(lost[:_SHOWN])}; add them anew by a good one",
                )
            async for finding in _proxies():
                yield finding
    except ConfigurationError as error:
        yield _problem(error.message)


async def _proxies() -> AsyncIterator[Finding]:
    """Say it of each address that live processes have found in front of them. The database has to be open."""
    found = {process.behind for process in await live_processes(now=SystemClock().now()) if process.behind is not None}
    for address in sorted(found):
        yield _problem(f"all requests come from one private address, {address}: set {advice(address)}")


async def _files(settings: Settings) -> AsyncIterator[Finding]:
    if (file := database_file(settings)) is None:
        return
    for command in open_to_others(file):
        yield Finding(
            State.PROBLEM,
            f"INSTALLED_APPS_DATA_DIR: others than its owner can get at what it holds; set it right with: {command}",
        )


async def _wake_ups(settings: Settings) -> AsyncIterator[Finding]:
    if settings.redis_url is None:
        yield _ok("Redis: none set (one process wakes itself; several look once a second)")
        return
    try:
        client = client_of(settings.redis_url.get_secret_value())
    except ConfigurationError as error:
        yield _problem(error.message)
        return
    try:
        await client.ping()
        yield _ok("Redis: answers")
    except AuthenticationError:
        yield _problem("INSTALLED_APPS_REDIS_URL: Redis does not take the user and password in it. Set them right.")
    except AWAY:
        yield _problem("INSTALLED_APPS_REDIS_URL: Redis does not answer there. Start it, or leave the setting out.")
    finally:
        await client.aclose()


async def _networks(settings: Settings, outbound: Outbound) -> AsyncIterator[Finding]:
    """Say what stands between the service and what it calls."""
    if named := [f"{name}={os.environ[name]}" for name in (CERTIFICATES_FILE, CERTIFICATES_FOLDER) if os.environ.get(name)]:
        make_trust(None)
        yield _ok(f"certificate authorities: {' and '.join(named)}, in place of the system's")
    for rule in settings.allow:
        if rule.plain:
            message = "without TLS: whoever can read the network on the way can read the tokens"
            yield _warning(f"INSTALLED_APPS_OUTBOUND_ALLOW lets {rule.origin} be called {message}")
    if settings.proxy is not None:
        yield await _way_through(settings.proxy, settings, outbound)
    elif os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        yield Finding(
            State.OK,
            "proxy: none set; HTTPS_PROXY counts for commands that report, for the service INSTALLED_APPS_OUTBOUND_PROXY",
        )


async def _way_through(proxy: Proxy, settings: Settings, outbound: Outbound) -> Finding:
    there = _somewhere(settings)
    if there is None:
        return _ok(f"proxy: calls to public addresses go through {proxy.place}")
    host, port = there.host, there.port
    failure = await outbound.try_proxy(host, port)
    if failure is None:
        return _ok(f"proxy: {proxy.place} opens a way to {host}:{port}; calls to public addresses go through it")
    if failure.answers:
        return _ok(f"proxy: calls to public addresses go through {proxy.place}, which answers: {failure.message}")
    return _problem(f"INSTALLED_APPS_OUTBOUND_PROXY: {failure.message}")


def _somewhere(settings: Settings) -> Url | None:
    """Return an address that the service will call: of a provider that is set up, of the issuer, or of what could be set up."""
    set_up = begun(settings)
    ours = [(provider in set_up, getattr(settings, names.url)) for provider, names in OFFERED]
    addresses = [url for is_set_up, url in ours if is_set_up] + [settings.oidc_issuer] + [url for _, url in ours]
    parsed = [parse_url(address) for address in addresses if address is not None]
    return next((url for url in parsed if isinstance(url, Url)), None)


async def _providers(settings: Settings, outbound: Outbound, *, meant: Collection[str] | None) -> AsyncIterator[Finding]:
    for provider in CATALOGUE.values():
        match provider.sign_in.configure(settings) if provider.sign_in is not None else NotConfigured(()):
            case NotConfigured(settings=()):
                if meant is not None and provider.key in meant:
                    theirs = "a client of their own" if provider.sign_in is not None else "what it gave them"
                    yield _ok(f"{provider.name}: nothing to set here, each team's admin stores {theirs}")
            case NotConfigured() if meant is not None and provider.key not in meant and provider not in begun(settings):
                continue
            case NotConfigured(settings=names):
                yield Finding(
                    State.PROBLEM,
                    f"{provider.name}: set {' and '.join(names)} to offer it, or say with --provider which others are meant",
                )
            case client:
                yield await _reach(provider.name, client.base_url, origin=client.origin, outbound=outbound)


async def _reach(name: str, url: str, *, origin: str, outbound: Outbound) -> Finding:
    match await outbound.send(Request(method="GET", url=url), origin=origin):
        case Response():
            return _ok(f"{name}: reached")
        case NotAllowed() as refused:
            return _problem(f"{name}: {refused.message}")
        case failure:
            return _problem(f"{name}: cannot be reached ({failure.message})")


async def _issuer(settings: Settings, outbound: Outbound) -> AsyncIterator[Finding]:
    address = settings.oidc_issuer
    if address is None:
        yield _ok("OIDC: no issuer set (access tokens and sign-in links only)")
        return
    published = Away("its address is none") if isinstance(parse_url(address), OddUrl) else await _look(address, outbound)
    if isinstance(published, Away):
        yield _problem(f"INSTALLED_APPS_OIDC_ISSUER: {published.message.rstrip('.')}.")
        return
    usable = len(published.keys)
    if usable:
        yield _ok(f"OIDC: {address} answers, with {usable} {'key' if usable == 1 else 'keys'} that can be used")
    else:
        yield _problem(f"OIDC: {address} publishes no key with an id for any of {', '.join(sorted(ALGORITHMS))}")
    if settings.oidc_client_id is not None and offers_sign_in(published.metadata):
        yield _ok(f"OIDC: browsers sign in there; the client's redirect URI has to be {redirect_uri_of(settings)}")
    elif settings.oidc_client_id is not None:
        yield Finding(
            State.PROBLEM, f"OIDC: {address} names no authorization and token endpoint that take PKCE with S256: no sign-in there"
        )


async def _look(address: str, outbound: Outbound) -> Published | Away:
    return await look(address, outbound=outbound, now=SystemClock().now())


async def _addresses(settings: Settings) -> AsyncIterator[Finding]:
    if settings.is_loopback:
        yield _ok("INSTALLED_APPS_PUBLIC_URL: loopback, so only this machine's browsers can sign in")
    else:
        yield _ok(f"INSTALLED_APPS_PUBLIC_URL: providers send browsers back to {settings.public_url}/callback/…")


def _ok(line: str) -> Finding:
    return Finding(State.OK, line)


def _warning(line: str) -> Finding:
    return Finding(State.WARNING, line)


def _problem(line: str) -> Finding:
    return Finding(State.PROBLEM, line)
