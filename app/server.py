"""The service put together: what is shared is opened here, once, and closed here."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app import scraping
from app.access_log import AccessLog
from app.background import Background
from app.clock import Clock, SystemClock
from app.errors import ConfigurationError, DatabaseAway
from app.events import Events
from app.graphql.refusals import Refusals
from app.graphql.view import View
from app.ground import Ground
from app.oidc.issuer import open_issuer
from app.outbound import Outbound, parse_allow, prove_guarded
from app.pages import html, page
from app.presence import present
from app.rates import Rates
from app.reactions import REACTIONS
from app.schema import build_schema
from app.sealing.vault import open_vault
from app.settings import Settings
from app.sharing import Sharing
from app.sign_ins import routes as sign_ins
from app.sign_ins.flights import flights_of
from app.stopping import SETTLE_SECONDS, Stopping
from app.storage import database, upgrade
from app.storage.outages import PATIENCE, RETRY_AFTER, until_done, unusable
from app.tables import MIGRATIONS, MODELS
from app.teams import oidc_routes as oidc_sign_ins, routes as teams
from app.teams.authentication import Authenticator
from app.telemetry.meters import Meters
from app.telemetry.opening import open_tracing
from app.telemetry.tracing import NoTracing, Tracing
from app.wake_ups import WakeUps, waking
from app.watcher import Watcher

READY_SECONDS = 2.0
"""Who asks whether the service is ready asks again soon, and wants an answer before that."""


@dataclass(frozen=True)
class Place:
    """Where this process listens (its own addresses are closed to its own calls), and whether it may reach the sandbox."""

    listens: tuple[tuple[str, int], ...] = ()
    sandbox: tuple[str, int] | None = None
    works: bool = True
    """Whether it also does the background work."""


def create_app(
    settings: Settings, *, place: Place | None = None, clock: Clock | None = None, stopping: Stopping | None = None
) -> Starlette:
    """Return the ASGI application. Nothing is opened before its lifespan begins.

    Whoever serves it tells `stopping` before its lifespan ends, so that listeners can be told all and sent away.
    """
    service = _Service(settings, place=place or Place(), clock=clock or SystemClock(), stopping=stopping or Stopping())
    app = Starlette(lifespan=service.lifespan)
    # A redirect to where a slash fits would repeat the address, which may be a secret, behind whatever Host the request names.
    app.router.redirect_slashes = False
    app.add_middleware(AccessLog, routes=lambda: app.router.routes, meters=service.meters, tracing=lambda: service.tracing)
    app.add_exception_handler(DatabaseAway, _say_away)
    return app


class _Service:
    def __init__(self, settings: Settings, *, place: Place, clock: Clock, stopping: Stopping) -> None:
        self._settings = settings
        self._place = place
        self._clock = clock
        self._stopping = stopping
        self.meters = Meters()
        self.tracing: Tracing = NoTracing()

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        background = Background()
        async with open_ground(
            self._settings,
            place=self._place,
            clock=self._clock,
            background=background,
            stopping=self._stopping,
            meters=self.meters,
        ) as ground:
            self.tracing = ground.tracing
            self.meters.process_started()
            authenticator = Authenticator(ground)
            refusals = Refusals(events=ground.events)
            view = View(
                build_schema(),
                authenticate=authenticator.authenticate,
                ground=ground,
                until=authenticator.until_ended,
                note_refusal=refusals.note,
            )
            app.router.routes[:] = self._routes(view, ground=ground)
            async with _running(ground, background if self._place.works else None):
                yield
            await view.settle(seconds=self._stopping.left(SETTLE_SECONDS))
            await refusals.settle(seconds=self._stopping.left(SETTLE_SECONDS))
            await authenticator.settle()

    def _routes(self, view: View, *, ground: Ground) -> list[BaseRoute]:
        return [
            Route("/", _home),
            *view.routes(),
            *oidc_sign_ins.routes(ground=ground),  # first: /sign-in/oidc is no link's secret
            *teams.routes(ground=ground),
            *sign_ins.routes(ground=ground),
            Route("/healthz", _health),
            Route("/readyz", self._readiness),
            scraping.route(ground=ground),
        ]

    async def _readiness(self, _request: Request) -> Response:
        """Say whether the database answers; that it is migrated and that the keys open was proven when the lifespan began."""
        if self._stopping.is_told:
            return JSONResponse({"ready": False, "why": "The process is stopping."}, status_code=503)
        try:
            async with asyncio.timeout(READY_SECONDS):
                await database.current().execute_query_dict("SELECT 1")
        except (*database.OUTAGES, TimeoutError):
            return JSONResponse({"ready": False, "why": "The database does not answer."}, status_code=503)
        return JSONResponse({"ready": True})


@contextlib.asynccontextmanager
async def open_ground(
    settings: Settings,
    *,
    place: Place | None = None,
    clock: Clock | None = None,
    background: Background | None = None,
    stopping: Stopping | None = None,
    meters: Meters | None = None,
) -> AsyncIterator[Ground]:
    """Open the database, the vault and the way out, prove that the way out is guarded, and close all of it again.

    Raises ConfigurationError where a setting is wrong, the database is missing or not migrated, or a key does not fit.
    """
    here = place or Place()
    clock = clock or SystemClock()
    meters = meters or Meters()
    watcher = Watcher()

    def wake(team_id: UUID | None) -> None:
        watcher.wake(team_id)
        if background is not None:
            background.wake()

    wake_ups = _wake_ups(settings, hear=wake, meters=meters)
    sharing = Sharing(_redis(settings), installation=settings.public_url)

    def wake_all(team_id: UUID) -> None:
        wake(team_id)
        if wake_ups is not None:
            wake_ups.tell(team_id)

    await _connect(settings, meters=meters)
    tracing = open_tracing(settings.traces_url)
    try:
        vault = await open_vault(settings.keyring, embedded=database.is_embedded(settings.database), clock=clock)
        outbound = Outbound(
            allow=parse_allow(settings.outbound_allow),
            sandbox=here.sandbox,
            own=_own(settings, here),
            meters=meters,
            tracing=tracing,
        )
        issuer = open_issuer(settings.oidc_issuer, outbound=outbound, clock=clock)
        try:
            await prove_guarded(outbound)
            ground = Ground(
                settings=settings,
                clock=clock,
                entropy=secrets.token_bytes,
                vault=vault,
                outbound=outbound,
                events=Events(clock=clock, reactions=REACTIONS, wake=wake_all, tracing=tracing),
                watcher=watcher,
                stopping=stopping or Stopping(),
                sharing=sharing,
                rates=Rates(clock=clock, sharing=sharing),
                issuer=issuer,
                meters=meters,
                tracing=tracing,
            )
            async with contextlib.AsyncExitStack() as lasting:
                # Who works in the background stays; a command is gone before it matters which keys it holds and whom it wakes.
                if background is not None:
                    await lasting.enter_async_context(present(vault=vault, clock=clock))
                    await lasting.enter_async_context(waking(wake_ups))
                try:
                    yield ground
                finally:
                    # Whoever opened it, server or worker: a refresh under way may hold the only valid tokens.
                    await flights_of(ground).settle(seconds=ground.stopping.left(SETTLE_SECONDS))
        finally:
            if issuer is not None:
                await issuer.aclose()
            await outbound.aclose()
    finally:
        await sharing.aclose()
        await asyncio.to_thread(tracing.close)
        await database.close()


async def _connect(settings: Settings, *, meters: Meters) -> None:
    if database.is_embedded(settings.database) and not Path(database.embedded_path(settings.database)).exists():  # noqa: ASYNC240 - at the start
        raise ConfigurationError(
            f"There is no database in {settings.data_dir.resolve()} (INSTALLED_APPS_DATA_DIR): `serve` or `migrate` makes one."
        )
    patience = replace(PATIENCE, note=meters.database_failed)
    await database.connect(settings.database, models=MODELS, patience=patience)
    try:
        pending = partial(upgrade.pending, url=settings.database, models=MODELS, migrations=MIGRATIONS)
        lacking = await until_done(pending, patience=PATIENCE)
    except DatabaseAway as away:
        await database.close()
        raise unusable(away) from away
    except BaseException:
        await database.close()
        raise
    if lacking:
        await database.close()
        raise ConfigurationError(
            "The database that INSTALLED_APPS_DATABASE_URL names is of an older version: run `migrate` first."
        )


def _wake_ups(settings: Settings, *, hear: Callable[[UUID | None], None], meters: Meters) -> WakeUps | None:
    url = _redis(settings)
    return WakeUps(url, hear=hear, note=lambda up: meters.redis_is(up=up)) if url is not None else None


def _redis(settings: Settings) -> str | None:
    return settings.redis_url.get_secret_value() if settings.redis_url is not None else None


def _own(settings: Settings, place: Place) -> tuple[tuple[str, int], ...]:
    """Return where this service and what it stands on listen: never to be called."""
    stands_on = [settings.database, _redis(settings) or "", settings.traces_url or ""]
    ports = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "rediss": 6379, "http": 80, "https": 443}
    found = [(parts.hostname, parts.port or ports.get(parts.scheme, 0)) for parts in map(urlsplit, stands_on)]
    return (*place.listens, *((host, port) for host, port in found if host and port))


@contextlib.asynccontextmanager
async def _running(ground: Ground, background: Background | None) -> AsyncIterator[None]:
    watching = [
        asyncio.create_task(ground.watcher.run(), name="watcher"),
        asyncio.create_task(_finish_logs(ground), name="the last look"),
    ]
    working = asyncio.create_task(background.run(ground=ground), name="background") if background is not None else None
    try:
        yield
    finally:
        ground.stopping.tell()
        if working is not None:
            await asyncio.gather(working, return_exceptions=True)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def _finish_logs(ground: Ground) -> None:
    await ground.stopping.told()
    await ground.watcher.finish()


async def _home(_request: Request) -> Response:
    return Response(status_code=303, headers={"location": "/graphql"})


async def _health(_request: Request) -> Response:
    return PlainTextResponse("alive\n")


async def _say_away(_connection: HTTPConnection, error: Exception) -> Response:
    """Answer a page that needed the database. What answers at /graphql says it itself."""
    words = error.message if isinstance(error, DatabaseAway) else ""
    return page("Not now", html("<p>{words}</p>", words=words), status=503, headers=(("Retry-After", RETRY_AFTER),))
