"""The one door for every outgoing call: it goes only where the policy lets it, and takes a secret only home.

It stands on httpcore2, the transport of httpx2, whose pool takes the network as a documented argument: no private name of either
library is touched, and what httpx2's client would add (cookies kept between calls, redirects, proxies that the environment names,
decoding) is not there to be turned off.
"""

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import httpcore2

from app.errors import ConfigurationError
from app.outbound.certificates import make_trust
from app.outbound.connections import (
    Detour,
    Dial,
    Guard,
    OpenPool,
    Stopped,
    connect_by,
    open_pool,
)
from app.outbound.exchanges import exchange, explain
from app.outbound.messages import (
    BadAnswer,
    Cause,
    Endpoint,
    NotAllowed,
    Request,
    Response,
    Unreachable,
    Wire,
    put_on_wire,
)
from app.outbound.origins import OddUrl, Url, parse_url
from app.outbound.patience import within
from app.outbound.policy import AllowRule, Policy
from app.outbound.proxies import Proxy
from app.outbound.resolver import Resolve, SystemResolver
from app.outbound.streams import dial
from app.outbound.tunnels import NoWay
from app.telemetry.meters import Meters
from app.telemetry.tracing import NoTracing, Tracing

Outcome = Response | NotAllowed | Unreachable | BadAnswer

DEADLINE = 10.0
MAX_BYTES = 2 * 1024 * 1024

_POOLS = 256
_PROOF_DEADLINE = 2.0
_PROOF = Endpoint("service", "proof of the guard")
_NEVER_REACHABLE = ("https://169.254.169.254", "https://[fd00:ec2::254]")


@dataclass
class _Pool:
    connections: httpcore2.AsyncConnectionPool
    calls: int = 0


class Sender(Protocol):
    """What calls go out through: the door itself, or what counts them before."""

    async def send(
        self,
        request: Request,
        *,
        origin: str,
        deadline: float = DEADLINE,
        max_bytes: int = MAX_BYTES,
        certificates: str | None = None,
    ) -> Outcome:
        """Make one call, as `Outbound.send` does."""


class Outbound:
    """Sends requests. Opened by being made, in a running service's lifespan; closed by `aclose`.

    `allow`, `sandbox`: see the policy. `own`: (host, port) where the service listens and where its database and Redis answer.
    `proxy`, `proxies_private`: see the guard.
    """

    def __init__(
        self,
        *,
        allow: Sequence[AllowRule] = (),
        sandbox: tuple[str, int] | None = None,
        own: Sequence[tuple[str, int]] = (),
        proxy: Proxy | None = None,
        proxies_private: bool = False,
        resolve: Resolve | None = None,
        dial: Dial = dial,
        make_pool: OpenPool = httpcore2.AsyncConnectionPool,
        meters: Meters | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._meters = meters or Meters()
        self._tracing = tracing or NoTracing()
        policy = Policy(allow=tuple(allow), sandbox=sandbox)
        self._guard = Guard(
            policy=policy, own=tuple(own), resolve=resolve or SystemResolver(), proxy=proxy, proxies_private=proxies_private
        )
        self._dial = dial
        self._make_pool = make_pool
        self._pools: OrderedDict[tuple[str, str | None], _Pool] = OrderedDict()
        self._system_trust: ssl.SSLContext | None = None  # reading the system's authorities takes long

    async def send(
        self,
        request: Request,
        *,
        origin: str,
        deadline: float = DEADLINE,
        max_bytes: int = MAX_BYTES,
        certificates: str | None = None,
    ) -> Outcome:
        """Make one call, once, and return its answer or why there is none, within `deadline` seconds in all.

        Where it is waited for no longer than that (`waiting_until`), it ends sooner.

        `origin` is the one that the request's secrets belong to: with a secret in it, a request to any other raises
        ValueError, as does one that cannot be written down. `certificates` (PEM) are trusted beside the system's, there only.
        """
        called, began = request.endpoint, time.monotonic()
        names = {"installed_apps.provider": called.provider, "installed_apps.endpoint": called.name}
        with self._tracing.span(f"call {called.provider} {called.name}", names) as span:
            outcome = await self._send(request, origin, deadline, max_bytes, certificates)
            span.note({"installed_apps.outcome": _outcome_of(outcome)})
        seconds = time.monotonic() - began
        self._meters.called(provider=called.provider, endpoint=called.name, outcome=_outcome_of(outcome), seconds=seconds)
        return outcome

    async def _send(self, request: Request, origin: str, deadline: float, max_bytes: int, certificates: str | None) -> Outcome:
        home = parse_url(origin)
        if isinstance(home, OddUrl):
            raise ValueError(f"no origin: {home.message}")  # noqa: TRY004 - its spelling is wrong, not its type
        url = parse_url(request.url)
        if isinstance(url, OddUrl):
            return NotAllowed(f"The address cannot be called: {url.message}.")
        wire = put_on_wire(request, url)
        if wire.holds_secret and url.origin != home.origin:
            raise ValueError(f"a secret of {home.origin} was about to go to {url.origin}")
        deadline = within(deadline)
        try:
            async with asyncio.timeout(deadline):
                return await self._exchange(url, wire, max_bytes, certificates if url.origin == home.origin else None)
        except TimeoutError:
            return Unreachable(Cause.TIMEOUT, f"{url.origin} gave no whole answer within {deadline:.2g} seconds")

    async def try_proxy(self, host: str, port: int) -> NoWay | None:
        """Have the proxy open a way to that server, and close it again. Return why it does not; None also without a proxy."""
        if self._guard.proxy is None:
            return None
        try:
            stream = await connect_by(Detour(self._guard.proxy, host), port, guard=self._guard, dial=self._dial)
        except NoWay as failure:
            return failure
        await stream.aclose()
        return None

    async def aclose(self) -> None:
        """Close every connection."""
        pools, self._pools = self._pools, OrderedDict()
        for pool in pools.values():
            await pool.connections.aclose()

    async def _exchange(self, url: Url, wire: Wire, max_bytes: int, certificates: str | None) -> Outcome:
        try:
            async with self._pool(url, certificates) as connections:
                return await exchange(connections, url, wire, max_bytes=max_bytes)
        except Stopped as stopped:
            return stopped.outcome
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.RemoteProtocolError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            return explain(error, url)

    @asynccontextmanager
    async def _pool(self, url: Url, certificates: str | None) -> AsyncIterator[httpcore2.AsyncConnectionPool]:
        key = (url.origin, certificates)
        pool = self._pools.get(key) or _Pool(self._open_pool(url.scheme, certificates))
        self._pools[key] = pool
        self._pools.move_to_end(key)
        pool.calls += 1
        try:
            yield pool.connections
        finally:
            pool.calls -= 1
            await self._close_surplus()

    def _open_pool(self, scheme: str, certificates: str | None) -> httpcore2.AsyncConnectionPool:
        if self._system_trust is None:
            self._system_trust = make_trust(None)
        trust = self._system_trust if certificates is None else make_trust(certificates)
        return open_pool(scheme, trust=trust, guard=self._guard, dial=self._dial, make=self._make_pool)

    async def _close_surplus(self) -> None:
        surplus = len(self._pools) - _POOLS
        for key in [key for key, pool in self._pools.items() if not pool.calls][: max(surplus, 0)]:
            await self._pools.pop(key).connections.aclose()


def _outcome_of(outcome: Outcome) -> str:
    """Return the answer's status, or in a word why there is none."""
    match outcome:
        case Response(status=status):
            return str(status)
        case NotAllowed():
            return "not allowed"
        case Unreachable(cause=cause):
            return cause.value
        case BadAnswer():
            return "bad answer"


async def prove_guarded(outbound: Outbound) -> None:
    """Prove at start that the guard is in the path: raises ConfigurationError unless never-reachable addresses are refused by it.

    Nothing before the pool judges addresses, so a refusal can only come from the network under it; were an upgrade to take that
    away, the call would end in any other way.
    """
    for address in _NEVER_REACHABLE:
        try:
            outcome = await outbound.send(Request("GET", address, endpoint=_PROOF), origin=address, deadline=_PROOF_DEADLINE)
        except ConfigurationError:
            raise
        except Exception as error:
            raise ConfigurationError(f"The guard of outgoing calls does not work with this httpcore2: {error}") from error
        if not isinstance(outcome, NotAllowed):
            raise ConfigurationError(
                "The guard of outgoing calls is not in their path (was httpx2 or httpcore2 changed?): "
                f"a call to {address} was not refused."
            )
