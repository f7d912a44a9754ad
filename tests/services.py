"""What every action stands on, for tests: the real thing, but for the clock and whatever else a test holds."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from app.clock import Clock, SystemClock
from app.log.events import Events, Reactions
from app.log.watcher import Watcher
from app.oidc.issuer import open_issuer
from app.outbound import Outbound
from app.sealing.vault import open_vault
from app.services import Services
from app.settings import Settings
from tests import databases
from tests.processes import Service

PUBLIC_URL = "http://127.0.0.1:8000"


def settings_with(**changed: object) -> Settings:
    """Return the defaults with these values, of the right types: nothing is read or checked for each test anew."""
    return _defaults().model_copy(update=changed)


@cache
def _defaults() -> Settings:
    return Settings(public_url=PUBLIC_URL)


@asynccontextmanager
async def make_services(
    *,
    folder: Path,
    clock: Clock,
    reactions: Reactions | None = None,
    settings: Settings | None = None,
    outbound: Outbound | None = None,
    entropy: Callable[[int], bytes] = os.urandom,
) -> AsyncIterator[Services]:
    """Yield the services over the database that is open, with a keyring of its own in `folder`; close the way out at the end."""
    settings = settings or settings_with(data_dir=folder)
    outbound = outbound or Outbound()
    watcher = Watcher(look_every=0.05)
    services = Services(
        settings=settings,
        clock=clock,
        entropy=entropy,
        vault=await open_vault(folder / "keyring.json", embedded=True, clock=clock, entropy=entropy),
        outbound=outbound,
        events=Events(clock=clock, reactions=reactions or {}, wake=watcher.wake, quotas=settings),
        watcher=watcher,
        issuer=open_issuer(settings.oidc_issuer, outbound=outbound, clock=clock),
    )
    yield services
    if services.issuer is not None:
        await services.issuer.aclose()
    await services.outbound.aclose()


@asynccontextmanager
async def services_beside(service: Service) -> AsyncIterator[Services]:
    """Yield the services of a process of our own, beside a service: over its database, with its keyring and settings."""
    settings = Settings(data_dir=service.folder, public_url=service.url)
    async with (
        databases.opened(service.database_url),
        make_services(folder=service.folder, clock=SystemClock(), settings=settings) as services,
    ):
        yield services
