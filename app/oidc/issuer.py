"""The issuer as this process knows it: asked once for what it publishes, and again now and then."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from joserfc.jwk import Key

from app.clock import Clock
from app.errors import ConfigurationError
from app.oidc.compact import Compact
from app.oidc.discovery import Metadata, address_of, parse_metadata
from app.oidc.keys import Keys, parse_keys
from app.outbound import BadAnswer, Endpoint, NotAllowed, OddUrl, Outbound, Request, Response, Unreachable, parse_url
from app.text.json_text import NotJson

FRESH_FOR = timedelta(minutes=10)
ASKED_EVERY = timedelta(minutes=1)
"""How often it is asked at most, however many tokens name keys that nobody knows, and however long the issuer is away."""
KEPT_FOR = timedelta(hours=24)
"""How long its keys count while it is away: nobody is locked out for that, and it can withdraw nothing meanwhile."""

_DEADLINE = 5.0
_LARGEST = 256 * 1024
_OK = 200
_PUBLISHED = Endpoint("oidc", "metadata and keys")


@dataclass(frozen=True)
class Away:
    """There is nothing to go by: the issuer has not been reached, or not for long. `message` says why, for the operator."""

    message: str


@dataclass(frozen=True)
class Published:
    """The issuer's metadata and keys, as it published them at `at`."""

    metadata: Metadata
    keys: Keys
    at: datetime


class Issuer:
    """Opened by being made, in a running service's lifespan; closed by `aclose`. `address` is what tokens name it as `iss`."""

    def __init__(self, address: str, *, outbound: Outbound, clock: Clock) -> None:
        self.address = address
        self._outbound = outbound
        self._clock = clock
        self._published: Published | None = None
        self._why = "it has not been asked yet"
        self._asked_at: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("oidc")

    async def published(self) -> Published | Away:
        """Return what it publishes: of the last ten minutes where it answers, else of the last day."""
        if self._published is None or not self._is_within(FRESH_FOR, self._published.at):
            await self._ask()
        return self._present()

    async def key_of(self, token: Compact) -> Key | Away | None:
        """Return the key that the token names; None where the issuer has none such for its algorithm.

        It may have begun to sign with a new key meanwhile: it is asked, though at most once a minute whatever comes.
        """
        known = await self.published()
        key = known.keys.find(token) if isinstance(known, Published) else None
        if key is None:
            await self._ask()
            known = self._present()
        return known.keys.find(token) if isinstance(known, Published) else known

    async def aclose(self) -> None:
        """Ask nothing any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _present(self) -> Published | Away:
        published = self._published
        return published if published is not None and self._is_within(KEPT_FOR, published.at) else Away(self._why)

    def _is_within(self, span: timedelta, moment: datetime) -> bool:
        # A clock that was set back makes it due: else nothing would be asked until it has come there again.
        return timedelta() <= self._clock.now() - moment < span

    async def _ask(self) -> None:
        """Ask once, whoever else wants that; not again within the minute."""
        if self._asking is None:
            if self._asked_at is not None and self._is_within(ASKED_EVERY, self._asked_at):
                return
            self._asked_at = self._clock.now()
            self._asking = asyncio.create_task(self._look(), name="ask the issuer")
            self._asking.add_done_callback(self._end)
        # A caller that leaves must not take the answer along that others wait for.
        await asyncio.shield(self._asking)

    def _end(self, _: "asyncio.Task[None]") -> None:
        self._asking = None

    async def _look(self) -> None:
        found = await look(self.address, outbound=self._outbound, now=self._clock.now())
        if isinstance(found, Away):
            self._why = found.message
            self._log.warning("the issuer is away", why=found.message, serving_old_keys=isinstance(self._present(), Published))
            return
        self._published = found


def open_issuer(address: str | None, *, outbound: Outbound, clock: Clock) -> Issuer | None:
    """Return the issuer that is set; None where none is. Raises ConfigurationError where nothing can be asked at its address."""
    if address is None:
        return None
    url = parse_url(address)
    if isinstance(url, OddUrl):
        raise ConfigurationError(f"INSTALLED_APPS_OIDC_ISSUER: {url.message}")
    return Issuer(address, outbound=outbound, clock=clock)


async def look(address: str, *, outbound: Outbound, now: datetime) -> Published | Away:
    """Ask an issuer for its metadata, and for its keys where those say."""
    document = await _get(address_of(address), outbound=outbound)
    if isinstance(document, Away):
        return document
    metadata = parse_metadata(document, issuer=address)
    if isinstance(metadata, NotJson):
        return Away(f"what it says at {address_of(address)} cannot be used: {metadata.message}")
    listed = await _get(metadata.jwks_uri, outbound=outbound)
    if isinstance(listed, Away):
        return listed
    keys = parse_keys(listed)
    if isinstance(keys, NotJson):
        return Away(f"its keys at {metadata.jwks_uri} cannot be used: {keys.message}")
    return Published(metadata, keys, now)


async def _get(url: str, *, outbound: Outbound) -> bytes | Away:
    match await outbound.send(Request("GET", url, endpoint=_PUBLISHED), origin=url, deadline=_DEADLINE, max_bytes=_LARGEST):
        case Response(status=status, body=body):
            return body if status == _OK else Away(f"{url} answers with HTTP {status}")
        case NotAllowed(message):
            return Away(message)
        case Unreachable(message=message) | BadAnswer(message=message):
            return Away(message)
