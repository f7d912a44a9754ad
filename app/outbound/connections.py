"""Connections that only go where the policy lets them: httpcore2's pool, over a network that looks before it connects."""

import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.outbound.addresses import Address, parse_address
from app.outbound.messages import Cause, NotAllowed, Unreachable
from app.outbound.origins import Url
from app.outbound.policy import Policy, describe, judge
from app.outbound.resolver import NoAddress, Resolve, addresses_of, is_of_this_machine

Dial = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]
"""Connects to a numeric address and a port."""

_CONNECT_PATIENCE = 3.0
_ADDRESSES_TRIED = 4
_CONNECTIONS = 100
_IDLE_SECONDS = 5.0
_MOST_CERTIFICATES = 32


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
class Guard:
    """Turns a name into addresses that may be connected to. `own`: hosts and ports where the service's own parts answer."""

    policy: Policy
    own: Sequence[tuple[str, int]]
    resolve: Resolve

    async def permit(self, url: Url) -> tuple[Address, ...]:
        """Return the url's addresses, each of them checked; raises Stopped."""
        addresses = await self._look_up(url.host, url.port)
        denial = judge(self.policy, url, addresses, own=await self._own_addresses(url.port, addresses))
        if denial is not None:
            raise Stopped(NotAllowed(describe(denial, url)))
        return addresses

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
            raise Stopped(Unreachable(Cause.NAME, f"the name {addresses.host} could not be looked up"))
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
        url = Url(scheme=self._scheme, host=host, port=port, target="/")
        failure: Exception = httpcore2.ConnectError()
        for address in (await self._guard.permit(url))[:_ADDRESSES_TRIED]:
            try:
                return _TidyStream(await self._dial(str(address), port))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the library's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("there is no way out through a file")


class _TidyStream(httpcore2.AsyncNetworkStream):
    """Closes its socket also when a TLS handshake is cancelled, which the library's own forgets."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the library's signature
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


@dataclass(frozen=True)
class BadCertificates:
    """What was given is not a list of certificates; `words` say why, to a person."""

    words: str


async def dial(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """Connect over TCP within three seconds."""
    return await httpcore2.AnyIOBackend().connect_tcp(address, port, timeout=_CONNECT_PATIENCE)


def parse_certificates(pem: str) -> str | BadCertificates:
    """Return the certificates in PEM in their one spelling, to be trusted beside the system's; at most 32, and no key."""
    if "PRIVATE KEY" in pem:
        return BadCertificates("it holds a private key; only certificates belong here")
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return BadCertificates("it is not a certificate in PEM form")
    if len(certificates) > _MOST_CERTIFICATES:
        return BadCertificates(f"it holds more than {_MOST_CERTIFICATES} certificates")
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def make_trust(certificates: str | None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities and the certificates; raises ssl.SSLError where they are none."""
    trust = httpcore2.default_ssl_context()
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificates is not None:
        trust.load_verify_locations(cadata=certificates)
        trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server's own or an intermediate certificate is enough
    return trust


def open_pool(scheme: str, *, trust: ssl.SSLContext, guard: Guard, dial: Dial, make: OpenPool) -> httpcore2.AsyncConnectionPool:
    """Return a pool for one origin, over the guarded network."""
    return make(
        ssl_context=trust,
        max_connections=_CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=GuardedNetwork(scheme=scheme, guard=guard, dial=dial),
    )
