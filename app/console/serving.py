"""Serving: the database brought to this version, then the service, and beside it the sandbox where that is asked for."""

import asyncio
import resource
import socket
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, SecretStr

from app.clock import SystemClock
from app.console import served_at
from app.console.operators import OFFERED, names_of, stood_in_for
from app.console.output import Say
from app.console.sandboxes import place_of_sandbox, sandbox_address, sandbox_origin, start_beside
from app.console.web_server import WebServer, begin_to_listen, bind, configure
from app.console.workers import Workers
from app.errors import ConfigurationError, DatabaseAway, StatedProblem
from app.sandbox.registrations import REGISTRATIONS
from app.service.opening import Process, open_services
from app.service.server import create_app
from app.service.tables import MIGRATIONS, MODELS
from app.services import Services
from app.settings import LOOPBACK_HOSTS, Settings, read_settings
from app.storage import database, upgrade
from app.storage.outages import PATIENCE, until_done, unusable
from app.telemetry.logs import configure_logs
from app.web.stopping import Stopping

_FIRST_MIGRATION = "0001_"
Prepared = Callable[[Settings, Services, Say], Awaitable[None]]


class Serving(BaseModel):
    """How to serve, as the command line has it.

    One of several processes is also told what it has inherited: the listening socket, and its line to the one that started it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    sandbox: bool = False
    sandbox_port: int | None = None
    background: bool = True
    listener: int | None = None
    line: int | None = None


def serve(serving: Serving, *, say: Say, prepared: Prepared | None = None) -> None:
    """Migrate and serve until told to stop; `prepared` is called once, when all opens and the port is this service's.

    Raises ConfigurationError before anything listens when it cannot, and StatedProblem where the port is another's.
    """
    settings = settings_for(serving)
    configure_logs(settings.log_format)
    _raise_open_files()
    sandbox = _place_sandbox(serving, settings) if serving.sandbox else nullcontext()
    with bind(host=serving.host, port=serving.port) as listener, sandbox as of_sandbox:
        asyncio.run(prepare(settings, serving=serving, listener=listener, say=say, prepared=prepared))
        if serving.sandbox:
            _start_sandbox(settings, listener=of_sandbox, say=say)
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


def settings_for(serving: Serving, *, settings: Settings | None = None) -> Settings:
    """Return the settings as this way of serving has them; read from the environment unless they are given.

    Raises ConfigurationError when the sandbox is asked for where others could reach it.
    """
    settings = settings or read_settings()
    changes: dict[str, object] = {}
    if "public_url" not in settings.model_fields_set:
        changes["public_url"] = served_at.own_address(host=serving.host, port=serving.port)
    if serving.sandbox_port is not None:
        changes["sandbox_port"] = serving.sandbox_port
    settings = settings.model_copy(update=changes)
    if not serving.sandbox:
        return settings
    if serving.host not in LOOPBACK_HOSTS or not settings.is_loopback:
        raise ConfigurationError(
            "INSTALLED_APPS_PUBLIC_URL and --host have to be loopback addresses for --sandbox, which is for this machine alone: "
            "docs/trying.md says how to try it in a container or a remote editor."
        )
    return settings.model_copy(update=dict(_sandbox_settings(sandbox_origin(settings))))


def _sandbox_settings(origin: str) -> Iterator[tuple[str, object]]:
    """Yield what the operator would set, were the sandbox the providers themselves."""
    for provider, names in OFFERED:
        registered = REGISTRATIONS.get(provider.key)
        if registered is not None:
            yield names.url, f"{origin}{registered.path}"
            yield names.client_id, registered.client_id
            yield names.client_secret, SecretStr(registered.client_secret)
            if names.signing_secret is not None:
                yield names.signing_secret, SecretStr(registered.signing_secret)


async def prepare(settings: Settings, *, serving: Serving, listener: socket.socket, say: Say, prepared: Prepared | None) -> None:
    """Bring the database to this version and see that everything opens, so that a problem is one line and not a traceback.

    Only then does the service listen and note where, and only then is anybody greeted.
    """
    await migrate(settings, say=say)
    async with open_services(settings, process=_process(serving, settings)) as services:
        begin_to_listen(listener)
        served_at.note(settings)
        if prepared is not None:
            await prepared(settings, services, say)


async def migrate_aloud(settings: Settings, *, say: Say) -> None:
    """Do what `migrate` does, and say what that was."""
    applied: list[str] = []
    await migrate(settings, say=say, note=applied.extend)
    if not applied:
        say("The database is of this version already: nothing was changed.")
    elif applied[0].startswith(_FIRST_MIGRATION):
        say(f"Made the database, with {len(applied)} migrations up to {applied[-1]}.")
    else:
        say(f"Brought the database to this version: {', '.join(applied)}.")


async def migrate(settings: Settings, *, say: Say, note: Callable[[Sequence[str]], None] = lambda _applied: None) -> None:
    """Make or upgrade the database; name the copy that was made of an embedded one, and say what its migrations found.

    `note` is told which migrations those were.
    """
    try:
        now = SystemClock().now()
        migrate = partial(upgrade.migrate, settings.database, models=MODELS, migrations=MIGRATIONS, now=now, say=say, note=note)
        copied = await until_done(migrate, patience=PATIENCE)
    except DatabaseAway as away:
        raise unusable(away, url=settings.database) from away
    except (sqlite3.Error, OSError) as error:
        raise ConfigurationError(f"The database could not be copied before its upgrade: {error}.") from error
    if copied is not None:
        say(f"The database was copied to {copied} before it was upgraded.")


def _command_beside(serving: Serving, listener: int, line: int) -> list[str]:
    inherited = serving.model_copy(update={"listener": listener, "line": line})
    return [sys.executable, "-m", "app", "server-process", inherited.model_dump_json()]


def _web_server(serving: Serving, settings: Settings, *, line: socket.socket | None = None) -> WebServer:
    stopping = Stopping()
    app = create_app(settings, process=_process(serving, settings), stopping=stopping)
    return WebServer(configure(app, settings=settings, host=serving.host, port=serving.port), stopping=stopping, line=line)


def _process(serving: Serving, settings: Settings) -> Process:
    return Process(
        listens=((serving.host, serving.port),),
        sandbox=sandbox_address(settings) if serving.sandbox else None,
        works=serving.background,
    )


def _place_sandbox(serving: Serving, settings: Settings) -> AbstractContextManager[socket.socket | None]:
    try:
        return place_of_sandbox(settings)
    except StatedProblem as taken:
        try:
            bind(host=serving.host, port=serving.port).close()
        except StatedProblem as also:  # told at once: else it is the next start's surprise
            raise StatedProblem(f"{also.message}\n{taken.message}") from taken
        raise


def _start_sandbox(settings: Settings, *, listener: socket.socket | None, say: Say) -> None:
    address = sandbox_origin(settings)
    if listener is None:
        say(f"A sandbox already answers on {address}: using that.")
        return
    start_beside(settings, listener=listener)
    say(f"The sandbox stands in for {names_of(stood_in_for())} on {address}: open it to see what is posted")


def _raise_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def database_file(settings: Settings) -> Path | None:
    """Return the embedded database's file; None where the database is a server."""
    return Path(database.embedded_path(settings.database)) if database.is_embedded(settings.database) else None
