"""Serving: the database brought to this version, then the service, and beside it the sandbox where that is asked for."""

import asyncio
import resource
import socket
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from pydantic import BaseModel, SecretStr

from app.clock import SystemClock
from app.console.web_server import WebServer, configure, listen
from app.console.workers import Workers
from app.errors import ConfigurationError, DatabaseAway
from app.ground import Ground
from app.logs import configure_logs
from app.opening import Place, open_ground
from app.sandbox import create_sandbox, slack_app
from app.server import create_app
from app.settings import LOOPBACK_HOSTS, Settings, read_settings
from app.stopping import Stopping
from app.storage import database, upgrade
from app.storage.outages import PATIENCE, until_done, unusable
from app.tables import MIGRATIONS, MODELS

Say = Callable[[str], None]
Prepared = Callable[[Settings, Ground, Say], Awaitable[None]]

SANDBOX_HOST = "127.0.0.1"


class Serving(BaseModel):
    """How to serve, as the command line has it.

    One of several processes is also told what it has inherited: the listening socket, and its line to the one that started it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    sandbox: bool = False
    background: bool = True
    listener: int | None = None
    line: int | None = None


def serve(serving: Serving, *, say: Say, prepared: Prepared | None = None) -> None:
    """Migrate and serve until told to stop; `prepared` is called once, when all opens and before anything listens.

    Raises ConfigurationError before anything listens when it cannot.
    """
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    _raise_open_files()
    asyncio.run(prepare(settings, serving=serving, say=say, prepared=prepared))
    with listen(host=serving.host, port=serving.port) as listener:
        if serving.sandbox:
            _start_sandbox(settings, say=say)
        say(f"Serving on {settings.public_url} (Ctrl+C stops it)")
        if serving.workers == 1:
            _web_server(serving, settings).run(sockets=[listener])
        else:
            command = partial(_command_beside, serving)
            with TemporaryDirectory(prefix="installed-apps-metrics-") as metrics:
                asyncio.run(Workers(command, count=serving.workers, listener=listener, metrics=Path(metrics)).run())


def serve_beside(serving: Serving) -> None:
    """Serve as one of several processes, over what was inherited from the one that started this."""
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    listener, line = socket.socket(fileno=serving.listener), socket.socket(fileno=serving.line)
    _web_server(serving, settings, line=line).run(sockets=[listener])


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
        migrate = partial(upgrade.migrate, settings.database, models=MODELS, migrations=MIGRATIONS, now=SystemClock().now())
        copied = await until_done(migrate, patience=PATIENCE)
    except DatabaseAway as away:
        raise unusable(away) from away
    except (sqlite3.Error, OSError) as error:
        raise ConfigurationError(f"The database could not be copied before its upgrade: {error}.") from error
    if copied is not None:
        say(f"The database was copied to {copied} before it was upgraded.")


def sandbox_address(settings: Settings) -> tuple[str, int]:
    """Return where the sandbox that `serve --sandbox` starts listens."""
    return SANDBOX_HOST, settings.sandbox_port


def run_sandbox(*, port: int, events_url: str | None) -> None:
    """Serve the sandbox alone."""
    app = create_sandbox(clock=SystemClock(), events_url=events_url)
    uvicorn.run(app, host=SANDBOX_HOST, port=port, log_level="warning", server_header=False)


def _command_beside(serving: Serving, listener: int, line: int) -> list[str]:
    inherited = serving.model_copy(update={"listener": listener, "line": line})
    return [sys.executable, "-m", "app", "server-process", inherited.model_dump_json()]


def _web_server(serving: Serving, settings: Settings, *, line: socket.socket | None = None) -> WebServer:
    stopping = Stopping()
    app = create_app(settings, place=_place(serving, settings), stopping=stopping)
    return WebServer(configure(app, host=serving.host, port=serving.port), stopping=stopping, line=line)


def _place(serving: Serving, settings: Settings) -> Place:
    return Place(
        listens=((serving.host, serving.port),),
        sandbox=sandbox_address(settings) if serving.sandbox else None,
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
