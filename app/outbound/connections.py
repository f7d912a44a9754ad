"""Connections that only go where the policy lets them: httpcore2's pool, over a network that looks before it connects."""

import ssl
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import httpcore2

from app.outbound.addresses import Address, Reachability, parse_address, reachability_of
from app.outbound.messages import Cause, NotAllowed, Unreachable
from app.outbound.origins import Url
from app.outbound.policy import Denial, Policy, describe, judge, judge_name
from app.outbound.proxies import Proxy
from app.outbound.resolver import NoAddress, Resolve, addresses_of, is_of_this_machine
from app.outbound.tunnels import NoWay, open_way

Dial = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]
"""Connects to a numeric address and a port."""

_NAME_PATIENCE_BESIDE_PROXY = 2.0  # a company's name server may never answer for names outside: the proxy has to have its time
_UNKNOWN_SECONDS = 60.0
_MOST_UNKNOWN = 1000
_ADDRESSES_TRIED = 4
_CONNECTIONS = 100
_IDLE_SECONDS = 5.0


class OpenPool(Protocol):
    """Makes a pool, as `httpcore2.AsyncConnectionPool` does."""

    def __call__(
        self,
        *,
        ssl_context: ssl.SSLContext,
        max_connections: int,
        keepalive_expiry: float,
        network_backend: httpcore2.AsyncNetworkBackend,
    ) -> httpcore2.AsyncConnectionPool: ...


class Stopped(Exception):
    """The network ended the call before anything was connected; `outcome` says how and travels up in this."""

    def __init__(self, outcome: NotAllowed | Unreachable) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


@dataclass(frozen=True)
class Detour:
    """The way through a proxy, which is asked for `host`."""

    proxy: Proxy
    host: str


@dataclass(frozen=True)
class Guard:
    """Turns a name into addresses that may be connected to. `own`: hosts and ports where the service's own parts answer.

    `proxy` leads to what is public, and with `proxies_private` to what is private too, but never to this machine.
    """

    policy: Policy
    own: Sequence[tuple[str, int]]
    resolve: Resolve
    proxy: Proxy | None = None
    proxies_private: bool = False
    now: Callable[[], float] = time.monotonic
    _unknown: OrderedDict[str, float] = field(default_factory=OrderedDict)
    """Until when names that could not be looked up are left to the proxy without another look."""

    async def permit(self, url: Url) -> tuple[Address, ...] | Detour:
        """Return the url's addresses, each of them checked, or how the proxy leads there; raises Stopped."""
        proxy = self.proxy
        addresses = await self._addresses(url)
        if isinstance(addresses, NoAddress):
            if proxy is None or url.scheme == "http":
                raise _nameless(addresses)
            _let(judge_name(self.policy, url, own=[host for host, port in self.own if port == url.port]), url)
            return Detour(proxy, url.host)
        _let(judge(self.policy, url, addresses, own=await self._own_addresses(url.port, addresses)), url)
        if proxy is None or not self._are_behind_proxy(addresses):
            return addresses
        # Without TLS nobody but the address says who is there: the proxy must not look it up once more.
        return Detour(proxy, str(addresses[0]) if url.scheme == "http" else url.host)

    async def proxy_addresses(self, proxy: Proxy) -> tuple[Address, ...]:
        """Return where the proxy is. The operator names it, so it may be anywhere; raises NoWay."""
        addresses = await addresses_of(proxy.host, proxy.port, resolve=self.resolve)
        if isinstance(addresses, NoAddress):
            raise NoWay(f"the name of the proxy, {proxy.host}, could not be looked up")
        return addresses

    async def _addresses(self, url: Url) -> tuple[Address, ...] | NoAddress:
        if self.proxy is None:
            return await addresses_of(url.host, url.port, resolve=self.resolve)
        if self._unknown.get(url.host, 0.0) > self.now():
            return NoAddress(url.host)
        patience = _NAME_PATIENCE_BESIDE_PROXY
        addresses = await addresses_of(url.host, url.port, resolve=self.resolve, patience=patience)
        # What the operator names may be a server inside, whose name is not known for a moment only.
        if isinstance(addresses, NoAddress) and not any(rule.names(url) for rule in self.policy.allow):
            self._unknown[url.host] = self.now() + _UNKNOWN_SECONDS
            self._unknown.move_to_end(url.host)
            if len(self._unknown) > _MOST_UNKNOWN:
                self._unknown.popitem(last=False)
        return addresses

    def _are_behind_proxy(self, addresses: Sequence[Address]) -> bool:
        if any(address.is_loopback for address in addresses):
            return False
        return self.proxies_private or all(reachability_of(address) is Reachability.PUBLIC for address in addresses)

    async def _own_addresses(self, port: int, addresses: Sequence[Address]) -> frozenset[Address]:
        found: set[Address] = set()
        for host in (host for host, taken in self.own if taken == port):
            literal = parse_address(host)
            if literal is not None and literal.is_unspecified:  # it listens on every interface
                found.update(address for address in addresses if is_of_this_machine(address))
            else:
                found.update(await self._look_up(host, port))
        return frozenset(found)

    async def _look_up(self, host: str, port: int) -> tuple[Address, ...]:
        addresses = await addresses_of(host, port, resolve=self.resolve)
        if isinstance(addresses, NoAddress):
            raise _nameless(addresses)
        return addresses


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """The network under one pool: the only way from it to a socket is an address that the guard has checked."""

    def __init__(self, *, scheme: str, guard: Guard, dial: Dial) -> None:
        self._scheme = scheme
        self._guard = guard
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the library's signature
        local_address: str | None = None,  # noqa: ARG002 - as above
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.AsyncNetworkStream:
        way = await self._guard.permit(Url(scheme=self._scheme, host=host, port=port, target="/"))
        if isinstance(way, Detour):
            try:
                return await connect_by(way, port, guard=self._guard, dial=self._dial)
            except NoWay as failure:
                raise Stopped(Unreachable(Cause.PROXY, failure.message)) from failure
        return await _connect(way, port, dial=self._dial)

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("there is no way out through a file")


async def connect_by(detour: Detour, port: int, *, guard: Guard, dial: Dial) -> httpcore2.AsyncNetworkStream:
    """Connect to the server through the proxy, without asking whether it may be reached; raises NoWay."""
    proxy = detour.proxy
    try:
        stream = await _connect(await guard.proxy_addresses(proxy), proxy.port, dial=dial)
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
        raise NoWay(f"the proxy at {proxy.place} could not be connected to") from None
    try:
        await open_way(stream, proxy=proxy, host=detour.host, port=port)
    except BaseException:
        await stream.aclose()
        raise
    return stream


async def _connect(addresses: Sequence[Address], port: int, *, dial: Dial) -> httpcore2.AsyncNetworkStream:
    failure: Exception = httpcore2.ConnectError()
    for address in addresses[:_ADDRESSES_TRIED]:
        try:
            return await dial(str(address), port)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            failure = error
    raise failure


def _let(denial: Denial | None, url: Url) -> None:
    if denial is not None:
        raise Stopped(NotAllowed(describe(denial, url)))


def _nameless(missing: NoAddress) -> Stopped:
    return Stopped(Unreachable(Cause.NAME, f"the name {missing.host} could not be looked up"))


def open_pool(scheme: str, *, trust: ssl.SSLContext, guard: Guard, dial: Dial, make: OpenPool) -> httpcore2.AsyncConnectionPool:
    """Return a pool for one origin, over the guarded network."""
    return make(
        ssl_context=trust,
        max_connections=_CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=GuardedNetwork(scheme=scheme, guard=guard, dial=dial),
    )
