"""GET /metrics: what this process, or all of its kind, have counted, and beside it what the database says at this moment."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.deliveries.backlog import Backlog, look_at_backlog
from app.forecasts.counting import count_forecasts
from app.forecasts.models import ForecastCode
from app.integrations.counting import Tally, tally
from app.services import Services
from app.settings import LOOPBACK_HOSTS
from app.storage import database
from app.telemetry.meters import PREFIX
from app.web.client_address import Network, client_address

KEPT_FOR = timedelta(seconds=10)
"""How long the database's answer is good for: whoever scrapes more often gets the same one."""

ANSWER_SECONDS = 2.0
"""How long a scrape waits for the database: Prometheus gives up after ten seconds in all, unless told otherwise."""

_BY_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_NOBODY = "Metrics are given to who sends METRICS_TOKEN as a bearer token, or, where none is set, to this machine alone.\n"


def route(*, services: Services) -> Route:
    """Return where Prometheus asks. The answer is whole though the database is away: but for what only that knows."""
    present = _Present(services)

    async def scrape(request: Request) -> Response:
        refusal = _refuse(request, services=services)
        if refusal is not None:
            return refusal
        found = _Found(await present.look())
        body = await asyncio.to_thread(services.meters.exposition, found)
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return Route("/metrics", scrape)


def gauges() -> Iterator[tuple[str, str, Sequence[str]]]:
    """Return the name, kind and labels of every gauge that is found when somebody asks."""
    found = _Found(_Rows([Tally("", None, 0)], dict.fromkeys(ForecastCode, 0), Backlog(0, timedelta())))
    for metric in found.collect():
        yield metric.name, metric.type, list(metric.samples[0].labels)


def is_on_this_machine(request: Request, *, trusted: Sequence[Network]) -> bool:
    """Whether the request was sent on this machine to this service: from a loopback address, to a loopback name, by no proxy."""
    if any(name in request.headers for name in _BY_PROXIES) or request.url.hostname not in LOOPBACK_HOSTS:
        return False
    try:
        peer = ip_address(client_address(request, trusted=()))
    except ValueError:  # there is none
        return False
    return peer.is_loopback and not any(peer in network for network in trusted)


def _refuse(request: Request, *, services: Services) -> Response | None:
    setting = services.settings.metrics_token
    token = setting.get_secret_value() if setting is not None else ""
    if not token:
        here = is_on_this_machine(request, trusted=services.settings.trusted_proxies)
        return None if here else PlainTextResponse(_NOBODY, status_code=403)
    given = request.headers.get("authorization", "").encode("latin-1")
    if hmac.compare_digest(given, f"Bearer {token}".encode()):
        return None
    return PlainTextResponse(_NOBODY, status_code=401, headers={"WWW-Authenticate": "Bearer"})


@dataclass(frozen=True)
class _Rows:
    """The figures of the database."""

    integrations: Sequence[Tally]
    forecasts: Mapping[ForecastCode, int]
    backlog: Backlog


class _Present:
    """Asks the database, not more often than every few seconds."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._asking = asyncio.Lock()
        self._rows: _Rows | None = None
        self._good_until: datetime | None = None
        self._log = structlog.get_logger("metrics")

    async def look(self) -> _Rows | None:
        """Return what it says; None where it is away."""
        async with self._asking:
            now = self._services.clock.now()
            if self._good_until is None or not self._good_until - KEPT_FOR <= now < self._good_until:
                self._rows = await self._ask(now)
                self._good_until = now + KEPT_FOR
            return self._rows

    async def _ask(self, now: datetime) -> _Rows | None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return _Rows(await tally(), await count_forecasts(), await look_at_backlog(now=now))
        except (*database.OUTAGES, TimeoutError) as error:
            self._log.warning("gauges are missing: the database does not answer", error=type(error).__name__)
            return None


class _Found(Collector):
    """The gauges of what the database said."""

    def __init__(self, rows: _Rows | None) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        if self._rows is None:
            return
        message = "Integrations that are not deleted, by status and its reason (NONE: it has none)."
        integrations = GaugeMetricFamily(f"{PREFIX}_integrations", message, labels=("status", "reason"))
        for one in self._rows.integrations:
            integrations.add_metric((one.status, one.reason or "NONE"), one.count)
        yield integrations
        message = "Installed apps and integrations whose team was told that they will stop, by cause."
        forecasts = GaugeMetricFamily(f"{PREFIX}_forecasts", message, labels=("code",))
        for code, count in self._rows.forecasts.items():
            forecasts.add_metric((code.value,), count)
        yield forecasts
        late = self._rows.backlog
        yield GaugeMetricFamily(f"{PREFIX}_deliveries_waiting", "Deliveries that wait for an attempt.", late.waiting)
        message = "The age of the oldest delivery that waits; 0 where none does."
        yield GaugeMetricFamily(f"{PREFIX}_oldest_waiting_delivery_seconds", message, late.oldest.total_seconds())
