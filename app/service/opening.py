"""Opening and closing of the services, for a process that serves, works, or runs one command."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from app.clock import Clock, SystemClock
from app.errors import ConfigurationError, DatabaseAway
from app.log.events import Events
from app.log.watcher import Watcher
from app.oidc.issuer import open_issuer
from app.outbound import Outbound, prove_guarded
from app.redis.circuit_breaker import CircuitBreaker
from app.redis.notifications import WakeUps, waking
from app.redis.rate_limits import Rates
from app.sealing.presence import present
from app.sealing.vault import open_vault
from app.service.background import Background
from app.service.reactions import REACTIONS, reactions_of
from app.service.tables import MIGRATIONS, MODELS
from app.services import Services
from app.settings import Settings
from app.storage import database, upgrade
from app.storage.addresses import read_address
from app.storage.outages import PATIENCE, until_done, unusable
from app.telemetry.meters import Meters
from app.telemetry.opening import open_tracing
from app.telemetry.tracing import Tracing
from app.web.proxies import UnnamedProxies
from app.web.stopping import SETTLE_SECONDS, Stopping


@dataclass(frozen=True)
class Process:
    """What this process is for: where it listens, which its own calls never reach, and the sandbox, which they may."""

    listens: tuple[tuple[str, int], ...] = ()
    sandbox: tuple[str, int] | None = None
    works: bool = True
    """Whether it also does the background work."""


@contextlib.asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    process: Process | None = None,
    clock: Clock | None = None,
    background: Background | None = None,
    stopping: Stopping | None = None,
    meters: Meters | None = None,
    proxies: UnnamedProxies | None = None,
) -> AsyncIterator[Services]:
    """Open the database, the vault and the way out, prove that the way out is guarded, and close all of it again.

    Raises ConfigurationError where a setting is wrong, the database is missing or not migrated, or a key does not fit.
    """
    clock = clock or SystemClock()
    meters = meters or Meters()
    watcher = Watcher()

    def wake(team_id: UUID | None) -> None:
        watcher.wake(team_id)
        if background is not None:
            background.wake()

    def behind() -> str | None:
        return proxies.found if proxies is not None else None

    wake_ups = _wake_ups(settings, hear=wake, meters=meters)
    reactions = reactions_of(background.at_once) if background is not None else REACTIONS
    breaker = CircuitBreaker(_redis(settings), installation=settings.public_url)

    def wake_all(team_id: UUID) -> None:
        wake(team_id)
        if wake_ups is not None:
            wake_ups.tell(team_id)

    async with contextlib.AsyncExitStack() as closing:
        await _connect(settings, meters=meters)
        closing.push_async_callback(database.close)
        tracing = open_tracing(settings.traces_url)
        closing.push_async_callback(asyncio.to_thread, tracing.close)
        closing.push_async_callback(breaker.aclose)
        vault = await open_vault(settings.keyring, embedded=database.is_embedded(settings.database), clock=clock)
        outbound = _open_outbound(settings, process=process or Process(), meters=meters, tracing=tracing)
        closing.push_async_callback(outbound.aclose)
        issuer = open_issuer(settings.oidc_issuer, outbound=outbound, clock=clock)
        if issuer is not None:
            closing.push_async_callback(issuer.aclose)
        await prove_guarded(outbound)
        services = Services(
            settings=settings,
            clock=clock,
            entropy=secrets.token_bytes,
            vault=vault,
            outbound=outbound,
            events=Events(clock=clock, reactions=reactions, wake=wake_all, tracing=tracing, quotas=settings),
            watcher=watcher,
            stopping=stopping or Stopping(),
            circuit_breaker=breaker,
            rates=Rates(clock=clock, breaker=breaker),
            issuer=issuer,
            meters=meters,
            tracing=tracing,
        )
        if background is not None:
            # Who works in the background stays; a command is gone before it matters which keys it holds and whom it wakes.
            await closing.enter_async_context(present(vault=vault, clock=clock, behind=behind))
            await closing.enter_async_context(waking(wake_ups))
        closing.push_async_callback(_settle, services)
        yield services


def _open_outbound(settings: Settings, *, process: Process, meters: Meters, tracing: Tracing) -> Outbound:
    return Outbound(
        allow=settings.allow,
        sandbox=process.sandbox,
        own=_own(settings, process),
        proxy=settings.proxy,
        proxies_private=settings.outbound_proxy_private,
        meters=meters,
        tracing=tracing,
    )


async def _settle(services: Services) -> None:
    """Let what is under way at providers end, whoever opened it: a refresh may hold the only valid tokens."""
    await services.single_flight.settle(seconds=services.stopping.left(SETTLE_SECONDS))


@contextlib.asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[None]:
    """Open the database alone, and close it again. Raises ConfigurationError where it is missing or not migrated."""
    await _connect(settings, meters=Meters())
    try:
        yield
    finally:
        await database.close()


async def _connect(settings: Settings, *, meters: Meters) -> None:
    if database.is_embedded(settings.database) and not Path(database.embedded_path(settings.database)).exists():  # noqa: ASYNC240 - at the start
        raise ConfigurationError(
            f"There is no database in {settings.data_dir.resolve()} (INSTALLED_APPS_DATA_DIR): `serve` or `migrate` makes one."
        )
    patience = replace(PATIENCE, note=meters.database_failed)
    connections = settings.database_connections
    await database.connect(settings.database, models=MODELS, patience=patience, connections=connections)
    try:
        pending = partial(upgrade.pending, url=settings.database, models=MODELS, migrations=MIGRATIONS)
        lacking = await until_done(pending, patience=PATIENCE)
    except DatabaseAway as away:
        await database.close()
        raise unusable(away, url=settings.database) from away
    except BaseException:
        await database.close()
        raise
    if lacking:
        await database.close()
        raise ConfigurationError(f"{_named(settings)} is of an older version, or not made yet: run `migrate` first.")


def _named(settings: Settings) -> str:
    if database.is_embedded(settings.database):
        return f"The database {database.embedded_path(settings.database)}"
    return f"The database {read_address(settings.database).shown} that INSTALLED_APPS_DATABASE_URL names"


def _wake_ups(settings: Settings, *, hear: Callable[[UUID | None], None], meters: Meters) -> WakeUps | None:
    url = _redis(settings)
    return WakeUps(url, hear=hear, note=lambda up: meters.redis_is(up=up)) if url is not None else None


def _redis(settings: Settings) -> str | None:
    return settings.redis_url.get_secret_value() if settings.redis_url is not None else None


def _own(settings: Settings, process: Process) -> tuple[tuple[str, int], ...]:
    """Return where this service and what it stands on listen: never to be called."""
    stands_on = [_redis(settings) or "", settings.traces_url or ""]
    ports = {"redis": 6379, "rediss": 6379, "http": 80, "https": 443}
    found = [(parts.hostname, parts.port or ports.get(parts.scheme, 0)) for parts in map(urlsplit, stands_on)]
    proxy = [(settings.proxy.host, settings.proxy.port)] if settings.proxy is not None else []
    return (
        *process.listens,
        *proxy,
        *database.listens(settings.database),
        *((host, port) for host, port in found if host and port),
    )
