"""The service put together: its routes, and the lifespan in which all that is shared is open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app import pages
from app.access.refusals import Refusals
from app.catalogue import routes as catalogue
from app.clock import Clock, SystemClock
from app.errors import DatabaseAway
from app.graphql.execution.executor import BoundedExecutor
from app.graphql.transport.view import View
from app.service import health, metrics as scraping
from app.service.background import Background
from app.service.opening import Process, open_services
from app.service.schema import build_schema
from app.services import Services
from app.settings import Settings
from app.sign_ins import routes as sign_ins
from app.storage.outages import RETRY_AFTER
from app.teams import oidc_routes as oidc_sign_ins, routes as teams
from app.teams.authentication import Authenticator
from app.telemetry.meters import Meters
from app.telemetry.tracing import NoTracing, Tracing
from app.web.access_log import AccessLog
from app.web.applications import Application
from app.web.below import below
from app.web.pages import html, page
from app.web.proxies import UnnamedProxies
from app.web.stopping import SETTLE_SECONDS, Stopping


def create_app(
    settings: Settings,
    *,
    process: Process | None = None,
    clock: Clock | None = None,
    stopping: Stopping | None = None,
    executor: type[BoundedExecutor] = BoundedExecutor,
) -> Starlette:
    """Return the ASGI application, which executes operations by `executor`. Nothing is opened before its lifespan begins.

    Whoever serves it tells `stopping` before its lifespan ends, so that listeners can be told all and sent away.
    """
    service = _Service(
        settings, process=process or Process(), clock=clock or SystemClock(), stopping=stopping or Stopping(), executor=executor
    )
    app = _logged(Application(lifespan=service.lifespan), meters=service.meters, tracing=lambda: service.tracing)
    app.add_middleware(service.proxies.before)
    app.add_middleware(below, path=settings.path)
    app.add_exception_handler(DatabaseAway, _say_away)
    return app


def create_probes(*, services: Services) -> Starlette:
    """Return the ASGI application of a process that serves nobody, only tells whoever looks after it how it is."""
    return _logged(Application(routes=_probes(services)), meters=services.meters, tracing=lambda: services.tracing)


def _logged(app: Starlette, *, meters: Meters, tracing: Callable[[], Tracing]) -> Starlette:
    # A redirect to where a slash fits would repeat the address, which may be a secret, behind whatever Host the request names.
    app.router.redirect_slashes = False
    app.add_middleware(AccessLog, routes=lambda: app.router.routes, meters=meters, tracing=tracing)
    return app


def _probes(services: Services) -> list[Route]:
    return [*health.routes(stopping=services.stopping), scraping.route(services=services)]


class _Service:
    def __init__(
        self, settings: Settings, *, process: Process, clock: Clock, stopping: Stopping, executor: type[BoundedExecutor]
    ) -> None:
        self._settings = settings
        self._executor = executor
        self._process = process
        self._clock = clock
        self._stopping = stopping
        self.meters = Meters()
        self.proxies = UnnamedProxies(trusted=settings.trusted_proxies)
        self.tracing: Tracing = NoTracing()

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        background = Background()
        async with open_services(
            self._settings,
            process=self._process,
            clock=self._clock,
            background=background,
            stopping=self._stopping,
            meters=self.meters,
            proxies=self.proxies,
        ) as services:
            self.tracing = services.tracing
            self.meters.process_started()
            authenticator = Authenticator(services)
            refusals = Refusals(events=services.events)
            view = View(
                build_schema(executor=self._executor),
                authenticate=authenticator.authenticate,
                services=services,
                until=authenticator.until_ended,
                note_refusal=refusals.note,
            )
            app.router.routes[:] = self._routes(view, services=services)
            async with _running(services, background if self._process.works else None):
                yield
            await view.settle(seconds=self._stopping.left(SETTLE_SECONDS))
            await refusals.settle(seconds=self._stopping.left(SETTLE_SECONDS))
            await authenticator.settle()

    def _routes(self, view: View, *, services: Services) -> list[BaseRoute]:
        return [
            *view.routes(),  # first: it is asked most
            *pages.routes(path=services.settings.path, entropy=services.entropy),
            *oidc_sign_ins.routes(services=services),  # first: /sign-in/oidc is no link's secret
            *teams.routes(services=services),
            *sign_ins.routes(services=services),
            *catalogue.routes(),
            *_probes(services),
        ]


@contextlib.asynccontextmanager
async def _running(services: Services, background: Background | None) -> AsyncIterator[None]:
    watching = [
        asyncio.create_task(services.watcher.run(), name="watcher"),
        asyncio.create_task(_finish_logs(services), name="the last look"),
    ]
    working = asyncio.create_task(background.run(services=services), name="background") if background is not None else None
    try:
        yield
    finally:
        services.stopping.tell()
        if working is not None:
            await asyncio.gather(working, return_exceptions=True)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def _finish_logs(services: Services) -> None:
    await services.stopping.told()
    await services.watcher.finish()


async def _say_away(_connection: HTTPConnection, error: Exception) -> Response:
    """Answer a page that needed the database. What answers at /graphql says it itself."""
    message = error.message if isinstance(error, DatabaseAway) else ""
    return page("Not now", html("<p>{message}</p>", message=message), status=503, headers=(("Retry-After", RETRY_AFTER),))
