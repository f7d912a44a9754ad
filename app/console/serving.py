"""Serving: the database brought to this version, then the service, and beside it the sandbox where that is asked for."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import orjson
import uvicorn
from pydantic import BaseModel, SecretStr
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from app import database, upgrade
from app.background import Background
from app.clock import SystemClock
from app.errors import ConfigurationError
from app.ground import Ground
from app.logs import configure_logs
from app.sandbox import create_sandbox, slack_app
from app.server import Place, create_app, open_ground
from app.settings import LOOPBACK_HOSTS, Settings, read_settings
from app.tables import MIGRATIONS, MODELS

Say = Callable[[str], None]
Prepared = Callable[[Settings, Ground, Say], Awaitable[None]]

SANDBOX_HOST = "127.0.0.1"
_PLACE = "INSTALLED_APPS_PLACE_OF_WORKER"
_LARGEST_MESSAGE = 1024 * 1024
_GRACE_SECONDS = 10


class Serving(BaseModel):
    """How to serve, as the command line has it; handed to worker processes through their environment."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    sandbox: bool = False
    background: bool = True


def serve(serving: Serving, *, say: Say, prepared: Prepared | None = None) -> None:
    """Migrate and serve until told to stop; `prepared` is called once, when all opens and before anything listens.

    Raises ConfigurationError before anything listens when it cannot.
    """
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    _raise_open_files()
    asyncio.run(prepare(settings, serving=serving, say=say, prepared=prepared))
    if serving.sandbox:
        _start_sandbox(settings, say=say)
    say(f"Serving on {settings.public_url} (Ctrl+C stops it)")
    if serving.workers == 1:
        _Server(_config(serving, create_app(settings, place=_place(serving, settings)))).run()
        return
    os.environ[_PLACE] = serving.model_dump_json()
    config = _config(serving, "app.console.serving:make_worker_app")
    Multiprocess(config, sockets=[config.bind_socket()]).run()


def make_worker_app() -> Starlette:
    """Return the application of one of several worker processes, told by the environment how it serves."""
    serving = Serving.model_validate(orjson.loads(os.environ[_PLACE]))
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    return create_app(settings, place=_place(serving, settings))


def settings_for(serving: Serving) -> Settings:
    """Return the settings as this way of serving has them.

    Raises ConfigurationError when the sandbox is asked for where others could reach it.
    """
    settings = read_settings()
    changes: dict[str, object] = {}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = f"http://127.0.0.1:{serving.port}"
    settings = settings.model_copy(update=changes)
    if not serving.sandbox:
        return settings
    if serving.host not in LOOPBACK_HOSTS or not settings.is_loopback:
        raise ConfigurationError("INSTALLED_APPS_PUBLIC_URL and --host have to be loopback addresses for --sandbox.")
    return settings.model_copy(
        update={
            "slack_client_id": slack_app.CLIENT_ID,
            "slack_client_secret": SecretStr(slack_app.CLIENT_SECRET),
            "slack_signing_secret": SecretStr(slack_app.SIGNING_SECRET),
            "slack_url": f"http://{SANDBOX_HOST}:{settings.sandbox_port}/slack",
        }
    )


async def prepare(settings: Settings, *, serving: Serving, say: Say, prepared: Prepared | None) -> None:
    """Bring the database to this version and see that everything opens, so that a problem is one line and not a traceback."""
    await migrate(settings, say=say)
    async with open_ground(settings, place=_place(serving, settings)) as ground:
        if prepared is not None:
            await prepared(settings, ground, say)


async def migrate(settings: Settings, *, say: Say) -> None:
    """Make or upgrade the database; name the copy that was made of an embedded one."""
    try:
        copied = await upgrade.migrate(settings.database, models=MODELS, migrations=MIGRATIONS, now=SystemClock().now())
    except database.OUTAGES as error:
        raise ConfigurationError(
            f"INSTALLED_APPS_DATABASE_URL: the database cannot be reached ({type(error).__name__})."
        ) from error
    if copied is not None:
        say(f"The database was copied to {copied} before it was upgraded.")


def run_worker(*, sandbox: bool, say: Say) -> None:
    """Do the background work only, until told to stop; `sandbox`: with the one that `serve --sandbox` has started."""
    serving = Serving(sandbox=sandbox)
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    place = Place(sandbox=_place(serving, settings).sandbox)
    asyncio.run(work(settings, say=say, place=place))


async def work(settings: Settings, *, say: Say, place: Place | None = None) -> None:
    """Do the background work until SIGTERM or SIGINT."""
    background = Background()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_ground(settings, place=place, background=background) as ground:
        working = asyncio.create_task(background.run(ground=ground))
        say("Working (Ctrl+C stops it)")
        await stop.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


def run_sandbox(*, port: int, events_url: str | None) -> None:
    """Serve the sandbox alone."""
    app = create_sandbox(clock=SystemClock(), events_url=events_url)
    uvicorn.run(app, host=SANDBOX_HOST, port=port, log_level="warning", server_header=False)


class _Server(uvicorn.Server):
    """Ends with exit code 0 when it was told to stop: uvicorn would end by the same signal once more."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)


def _config(serving: Serving, app: Starlette | str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=serving.host,
        port=serving.port,
        workers=serving.workers,
        loop="uvloop",
        http="httptools",
        ws_max_size=_LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def _place(serving: Serving, settings: Settings) -> Place:
    return Place(
        listens=((serving.host, serving.port),),
        sandbox=(SANDBOX_HOST, settings.sandbox_port) if serving.sandbox else None,
        works=serving.background,
    )


def _start_sandbox(settings: Settings, *, say: Say) -> None:
    address = f"http://{SANDBOX_HOST}:{settings.sandbox_port}"
    if _is_taken(settings.sandbox_port):
        say(f"A sandbox already answers on {address}: using that.")
        return
    app = create_sandbox(clock=SystemClock(), events_url=f"{settings.public_url}/hooks/slack")
    server = uvicorn.Server(
        uvicorn.Config(app, host=SANDBOX_HOST, port=settings.sandbox_port, log_config=None, access_log=False, server_header=False)
    )
    threading.Thread(target=server.run, daemon=True, name="sandbox").start()
    say(f"The sandbox stands in for Slack on {address}")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((SANDBOX_HOST, port))
        except OSError:
            return True
    return False


def _raise_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def say_on_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def database_file(settings: Settings) -> Path | None:
    """Return the embedded database's file; None where the database is a server."""
    return Path(database.embedded_path(settings.database)) if database.is_embedded(settings.database) else None
